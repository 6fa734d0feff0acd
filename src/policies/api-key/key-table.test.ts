import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Consumer } from '../../core/exchange.ts';
import { KeyTable, NO_KEY } from './key-table.ts';

/** Digests of which many begin alike, so that they meet in the same slots. */
const digest = fc
  .tuple(fc.constantFrom('\0\0\0\0', '\x01\0\0\0', 'ÿÿÿÿ', 'abcd'), fc.nat(7), fc.constantFrom(4, 17, 31))
  .map(([head, octet, at]) => {
    const rest = Array.from({ length: 28 }, (_, i) => (i + 4 === at ? octet : 0x55));
    return head + String.fromCharCode(...rest);
  });

function digestOf(number: number): string {
  return String.fromCharCode(number & 255, number >>> 8, 7).padEnd(32, 'x');
}

describe('a table of keys', () => {
  it('does what a map does, whatever digests meet in it', () => {
    fc.assert(
      fc.property(
        fc.array(digest, { maxLength: 80 }),
        fc.array(digest),
        fc.nat(80),
        (added, asked, expected) => {
          const model = new Map<string, Consumer>();
          const table = new KeyTable(expected);
          for (const [index, key] of added.entries()) {
            const consumer = { id: `c${index}` };
            assert.equal(table.add(key, table.addConsumer(consumer), 0), model.get(key));
            if (!model.has(key)) model.set(key, consumer);
          }
          assert.equal(table.size, model.size);
          for (const key of [...added, ...asked]) {
            const entry = table.find(key);
            assert.equal(entry === NO_KEY ? undefined : table.consumerOf(entry), model.get(key));
          }
        },
      ),
    );
  });

  it('finds each of many keys, and none beside them', () => {
    const table = new KeyTable();
    const owners = Array.from({ length: 10 }, (_, i) => table.addConsumer({ id: `c${i}` }));
    for (let i = 0; i < 5000; i++) table.add(digestOf(i), owners[i % 10] ?? -1, 0);
    for (let i = 0; i < 5000; i++) assert.equal(table.consumerOf(table.find(digestOf(i))).id, `c${i % 10}`);
    for (let i = 5000; i < 9000; i++) assert.equal(table.find(digestOf(i)), NO_KEY);
  });

  it('has no entry for zeros, for nothing, and for a part of a digest', () => {
    const table = new KeyTable();
    table.add(digestOf(1), table.addConsumer({ id: 'acme' }), 0);
    for (const text of ['', '\0'.repeat(32), '\0'.repeat(31), digestOf(1).slice(0, 31), `${digestOf(1)}x`])
      assert.equal(table.find(text), NO_KEY);
    assert.throws(() => table.consumerOf(NO_KEY), RangeError);
  });

  it('lets a key expire at its second and not before', () => {
    const table = new KeyTable();
    const owner = table.addConsumer({ id: 'acme' });
    table.add(digestOf(1), owner, 1000);
    table.add(digestOf(2), owner, 0);
    const expired = (key: number, now: number): boolean => table.hasExpired(table.find(digestOf(key)), now);
    assert.equal(expired(1, 999_999), false);
    assert.equal(expired(1, 1_000_000), true);
    assert.equal(expired(2, Number.MAX_SAFE_INTEGER), false);
  });

  it('takes less than 70 octets a key', () => {
    const table = new KeyTable(10_000);
    const owner = table.addConsumer({ id: 'acme' });
    for (let i = 0; i < 10_000; i++) table.add(digestOf(i), owner, 0);
    assert.ok(table.byteLength / table.size < 70, `${table.byteLength / table.size}`);
  });
});
