import { trimOws } from './field.ts';

/** What the `Via` lines of a message say. */
export interface ViaSummary {
  /** How many intermediaries the message came through. */
  readonly hops: number;
  /** How many of them bear the pseudonym: one or more means that the message came round in a loop. */
  readonly own: number;
}

/**
 * Counts the hops of a message, and those that bear our name (RFC 9110 §7.6.3).
 *
 * Comments are not read as such: a comment with a comma in it counts as one hop more. So nobody can hide our own
 * entry, which we write without a comment, behind an open parenthesis.
 *
 * @param lines the values of all `Via` lines.
 * @param pseudonym the name under which we add ourselves; compared without regard to case.
 */
export function countVia(lines: readonly string[], pseudonym: string): ViaSummary {
  const name = pseudonym.toLowerCase();
  let hops = 0;
  let own = 0;
  for (const line of lines) {
    for (let start = 0; start <= line.length;) {
      let end = line.indexOf(',', start);
      if (end === -1) end = line.length;
      const element = trimOws(line, start, end);
      start = end + 1;
      if (element === '') continue;
      hops++;
      if (receivedBy(element) === name) own++;
    }
  }
  return { hops, own };
}

/** The second word of `protocol received-by [comment]`, in lower case. */
function receivedBy(element: string): string | undefined {
  return element.split(/[ \t]+/, 2)[1]?.toLowerCase();
}
