import { onOneLine } from './printable.ts';

/** Why nothing could be imported: said in words, with what to do about it. What stands in the source steers no terminal. */
export class ImportFailure extends Error {
  override readonly name = 'ImportFailure';
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(onOneLine(message));
    this.remedy = onOneLine(remedy);
  }
}
