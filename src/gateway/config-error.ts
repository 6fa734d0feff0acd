import type { Mistake } from '../config/mistake.ts';

/** A configuration that cannot be used, with every mistake in it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    const lines = mistakes.map(({ path, found, remedy }) => `${path.join('.')}: ${found}: ${remedy}`);
    super(
      `the configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}\n${lines.join('\n')}`,
    );
    this.mistakes = mistakes;
  }
}
