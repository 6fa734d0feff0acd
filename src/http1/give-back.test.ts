import assert from 'node:assert/strict';
import { test } from 'node:test';
import { giveBack } from './give-back.ts';

const whole = (length: number): Buffer => Buffer.from(new ArrayBuffer(length));

test('the memory of a whole read is given back at once', () => {
  const chunk = whole(65_536);
  giveBack(chunk);
  assert.equal(chunk.length, 0);
  assert.equal(chunk.buffer.byteLength, 0);
});

test('a part of something larger is left alone, and so is what others share', () => {
  const read = whole(65_536);
  for (const part of [
    read.subarray(0, 65_535),
    read.subarray(1),
    Buffer.from(new SharedArrayBuffer(65_536)),
  ]) {
    const { length } = part;
    giveBack(part);
    assert.equal(part.length, length);
  }
});

test('a small read is left to the garbage collector', () => {
  const chunk = whole(1000);
  giveBack(chunk);
  assert.equal(chunk.length, 1000);
});
