import { formatMistakes, mistakesAsJson } from '../../config/format-mistakes.ts';
import type { Config } from '../../config/schema.ts';
import { configFile } from '../config-file.ts';
import { exitCodes } from '../failure.ts';
import { loadChecked } from '../load.ts';
import type { Terminal } from '../terminal.ts';

/**
 * Lists every mistake in a configuration.
 * @returns the exit code: 1 when there is a mistake.
 * @throws Failure when it is not clear which file is meant.
 */
export async function check(
  terminal: Terminal,
  given: string | undefined,
  options: { readonly json?: true },
): Promise<number> {
  const file = configFile(given, process.cwd());
  const checked = await loadChecked(file);
  if (options.json) {
    const mistakes = checked.ok ? [] : mistakesAsJson(checked.mistakes);
    terminal.out(`${JSON.stringify({ ok: checked.ok, file, mistakes }, null, 2)}\n`);
  } else if (checked.ok) {
    terminal.out(`${terminal.paint('green', '✓')} ${file} has no mistakes: ${contents(checked.config)}.\n`);
  } else {
    terminal.out(formatMistakes(checked.mistakes, { color: terminal.color.out }));
  }
  return checked.ok ? exitCodes.ok : exitCodes.failed;
}

function contents({ routes, upstreams }: Config): string {
  const count = (amount: number, what: string): string => `${amount} ${what}${amount === 1 ? '' : 's'}`;
  return `${count(routes.length, 'route')}, ${count(Object.keys(upstreams).length, 'upstream')}`;
}
