/** How many mistakes of one configuration are reported; more are only counted. */
export const maxFindings = 1000;

/** A mistake, by its place in the document, before it is known which line of which file that is. */
export interface Finding {
  /** The keys and indexes that lead to the value. */
  readonly path: readonly (string | number)[];
  /** Whether it is about the value there (the default) or about its key. */
  readonly at?: 'value' | 'key';
  /** What was found and why it is wrong; without full stop. */
  readonly found: string;
  /** What to write instead; without full stop. */
  readonly remedy: string;
}
