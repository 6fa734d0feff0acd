import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foundIn } from './found-in.ts';

const cases = [
  [undefined, 'nothing'],
  [null, 'nothing'],
  [[1], 'a list'],
  [{ a: 1 }, 'keys and values'],
  [() => 1, 'a function'],
  ['a "b"', '"a \\"b\\""'],
  ['two\nlines', '"two\\nlines"'],
  [-1.5, '-1.5'],
  [true, 'true'],
  [10n, '10'],
  [Symbol('s'), 'Symbol(s)'],
] as const;

for (const [value, shown] of cases) {
  test(`shows ${shown}`, () => {
    assert.equal(foundIn(value), shown);
  });
}

test('cuts what is long', () => {
  assert.equal(foundIn('x'.repeat(1000)).length, 61);
});
