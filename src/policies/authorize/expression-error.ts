/** A mistake in an expression, seen when a configuration is loaded. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  /** Where it begins in the expression, from 0. */
  readonly at: number;
  /** What to write instead. */
  readonly remedy: string;

  /** @param message what is wrong, without a full stop. */
  constructor(at: number, message: string, remedy: string) {
    super(message);
    this.at = at;
    this.remedy = remedy;
  }

  /** What is wrong and where, for a mistake that is shown beside the place of the whole expression. */
  get found(): string {
    return `${this.message}, at column ${this.at + 1} of the expression`;
  }
}
