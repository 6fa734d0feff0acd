import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { jsonMistake } from './json-source.ts';

/** Texts that are nearly JSON. */
const nearlyJson = fc
  .tuple(
    fc.json(),
    fc.array(
      fc.tuple(
        fc.nat(200),
        fc.constantFrom(
          '',
          '"',
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '\\',
          ' ',
          '1',
          '-',
          'e',
          '.',
          'true',
          '/*x*/',
        ),
      ),
    ),
  )
  .map(([json, edits]) =>
    edits.reduce((text, [at, piece]) => text.slice(0, at) + piece + text.slice(at + 1), json),
  );

describe('jsonMistake', () => {
  test('agrees with JSON.parse on what is JSON', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), nearlyJson, fc.string()), (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        assert.equal(jsonMistake(text) === undefined, isJson, text);
      }),
      { numRuns: 2000 },
    );
  });

  const places: readonly (readonly [text: string, offset: number, found: RegExp])[] = [
    ['', 0, /too early/],
    ['{"a":1,}', 7, /comma stands before the closing \}/],
    ['[1,]', 3, /comma stands before the closing \]/],
    ['{"a" 1}', 5, /colon is missing/],
    ['{"a":1 "b":2}', 7, /comma or \} is missing/],
    ['[1 2]', 3, /comma or \] is missing/],
    ['{a:1}', 1, /double quotes/],
    ["{'a':1}", 1, /double quotes/],
    ['{"a":1}x', 7, /more behind the end/],
    ['// x', 0, /no comments/],
    ['{"a":tru}', 5, /no value/],
    ['["a\nb"]', 1, /not closed/],
    ['["\\x"]', 1, /bad escape/],
    ['[01]', 1, /no value/],
    ['{"a":1', 6, /\} is missing/],
    ['[', 1, /\] is missing/],
  ];
  for (const [text, offset, found] of places) {
    test(`says where and what is wrong with ${JSON.stringify(text)}`, () => {
      const mistake = jsonMistake(text);
      assert.equal(mistake?.offset, offset);
      assert.match(mistake.found, found);
    });
  }

  test('reads a hundred thousand levels without a stack', () => {
    assert.equal(jsonMistake('['.repeat(100_000) + ']'.repeat(100_000)), undefined);
  });

  test('reads a text of five million characters without a stack', () => {
    assert.equal(jsonMistake(`"${'\\n'.repeat(2_500_000)}"`), undefined);
  });
});
