import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { HASH_START, hashStep, SubstringTable } from './substring-table.ts';

function hashOf(text: string): number {
  let hash = HASH_START;
  for (let i = 0; i < text.length; i++) hash = hashStep(hash, text.charCodeAt(i));
  return hash;
}

describe('SubstringTable', () => {
  it('behaves as a Map that is asked for slices', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 6 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 40 }), text, text, text, (keys, before, asked, after) => {
        const table = new SubstringTable<{ key: string }>();
        const map = new Map<string, { key: string }>();
        for (const key of keys) {
          const value = table.getOrAdd(key, () => ({ key }));
          assert.equal(value, map.get(key) ?? value);
          map.set(key, value);
        }
        const whole = before + asked + after;
        const found = table.find(whole, before.length, before.length + asked.length, hashOf(asked));
        assert.equal(found, map.get(asked));
        assert.deepEqual(new Set(table.values()), new Set(map.values()));
        assert.equal(table.longest, Math.max(0, ...keys.map((key) => key.length)));
      }),
      { numRuns: 1000 },
    );
  });

  it('tells keys apart whose hashes are the same', () => {
    // A search over short texts finds two that collide, which the comparison of the text must part.
    const seen = new Map<number, string>();
    let pair: [string, string] | undefined;
    for (let i = 0; pair === undefined && i < 1_000_000; i++) {
      const text = i.toString(36);
      const other = seen.get(hashOf(text));
      if (other !== undefined) pair = [other, text];
      seen.set(hashOf(text), text);
    }
    const [first, second] = pair ?? assert.fail('no collision found');
    const table = new SubstringTable<string>();
    table.getOrAdd(first, () => 'first');
    assert.equal(table.find(second, 0, second.length, hashOf(second)), undefined);
    table.getOrAdd(second, () => 'second');
    assert.equal(table.find(first, 0, first.length, hashOf(first)), 'first');
    assert.equal(table.find(second, 0, second.length, hashOf(second)), 'second');
  });
});
