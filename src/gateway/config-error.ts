import { mistakeLine } from '../config/format-mistakes.ts';
import type { Mistake } from '../config/mistake.ts';

/** A configuration that cannot be used, with every mistake in it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    super(
      `the configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}\n${mistakes.map(mistakeLine).join('\n')}`,
    );
    this.mistakes = mistakes;
  }
}
