import { isUtf8 } from 'node:buffer';
import { resolve } from 'node:path';
import { fileProblem, type FileProblem, type ReadFile } from './read-file.ts';
import type { FileText } from './substitute.ts';

/** The largest file that a value may be taken from, in bytes. */
const maxBytes = 1024 * 1024;

/** Reads the files that values are taken from. A line end at the end of a file is not part of the value. */
export async function readNamedFiles(
  names: Iterable<string>,
  { folder, readFile }: { readonly folder: string; readonly readFile: ReadFile },
): Promise<{ texts: Map<string, FileText>; files: string[] }> {
  const texts = new Map<string, FileText>();
  const files: string[] = [];
  for (const name of names) {
    if (name === '') continue;
    const path = resolve(folder, name);
    files.push(path);
    texts.set(name, await readValue(path, readFile));
  }
  return { texts, files };
}

async function readValue(path: string, readFile: ReadFile): Promise<{ text: string } | FileProblem> {
  try {
    const bytes = await readFile(path, maxBytes);
    if (bytes.length > maxBytes) return { problem: 'is larger than 1 MB', remedy: 'name a smaller file' };
    if (!isUtf8(bytes)) return { problem: 'is not a text in UTF-8', remedy: 'name a text file' };
    return { text: new TextDecoder().decode(bytes).replace(/\r?\n$/, '') };
  } catch (error) {
    return fileProblem(error);
  }
}
