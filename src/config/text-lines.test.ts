import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TextLines } from './text-lines.ts';

test('lines and columns count from 1', () => {
  const lines = new TextLines('ab\ncd\r\n\nx');
  assert.deepEqual(
    [0, 2, 3, 5, 7, 8, 99].map((offset) => lines.place(offset)),
    [
      { line: 1, column: 1 },
      { line: 1, column: 3 },
      { line: 2, column: 1 },
      { line: 2, column: 3 },
      { line: 3, column: 1 },
      { line: 4, column: 1 },
      { line: 4, column: 2 },
    ],
  );
});

test('a line comes without its end', () => {
  const lines = new TextLines('ab\ncd\r\n\nx');
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((number) => lines.line(number)),
    ['ab', 'cd', '', 'x', ''],
  );
});

test('the place of an offset is as counting by hand has it', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '\n', '\r\n', 'é') }), fc.nat(50), (text, offset) => {
      const before = text.slice(0, offset).split('\n');
      const expected = { line: before.length, column: (before.at(-1) ?? '').length + 1 };
      assert.deepEqual(new TextLines(text).place(offset), expected);
    }),
  );
});
