import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Finding } from '../config/finding.ts';
import { isMapping } from '../config/plain-value.ts';
import type { WrittenExpectations } from './expectations-file.ts';

/**
 * The configuration that a file is about, as seen from the working directory; or why it is not clear which.
 * @param names those of a configuration that need not be said.
 */
export function findConfiguration(
  { file, written }: Pick<WrittenExpectations, 'file' | 'written'>,
  names: readonly string[],
): string | Finding | undefined {
  const folder = dirname(file);
  const given = isMapping(written) ? written['configuration'] : undefined;
  if (given !== undefined) {
    // Of another type, or empty: the schema has said so.
    if (typeof given !== 'string' || given === '') return undefined;
    const path = resolve(folder, given);
    if (!path.includes('\0') && existsSync(path)) return shortName(path);
    const found = `there is no file ${JSON.stringify(shortName(path))}`;
    return { path: ['configuration'], found, remedy: 'write it relative to this file' };
  }
  const there = names.filter((name) => existsSync(join(folder, name)));
  const [first, second] = there;
  if (first !== undefined && second === undefined) return shortName(resolve(folder, first));
  const found =
    first === undefined
      ? `no configuration is named, and none of ${names.join(', ')} is beside this file`
      : `no configuration is named, and there are several beside this file: ${there.join(', ')}`;
  return { path: [], found, remedy: `write configuration: ${first ?? 'and its name'}` };
}

/** Relative to the working directory, unless that leads far away. */
function shortName(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith(join('..', '..')) ? path : short;
}
