import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../core/random.ts';
import { isKey, newKey } from './new-key.ts';

test('a new key has 32 random octets, and a checksum by which it is told from what only looks like it', () => {
  const keys = Array.from({ length: 200 }, () => newKey(systemRandom));
  assert.equal(new Set(keys).size, keys.length);
  for (const key of keys) {
    assert.equal(Buffer.from(key.slice(3, 46), 'base64url').length, 32);
    assert.equal(isKey(key), true);
    for (const at of [5, 20, 45, 51]) {
      const changed = key.slice(0, at) + (key[at] === 'A' ? 'B' : 'A') + key.slice(at + 1);
      assert.equal(isKey(changed), false, changed);
    }
    assert.equal(isKey(key.slice(0, -1)), false);
    assert.equal(isKey(`${key}x`), false);
  }
});

test('the same octets make the same key, so that a checksum stays right for ever', () => {
  const zeros = { ...systemRandom, bytes: (size: number) => new Uint8Array(size) };
  assert.equal(newKey(zeros), `wg_${'A'.repeat(43)}1DIX8c`);
});
