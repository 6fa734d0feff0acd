import { withRemedy } from '../core/remedy.ts';

/** Compiles the source of a regular expression as the router does: anchored at both ends, without flags. */
export function anchored(source: string): RegExp {
  return new RegExp(`^(?:${source})$`);
}

/** What keeps a regular expression from being used, or undefined. */
export function regExpMistake(source: string): string | undefined {
  try {
    anchored(source);
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^Invalid regular expression: .*: /, '') : String(error);
    return withRemedy(
      `the regular expression is not valid: ${reason}`,
      'write a JavaScript regular expression, without slashes around it',
    );
  }
  return undefined;
}
