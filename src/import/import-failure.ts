/** Why nothing could be imported: said in words, with what to do about it. */
export class ImportFailure extends Error {
  override readonly name = 'ImportFailure';
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}
