import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slotOf } from './key-slot.ts';

test('a key is in the slot that the specification of Redis Cluster says', () => {
  // CRC-16 of its appendix A, and its examples of tags.
  assert.equal(slotOf('123456789'), 0x31c3);
  assert.equal(slotOf('{user1000}.following'), slotOf('{user1000}.followers'));
  assert.equal(slotOf('foo{{bar}}zap'), slotOf('{bar'));
  assert.equal(slotOf('foo{bar}{zap}'), slotOf('bar'));
  assert.notEqual(slotOf('foo{}{bar}'), slotOf('bar'));
  assert.equal(slotOf(''), 0);
});
