import type { Draft } from '../draft.ts';
import type { Place, ReportWriter } from '../report.ts';
import { shown, type Said, type Verdict } from './options-plan.ts';
import type { Described } from './recorder/recording.ts';

/** What is said about a call while its options are read. */
export interface OptionsReader {
  readonly draft: Draft;
  readonly report: ReportWriter;
  readonly place: Place | undefined;
  readonly said: Said[];
}

/** Adds a verdict. */
export function say(reader: OptionsReader, subject: string, value: Described, verdict: Verdict): void {
  const place = placeOf(value) ?? reader.place;
  reader.said.push({ subject, value: shown(value), verdict, ...(place !== undefined && { place }) });
}

function placeOf(value: Described): Place | undefined {
  return value.type === 'function' ? value.place : undefined;
}

/** What is shown of a value that may be secret. */
export const hidden: Described = { type: 'other', what: '…', entries: [] };

/** What is shown of a text that is no value of the source as it stands there. */
export function label(what: string): Described {
  return { type: 'other', what, entries: [] };
}
