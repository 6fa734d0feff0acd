import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { mistakesIn } from '../../src/import/check-draft.ts';
import { finishImport, type FinishedImport, type Imported } from '../../src/import/finish-import.ts';

/** Reads a source into a draft. */
export type Read = (file: string, env: Readonly<Record<string, string>>) => Promise<Imported>;

/** A folder with these files in it, for as long as a test takes. */
export function folderOf(t: TestContext, files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'waygate-import-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

/** Imports a text, and sees that the gateway would start with the result. */
export async function imported(
  t: TestContext,
  read: Read,
  content: string,
): Promise<FinishedImport & { imported: Imported }> {
  const folder = folderOf(t, { source: content });
  return importedFrom(read, folder);
}

/** Imports the file `source` of a folder, and sees that the gateway would start with the result. */
export async function importedFrom(
  read: Read,
  folder: string,
): Promise<FinishedImport & { imported: Imported }> {
  const result = await Promise.resolve().then(() => read(join(folder, 'source'), {}));
  const finished = await finishImport(result, folder, './schema.json', {});
  assert.deepEqual(await mistakesIn(result.draft, folder, {}), [], finished.text);
  return { ...finished, imported: result };
}
