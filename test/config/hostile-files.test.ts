import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { formatMistakes } from '../../src/config/format-mistakes.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Mistake } from '../../src/config/mistake.ts';
import { builtInPolicies } from '../../src/gateway/built-in-policies.ts';
import { createConfigFolder } from '../kit/config-folder.ts';

/** HARDENING §11, F161 and F162: files that are made to do harm, or by accident. What reads well is in `cases/`. */

const valid = readFileSync(join(import.meta.dirname, 'everything.yaml'), 'utf8');

async function mistakesIn(
  t: TestContext,
  content: string | Uint8Array,
  name = 'waygate.yaml',
): Promise<readonly Mistake[]> {
  const file = createConfigFolder(t).file(name);
  writeFileSync(file, content);
  const result = await loadConfig(file, { policies: builtInPolicies, env: {} });
  assert.ok(!result.ok, 'it was taken for right');
  assert.ok(result.mistakes.length > 0);
  for (const { line, column } of result.mistakes) assert.ok((line ?? 0) >= 1 && (column ?? 0) >= 1);
  assert.ok(formatMistakes(result.mistakes, { color: false }).length < 500_000);
  return result.mistakes;
}

async function onlyMistake(t: TestContext, content: string | Uint8Array, name?: string): Promise<string> {
  const mistakes = await mistakesIn(t, content, name);
  assert.equal(mistakes.length, 1, JSON.stringify(mistakes.slice(0, 3)));
  return mistakes[0]?.found ?? '';
}

test('the configuration that the others are made from is right', async () => {
  const result = await loadConfig(join(import.meta.dirname, 'everything.yaml'), {
    policies: builtInPolicies,
    env: {},
  });
  assert.ok(result.ok, result.ok ? '' : formatMistakes(result.mistakes, { color: false }));
});

describe('F161: a file that is', () => {
  for (const name of ['waygate.yaml', 'waygate.json']) {
    test(`empty (${name})`, async (t) => {
      assert.match(await onlyMistake(t, '', name), /is empty/);
    });
    test(`only white space (${name})`, async (t) => {
      assert.match(await onlyMistake(t, ' \n\n  \n', name), /is empty/);
    });
    test(`a binary (${name})`, async (t) => {
      const bytes = Uint8Array.from({ length: 10_000 }, (_, index) => (index * 7919) % 256);
      await onlyMistake(t, bytes, name);
    });
    test(`in UTF-16 (${name})`, async (t) => {
      assert.match(await onlyMistake(t, Buffer.from(`\ufeff${valid}`, 'utf16le'), name), /UTF-16/);
    });
    test(`cut off in the middle of a character (${name})`, async (t) => {
      assert.match(
        await onlyMistake(t, Buffer.from('{ "via": "é', 'utf8').subarray(0, -1), name),
        /not in UTF-8/,
      );
    });
    test(`50 MB (${name})`, async (t) => {
      const file = createConfigFolder(t).file(name);
      const handle = openSync(file, 'w');
      ftruncateSync(handle, 50 * 1024 * 1024);
      closeSync(handle);
      const result = await loadConfig(file, { policies: builtInPolicies, env: {} });
      assert.match(result.ok ? '' : (result.mistakes[0]?.found ?? ''), /larger than 5 MB/);
    });
  }

  test('10,000 levels of brackets deep', async (t) => {
    assert.match(await onlyMistake(t, '['.repeat(10_000) + ']'.repeat(10_000)), /nested deeper/);
  });
  test('10,000 levels of braces deep', async (t) => {
    assert.match(await onlyMistake(t, '{a: '.repeat(10_000)), /nested deeper/);
  });
  test('10,000 levels of dashes deep', async (t) => {
    assert.match(await onlyMistake(t, `${'- '.repeat(10_000)}x`), /nested deeper/);
  });
  test('1,000 levels of indentation deep', async (t) => {
    const lines = Array.from({ length: 1000 }, (_, index) => `${' '.repeat(index)}a:`);
    assert.match(await onlyMistake(t, lines.join('\n')), /nested deeper/);
  });
  test('1,000 levels of anchors deep', async (t) => {
    const lines = Array.from(
      { length: 1000 },
      (_, index) => `a${index}: &a${index} [${index === 0 ? '' : `*a${index - 1}`}]`,
    );
    await mistakesIn(t, `${lines.join('\n')}\nroutes: *a999\n`);
  });
  test('10,000 levels of JSON deep', async (t) => {
    assert.match(
      await onlyMistake(t, '['.repeat(10_000) + ']'.repeat(10_000), 'waygate.json'),
      /nested deeper/,
    );
  });
  test('a bomb of anchors', async (t) => {
    const lines = Array.from({ length: 30 }, (_, index) => {
      return `a${index}: &a${index} [${Array(9)
        .fill(index === 0 ? 'x' : `*a${index - 1}`)
        .join(', ')}]`;
    });
    assert.match(await onlyMistake(t, `${lines.join('\n')}\nroutes: *a29\n`), /100,000 values/);
  });
  test('5 MB of one bracket', async (t) => {
    assert.match(await onlyMistake(t, '['.repeat(5_000_000)), /nested deeper/);
  });
  test('5 MB in one line', async (t) => {
    assert.match(await onlyMistake(t, `routes: []\nvia: ${'x '.repeat(2_000_000)}`), /is not a token/);
  });
  test('a hundred thousand keys', async (t) => {
    const mistakes = await mistakesIn(
      t,
      Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`).join('\n'),
    );
    assert.equal(mistakes.length, 1000, 'nobody reads a hundred thousand mistakes');
  });
  test('a hundred thousand times the same key', async (t) => {
    const mistakes = await mistakesIn(t, 'via: a\n'.repeat(100_000));
    assert.equal(mistakes.length, 1000);
  });
  test('a hundred thousand tags', async (t) => {
    await mistakesIn(t, '!a '.repeat(100_000));
  });
});

describe('whatever is done to a configuration that is right', () => {
  /** Changes of a few characters, lines swapped and cut: what editors, merges and half-written files leave behind. */
  const edits = fc.array(
    fc.record({
      at: fc.nat(valid.length),
      remove: fc.nat(40),
      insert: fc.oneof(
        fc.constantFrom(
          '',
          '\t',
          '\n',
          ' ',
          ':',
          '- ',
          '{',
          '}',
          '[',
          ']',
          '"',
          "'",
          '#',
          '*a',
          '&a ',
          '!x ',
          '${',
          '${X}',
          '$${',
          '0',
          '-1',
          '1e99',
          'null',
          '~',
          '\0',
          '\r',
          '\ufeff',
          '<<',
          '__proto__: ',
          '|',
          '>',
          '---\n',
          '...',
          '%',
          '@',
          '`',
        ),
        fc.string({ maxLength: 5 }),
      ),
    }),
    { minLength: 1, maxLength: 6 },
  );

  test('there is a configuration or a list of mistakes, and never a throw', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(edits, async (all) => {
        const text = all.reduce(
          (before, { at, remove, insert }) => before.slice(0, at) + insert + before.slice(at + remove),
          valid,
        );
        const result = await loadConfig('/waygate.yaml', {
          policies: builtInPolicies,
          env: {},
          readFile: () => Promise.resolve(new TextEncoder().encode(text)),
        });
        if (result.ok) return;
        refused++;
        for (const { line, column, found, remedy } of result.mistakes) {
          assert.ok((line ?? 0) >= 1 && (column ?? 0) >= 1 && found !== '' && remedy !== '');
        }
        assert.ok(formatMistakes(result.mistakes, { color: true }) !== '');
      }),
      { numRuns: 300 },
    );
    assert.ok(refused > 100, `only ${refused} were refused`);
  });
});
