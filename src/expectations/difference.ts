import { matchesText, textMatchAsWritten, type TextMatch } from './schema/text-match.ts';

/** Something that came out otherwise than expected. */
export interface Difference {
  /** Where in `expect`: the keys that lead to it. */
  readonly path: readonly (string | number)[];
  /** What was expected, as it stands in the file; undefined for nothing. */
  readonly expected: string | undefined;
  /** What came instead; undefined for nothing. */
  readonly found: string | undefined;
}

/** The difference between a text and what it must be: none, or one. */
export function compareText(
  match: TextMatch | undefined,
  found: string | undefined,
  path: Difference['path'],
): Difference[] {
  if (match === undefined || matchesText(match, found)) return [];
  return [{ path, expected: match.type === 'absent' ? undefined : textMatchAsWritten(match), found }];
}
