/** A mistake in a configuration, with its place in the file. */
export interface Mistake {
  /** The file, as it was named. */
  readonly file: string;
  /** Counted from 1; undefined where there is no line to point at, as in a file that cannot be read or in TypeScript. */
  readonly line: number | undefined;
  /** Counted from 1, in UTF-16 code units; undefined as the line is. */
  readonly column: number | undefined;
  /** The keys and indexes that lead to the value; empty for the file as a whole. */
  readonly path: readonly (string | number)[];
  /** What was found and why it is wrong, without full stop. Never holds the value of a `${…}`. */
  readonly found: string;
  /** What to write instead, without full stop. */
  readonly remedy: string;
  /** The line itself, with secrets masked; undefined as the line is. */
  readonly excerpt: string | undefined;
}
