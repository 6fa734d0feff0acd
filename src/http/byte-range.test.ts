import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { contentRange, parseContentRange, parseRange, resolveRange } from './byte-range.ts';

describe('parseRange', () => {
  it('reads one part in bytes (RFC 9110 §14.1.2)', () => {
    assert.deepEqual(parseRange('bytes=0-4'), { kind: 'from', first: 0, last: 4 });
    assert.deepEqual(parseRange('Bytes=5-'), { kind: 'from', first: 5, last: undefined });
    assert.deepEqual(parseRange('bytes=-5'), { kind: 'suffix', length: 5 });
    assert.deepEqual(parseRange('bytes= 7-7\t'), { kind: 'from', first: 7, last: 7 });
  });

  it('ignores what asks for something else, or for nothing', () => {
    for (const value of [
      ...[
        '',
        'bytes',
        'bytes=',
        'bytes=-',
        'bytes=1',
        'bytes=a-b',
        'bytes=1-a',
        'bytes=+1-2',
        'bytes=1.0-2',
        'bytes=4-3',
      ],
      ...[
        'bytes=0-1,3-4',
        'bytes=0-1, ',
        'items=0-4',
        'bytes =0-4',
        'bytes=--1',
        'x bytes=0-4',
        `bytes=0-${'9'.repeat(16)}`,
      ],
    ])
      assert.equal(parseRange(value), undefined, value);
  });
});

describe('resolveRange', () => {
  it('is within the representation, or nothing', () => {
    assert.deepEqual(resolveRange({ kind: 'from', first: 2, last: 99 }, 10), { first: 2, last: 9 });
    assert.deepEqual(resolveRange({ kind: 'from', first: 2, last: undefined }, 10), { first: 2, last: 9 });
    assert.deepEqual(resolveRange({ kind: 'suffix', length: 99 }, 10), { first: 0, last: 9 });
    assert.deepEqual(resolveRange({ kind: 'suffix', length: 1 }, 10), { first: 9, last: 9 });
    assert.equal(resolveRange({ kind: 'suffix', length: 0 }, 10), undefined);
    assert.equal(resolveRange({ kind: 'from', first: 10, last: undefined }, 10), undefined);
    assert.equal(resolveRange({ kind: 'suffix', length: 1 }, 0), undefined);
  });

  it('names the octets that Array.slice gives', () => {
    const body = Array.from({ length: 10 }, (_, i) => i);
    const edge = fc.option(fc.nat(12), { nil: undefined });
    fc.assert(
      fc.property(edge, edge, fc.nat(10), (from, to, length) => {
        const asked = parseRange(`bytes=${from ?? ''}-${to ?? ''}`);
        const all = body.slice(0, length);
        let wanted: number[] = [];
        if (from !== undefined) wanted = all.slice(from, to === undefined ? undefined : to + 1);
        else if (to !== undefined && to > 0) wanted = all.slice(-to);
        if (asked === undefined) return;
        const range = resolveRange(asked, length);
        assert.deepEqual(range === undefined ? [] : all.slice(range.first, range.last + 1), wanted);
      }),
    );
  });
});

describe('parseContentRange', () => {
  it('reads what contentRange writes', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (first, more, rest) => {
        const range = { first, last: first + more };
        const length = range.last + 1 + rest;
        assert.deepEqual(parseContentRange(contentRange(range, length)), { ...range, length });
      }),
    );
  });

  it('refuses what is none, or contradicts itself (RFC 9110 §14.4)', () => {
    for (const value of [
      ...['', 'bytes 0-4', 'bytes 0-4/*', 'bytes */10', 'bytes 4-3/10', 'bytes 0-10/10', 'bytes=0-4/10'],
      ...['items 0-4/10', 'bytes -4/10', 'bytes 0-4/10, bytes 5-9/10', `bytes 0-4/${'9'.repeat(16)}`],
    ])
      assert.equal(parseContentRange(value), undefined, value);
  });
});

describe('both', () => {
  it('never throw, and read in one pass', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        parseRange(text);
        parseRange(`bytes=${text}`);
        parseContentRange(`bytes ${text}`);
      }),
    );
    for (const piece of [' ', '1', '-', '1-', ' -']) {
      parseRange(`bytes=${piece.repeat(400_000)}x`);
      parseContentRange(`bytes ${piece.repeat(400_000)}x`);
    }
  });
});
