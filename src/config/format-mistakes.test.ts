import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatMistakes, mistakesAsJson } from './format-mistakes.ts';
import type { Mistake } from './mistake.ts';

const mistake: Mistake = {
  file: 'waygate.yaml',
  line: 12,
  column: 7,
  path: ['routes', 0, 'upstrem'],
  found: 'unknown key "upstrem"',
  remedy: 'did you mean "upstream"?',
  excerpt: '    - upstrem: users',
};

const format = (overrides: Partial<Mistake>): string =>
  formatMistakes([{ ...mistake, ...overrides }], { color: false });

describe('formatMistakes', () => {
  test('shows place, mistake, line, caret and remedy', () => {
    assert.equal(
      format({}),
      [
        'waygate.yaml:12:7  unknown key "upstrem"',
        '  12 |     - upstrem: users',
        '     |       ^',
        '     = did you mean "upstream"?',
        '',
        '1 mistake',
        '',
      ].join('\n'),
    );
  });

  test('says how many there are, and nothing when there are none', () => {
    assert.match(
      formatMistakes(
        Array.from({ length: 10 }, () => mistake),
        { color: false },
      ),
      /\n10 mistakes\n$/,
    );
    assert.equal(formatMistakes([], { color: true }), '');
  });

  test('a mistake in a program is placed by its keys', () => {
    const text = format({
      file: 'waygate.config.ts',
      line: undefined,
      column: undefined,
      excerpt: undefined,
      path: ['routes', 0, 'headers', 'x-a'],
    });
    assert.match(
      text,
      /^waygate\.config\.ts: routes\[0\]\.headers\["x-a"\]  unknown key "upstrem"\n {2}= did you mean/,
    );
  });

  test('the caret stands under the place in a long line, and with tabs before it', () => {
    for (const [before, column] of [
      ['x'.repeat(500), 501],
      ['\t\t', 3],
      ['', 1],
    ] as const) {
      const lines = format({ excerpt: `${before}HERE${'y'.repeat(500)}`, column }).split('\n');
      assert.equal(lines[1]?.indexOf('HERE'), lines[2]?.indexOf('^'));
      assert.ok((lines[1] ?? '').length < 120);
    }
  });

  test('colours only when asked to, whatever the stream is', () => {
    assert.ok(!format({}).includes('\u001b'));
    assert.ok(formatMistakes([mistake], { color: true }).includes('\u001b[31m'));
  });

  test('nothing in a file can steer the terminal or turn the text around', () => {
    const evil = '\u001b[2J\u009b31m\u202e\u2066x\r\n';
    const text = format({ found: evil, remedy: evil, excerpt: evil });
    assert.doesNotMatch(text, /[\u001b\u009b\u202e\u2066\r]/);
    assert.equal(text.split('\n').length, 7);
  });
});

test('as JSON, a mistake is what a script needs, without the line', () => {
  const { excerpt: _, ...rest } = mistake;
  assert.deepEqual(mistakesAsJson([mistake]), [rest]);
});
