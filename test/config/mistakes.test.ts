import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatMistakes } from '../../src/config/format-mistakes.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { builtInPolicies } from '../../src/gateway/built-in-policies.ts';

/**
 * Each file in `cases/` is a configuration with mistakes, and the file of that name with `.expected.txt` behind it
 * is what `waygate check` prints. To add one, write the configuration, run this test with UPDATE_EXPECTED=1, and read
 * every message aloud before committing it.
 */
const folder = join(import.meta.dirname, 'cases');
const update = process.env['UPDATE_EXPECTED'] === '1';

/** What `${…}` finds. None of the values may be in a message. */
const env = {
  SECRET: 'hunter2-is-the-password',
  // Stands in files that are not to show it.
  LITERAL: 'hunter2-secret',
  SHORT_SECRET: 'letmein',
  NOT_A_NUMBER: 'ninety-nine',
  NUMBER: '31337',
  PORT_OUT_OF_RANGE: '98765',
  HOST_NAME: 'users.internal.example',
};

const files = readdirSync(folder).filter((name) => /\.(ya?ml|json|[mc]?[tj]s)$/.test(name));

test('there are configurations with mistakes to look at', () => {
  assert.ok(files.length > 50, `only ${files.length}`);
});

for (const name of files) {
  test(`${name}: every mistake is reported, with its place and a remedy`, async () => {
    const result = await loadConfig(join(folder, name), { policies: builtInPolicies, env });
    assert.ok(!result.ok, 'it was taken for right');
    const mistakes = result.mistakes.map((mistake) => ({ ...mistake, file: name }));
    for (const { line, column, found, remedy } of mistakes) {
      if (/\.(ya?ml|json)$/.test(name))
        assert.ok((line ?? 0) >= 1 && (column ?? 0) >= 1, `${found} has no place`);
      assert.match(found, /^[^\n]*[^\s.]$/, 'a mistake is one line without full stop');
      assert.match(remedy, /^[^\n]*[^\s.]$/, 'a remedy is one line without full stop');
    }
    const text = formatMistakes(mistakes, { color: false });
    for (const [variable, value] of Object.entries(env))
      assert.ok(!text.includes(value), `${variable} is shown`);
    const expected = join(folder, `${name}.expected.txt`);
    if (update) writeFileSync(expected, text);
    assert.equal(text, existsSync(expected) ? readFileSync(expected, 'utf8') : '');
  });
}
