/** How the command ends; `docs/cli.md` lists them. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 } as const;

/** A failure that the user can do something about: said in words, without a stack. */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** What to do about it. */
  readonly remedy: string | undefined;
  readonly exitCode: number;

  constructor(message: string, remedy?: string, exitCode: number = exitCodes.failed) {
    super(message);
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}
