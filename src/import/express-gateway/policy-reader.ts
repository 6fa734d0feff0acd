import type { Draft, DraftPolicy } from '../draft.ts';
import type { ReportWriter } from '../report.ts';
import type { Tree } from './yaml-tree.ts';

/** What a policy is read with. */
export interface PolicyReader {
  readonly draft: Draft;
  readonly report: ReportWriter;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Scopes that the API endpoint asks for. */
  readonly scopes: readonly string[];
}

/** Reads one policy: what it becomes, after what there is to say about it. */
export type ReadPolicy = (
  action: Tree | undefined,
  what: string,
  place: Tree['place'],
  reader: PolicyReader,
) => readonly DraftPolicy[];
