import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { documentSchema } from '../../src/expectations/schema/document.ts';
import { waygate, workFolder } from '../kit/waygate-command.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/testing-a-configuration.md'), 'utf8');

test('the examples of the page pass, and print what it says', async (t) => {
  const files = [...page.matchAll(/```yaml\n# (\S+\.yaml)\n([^]*?)```/g)].map(
    ([, name = '', content = '']): [string, string] => [name, content],
  );
  assert.deepEqual(
    files.map(([name]) => name),
    ['waygate.yaml', 'waygate.test.yaml', 'another.waygate.test.yaml'],
  );
  const folder = workFolder(t, Object.fromEntries(files));
  const [, shown = ''] = /```text\n\$ npx waygate test --min-coverage 100\n([^]*?)```/.exec(page) ?? [];
  const { code, out } = await waygate(folder, ['test', 'waygate.test.yaml', '--min-coverage', '100']);
  assert.deepEqual([code, out], [0, shown]);
  const all = await waygate(folder, ['test']);
  assert.equal(all.code, 0, all.out);
});

test('the page names every key that may stand in a file of expectations', () => {
  const schema = JSON.stringify(z.toJSONSchema(documentSchema, { io: 'input', unrepresentable: 'any' }));
  const keys = new Set(
    [...schema.matchAll(/"properties":\{/g)].flatMap(({ index }) => keysAt(schema, index)),
  );
  assert.ok(keys.size >= 25, `${keys.size} keys`);
  for (const key of keys)
    if (key !== '$schema') assert.match(page, new RegExp(`\`[^\`]*\\b${key}\\b[^\`]*\``), key);
});

/** The names in the object that begins behind `"properties":` at an index of a JSON text. */
function keysAt(json: string, index: number): string[] {
  const start = index + '"properties":'.length;
  let depth = 0;
  for (let end = start; end < json.length; end++) {
    if (json[end] === '{') depth++;
    else if (json[end] === '}' && --depth === 0)
      return Object.keys(JSON.parse(json.slice(start, end + 1)) as Record<string, unknown>);
  }
  return [];
}
