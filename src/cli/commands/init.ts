import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultFiles } from '../config-file.ts';
import { commandName } from '../command-name.ts';
import { Failure } from '../failure.ts';
import { schemaPath } from '../schema-path.ts';
import { starterFile } from '../starter.ts';
import type { Terminal } from '../terminal.ts';

const file = 'waygate.yaml';

/**
 * Writes a starter file into a folder.
 * @throws Failure when there is one already, unless it is to be replaced.
 */
export function init(terminal: Terminal, directory: string, options: { readonly force?: boolean }): void {
  const other = options.force ? undefined : defaultFiles.find((name) => existsSync(join(directory, name)));
  if (other !== undefined) throw alreadyThere(other);
  try {
    // 'wx' fails when there is a file: nothing can come between looking and writing.
    writeFileSync(join(directory, file), starterFile(schemaPath(directory)), {
      flag: options.force ? 'w' : 'wx',
    });
  } catch (error) {
    throw explained(error as NodeJS.ErrnoException);
  }
  const { paint } = terminal;
  terminal.out(`${paint('green', '✓')} ${file} is written. Next:\n\n`);
  const name = commandName(process.env);
  for (const [command, what] of [
    [`${name} check`, 'lists every mistake in it: none yet'],
    [`${name} explain GET /api/1`, 'says what happens to a request'],
    [`${name} start`, 'starts the gateway on http://localhost:3000'],
  ] as const) {
    terminal.out(`  ${paint('bold', command.padEnd(name.length + 19))}  ${paint('dim', what)}\n`);
  }
}

function explained(error: NodeJS.ErrnoException): Failure {
  if (error.code === 'EEXIST') return alreadyThere(file);
  return new Failure(`${file} cannot be written: ${error.message}.`);
}

function alreadyThere(name: string): Failure {
  const remedy =
    name === file
      ? `To replace it: ${commandName(process.env)} init --force`
      : `To write ${file} all the same: ${commandName(process.env)} init --force`;
  return new Failure(`There is a ${name} here already; it stays as it is.`, remedy);
}
