import { readFileSync, statSync } from 'node:fs';
import { ImportFailure } from './import-failure.ts';

/**
 * Reads a file that is to be imported, as a text.
 * @throws ImportFailure when there is none, when it is too large, or when it is no text.
 */
export function readSourceText(file: string, maxBytes: number): string {
  let bytes: Buffer;
  try {
    const stat = statSync(file);
    if (!stat.isFile())
      throw new ImportFailure(`${file} is not a file.`, 'Name the file with the configuration.');
    if (stat.size > maxBytes)
      throw new ImportFailure(
        `${file} has ${stat.size} octets, more than the ${maxBytes} that are read.`,
        'Name the configuration itself, or cut it into parts.',
      );
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof ImportFailure) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new ImportFailure(`There is no file ${file}.`, 'Name the file to import.');
    throw new ImportFailure(`${file} cannot be read: ${message}.`, 'See that this user may read it.');
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Said below.
  }
  throw new ImportFailure(`${file} is no text in UTF-8.`, 'Name the configuration itself.');
}
