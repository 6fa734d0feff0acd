import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const table = join(root, '../shared/HARDENING.md');
const skip = !existsSync(table) && 'needs ../shared/HARDENING.md beside the project';

/** The numbers of rows that a text names: F1, and the whole range of F27–F38. */
function rowsIn(text: string): Set<number> {
  const rows = new Set<number>();
  for (const [, from = '', to = from] of text.matchAll(/\bF(\d{1,3})(?:[–-]F(\d{1,3}))?\b/g)) {
    for (let row = Number(from); row <= Number(to); row++) rows.add(row);
  }
  return rows;
}

/** The rows that the titles of tests name. */
function testedRows(): Set<number> {
  const files = ['src', 'test', 'examples'].flatMap((folder) => testsBelow(join(root, folder)));
  assert.ok(files.length > 50, 'the tests are there');
  const titles = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\b(?:test|it|describe)\(\s*[`'"]([^\n]*)/g)].map(
      (match) => match[1] ?? '',
    ),
  );
  return new Set(titles.flatMap((title) => [...rowsIn(title)]));
}

function testsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : testsBelow(join(folder, entry.name));
    return entry.name.endsWith('.test.ts') ? [join(folder, entry.name)] : [];
  });
}

test('every row of the hardening table has a test named after it, or waits for something', { skip }, () => {
  const rows = [...readFileSync(table, 'utf8').matchAll(/^\| F(\d+) \|/gm)].map((match) => Number(match[1]));
  assert.ok(rows.length > 100, `${rows.length} rows`);
  const tested = testedRows();
  const waiting = rowsIn(
    readFileSync(join(root, 'docs/hardening-waiting.md'), 'utf8').replace(/^[^|].*$/gm, ''),
  );
  const missing = rows.filter((row) => !tested.has(row) && !waiting.has(row)).map((row) => `F${row}`);
  assert.deepEqual(missing, []);
});
