import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseDictionary as parseAsTheyDo } from 'structured-headers';
import { parseDictionary } from './structured-dictionary.ts';

const read = (...lines: string[]): Record<string, unknown> | undefined => {
  const members = parseDictionary(lines);
  return members === undefined ? undefined : Object.fromEntries(members);
};

/** Whether another implementation takes it for a dictionary, and what keys it has then. */
function keysOfTheirs(text: string): string[] | undefined {
  try {
    return [...parseAsTheyDo(text).keys()];
  } catch {
    return undefined;
  }
}

describe('parseDictionary', () => {
  it('reads keys with items, and keys alone', () => {
    assert.deepEqual(read('a, b=1, c="x", d=tok, e=?0, f=-2, g=1.5, h=:YQ==:, i=@3'), {
      ...{ a: true, b: 1, c: '"x"', d: 'tok', e: false, f: -2, g: '1.5', h: ':YQ==:', i: '@3' },
    });
    assert.deepEqual(read(''), {});
  });

  it('takes several lines for one, and the last of a key', () => {
    assert.deepEqual(read('a=1, b', 'a=2'), { a: 2, b: true });
  });

  it('passes over parameters', () => {
    assert.deepEqual(read('a;x;y=1, b=2; z="q", c=(1 2;k  "x");p'), { a: true, b: 2, c: '( 1 2 "x")' });
  });

  it('refuses the whole for one mistake (RFC 9651 §4.2)', () => {
    for (const text of [
      ...[
        'A',
        'a,',
        ',a',
        'a,,b',
        'a=',
        'a b',
        'a=1 2',
        'a=1.',
        'a=1.2345',
        'a=1234567890123456',
        '&&',
        '1',
        'a;',
        'a;X',
      ],
      ...['a="x', 'a="\\x"', 'a=(1 2', 'a=(1"x")', 'a=?2', 'a=é', '\ta', 'a=%"%zz"', 'max-age=60; X'],
    ])
      assert.equal(read(text), undefined, text);
  });

  it('takes for one what another implementation takes for one', () => {
    const piece = fc.constantFrom(
      ...[
        'a',
        'B',
        'max-age',
        '*',
        '=',
        '=',
        ',',
        ', ',
        ';',
        ' ',
        '\t',
        '1',
        '60',
        '-1',
        '1.5',
        '"',
        '"x"',
        '\\',
      ],
      ...['?1', '?', '(', ')', 'tok', ':', '&', '@1', '.'],
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
      fc.string({ unit: 'grapheme-ascii', maxLength: 8 }),
    );
    fc.assert(
      fc.property(text, (line) => {
        // Whether octets are base64 as it should be is of no use to us.
        fc.pre(!line.includes(':'));
        const ours = parseDictionary([line]);
        const theirs = keysOfTheirs(line);
        assert.deepEqual(ours === undefined ? undefined : [...ours.keys()].toSorted(), theirs?.toSorted());
      }),
      { numRuns: 3000 },
    );
  });

  it('reads in one pass, and never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary-ascii' }), (text) => void parseDictionary([text])));
    for (const first of ['a=', 'a=(', 'a="', 'a;'])
      for (const piece of ['a', 'a ', '1', '"', '\\"', ';a', ';a=1', ' ', ',a', '(', 'a=1,'])
        parseDictionary([`${first}${piece.repeat(200_000)}!`]);
  });
});
