import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { commandName } from './command-name.ts';
import { Failure } from './failure.ts';

/** The names of a configuration that need not be said. */
export const defaultFiles = [
  'waygate.config.ts',
  'waygate.config.mts',
  'waygate.yaml',
  'waygate.yml',
  'waygate.json',
] as const;

/**
 * The configuration file that a command is about: the one given, or the only one there is.
 * @throws Failure when none is given and there is none here, or more than one.
 */
export function configFile(given: string | undefined, directory: string): string {
  if (given !== undefined) return given;
  const found = defaultFiles.filter((name) => existsSync(join(directory, name)));
  const [first, second] = found;
  if (first === undefined) {
    throw new Failure(
      `There is no configuration in ${directory}: none of ${defaultFiles.join(', ')}.`,
      `Name a file, or write one to begin with: ${commandName(process.env)} init`,
    );
  }
  if (second !== undefined) {
    throw new Failure(
      `There are ${found.length} configurations in ${directory}: ${found.join(', ')}.`,
      `Say which one, for example: ${first}`,
    );
  }
  return first;
}
