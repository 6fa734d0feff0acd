import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeSource, maxFileBytes } from './source-text.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('decodeSource', () => {
  test('reads UTF-8, with a byte order mark or without', () => {
    assert.deepEqual(decodeSource(bytes('via: "é€😀"')), { ok: true, text: 'via: "é€😀"' });
    assert.deepEqual(decodeSource(bytes('\ufeffvia: a')), { ok: true, text: 'via: a' });
  });

  const refused: readonly (readonly [
    name: string,
    content: Uint8Array,
    line: number,
    column: number,
    found: RegExp,
  ])[] = [
    ['UTF-16, little endian', Uint8Array.from([0xff, 0xfe, 0x61, 0]), 1, 1, /UTF-16/],
    ['UTF-16, big endian', Uint8Array.from([0xfe, 0xff, 0, 0x61]), 1, 1, /UTF-16/],
    ['UTF-16 without a byte order mark', Uint8Array.from([0x61, 0, 0x62, 0]), 1, 2, /not a text/],
    ['an ELF binary', Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]), 1, 8, /not a text/],
    ['Latin-1', Uint8Array.from([...bytes('a: b\nc: caf'), 0xe9, 0x0a]), 2, 7, /not in UTF-8/],
    ['an overlong form', Uint8Array.from([0x61, 0xc0, 0xaf]), 1, 2, /not in UTF-8/],
    ['a surrogate', Uint8Array.from([0xed, 0xa0, 0x80]), 1, 1, /not in UTF-8/],
    [
      'a character that is cut off at the end',
      Uint8Array.from([0x61, 0x0a, 0xe2, 0x82]),
      2,
      1,
      /not in UTF-8/,
    ],
    ['a control character', bytes('a: b\n  c: \u001bd'), 2, 6, /U\+001B/],
    ['DEL', bytes('\u007f'), 1, 1, /U\+007F/],
    ['lone carriage returns', bytes('a: b\rc: d'), 1, 5, /lone carriage return/],
  ];
  for (const [name, content, line, column, found] of refused) {
    test(`refuses ${name}, and says where`, () => {
      const source = decodeSource(content);
      assert.ok(!source.ok);
      assert.match(source.found, found);
      assert.deepEqual([source.line, source.column], [line, column]);
    });
  }

  test('refuses more than 5 MB, and takes exactly that', () => {
    assert.ok(decodeSource(new Uint8Array(maxFileBytes).fill(0x20)).ok);
    assert.ok(!decodeSource(new Uint8Array(maxFileBytes + 1).fill(0x20)).ok);
  });

  test('finds the first bad byte behind characters of several bytes', () => {
    for (let length = 0; length < 40; length++) {
      const content = Uint8Array.from([
        ...bytes(`${'x'.repeat(length)}😀é€`),
        0xff,
        ...bytes('😀'.repeat(20)),
      ]);
      const source = decodeSource(content);
      assert.ok(!source.ok);
      assert.equal(source.column, length + 5);
    }
  });

  test('finds the first bad byte wherever it is', () => {
    for (let at = 0; at < 300; at++) {
      const content = new Uint8Array(300).fill(0x61);
      content[at] = 0xff;
      const source = decodeSource(content);
      assert.ok(!source.ok);
      assert.equal(source.column, at + 1);
    }
  });
});
