import assert from 'node:assert/strict';
import { it } from 'node:test';
import { KeyHash } from './key-hash.ts';

/** From the vectors of the reference implementation: the key is the octets 0 to 7, the input so many octets from 0 on. */
const vectors: readonly (readonly [octets: number, hash: string])[] = [
  [0, '218d1f59b9b83cc8'],
  [2, '064f39ef7c50eb57'],
  [4, 'd5e78a175be52ea1'],
  [6, 'ce3e91358aa2bc25'],
  [8, 'edfee820bce4858c'],
  [10, '95b0469f06a6f2ee'],
  [12, '7bc71f9faef5c799'],
  [14, '3bb1a870eae8e658'],
  [16, '7336aad25f7bf3b5'],
];

it('hashes text as HalfSipHash-2-4 does its octets in UTF-16', () => {
  const keyHash = new KeyHash(0x03020100, 0x07060504);
  for (const [octets, expected] of vectors) {
    const input = Buffer.from(Array.from({ length: octets }, (_, i) => i));
    keyHash.hash(input.toString('utf16le'));
    const output = Buffer.alloc(8);
    output.writeUInt32LE(keyHash.low, 0);
    output.writeUInt32LE(keyHash.high, 4);
    assert.equal(output.toString('hex'), expected, `${octets} octets`);
  }
});

it('tells texts apart whose ends are alike, whatever they are made of', () => {
  const keyHash = new KeyHash(1, 2);
  const seen = new Set<string>();
  const texts = [
    '',
    '\0',
    '\0\0',
    'a',
    'a\0',
    '\0a',
    'aa',
    'é',
    'e',
    '\ud83d',
    '\ud83d\ude00',
    'a'.repeat(127),
    'a'.repeat(128),
  ];
  for (const text of texts) {
    keyHash.hash(text);
    seen.add(`${keyHash.low} ${keyHash.high}`);
  }
  assert.equal(seen.size, texts.length);
});
