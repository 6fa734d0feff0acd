import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadMemory } from './read-memory.ts';

test('only so many sockets at a time get much memory, however many leave and come', () => {
  const memory = new ReadMemory();
  const taken: Buffer[] = [];
  for (let next = memory.large(); next !== undefined; next = memory.large()) taken.push(next);
  assert.ok(taken.length > 0 && taken.length * (taken[0]?.length ?? 0) <= 8 * 1024 * 1024);
  for (const each of taken.splice(0, 2)) memory.leave(each);
  assert.equal(memory.largeInUse, taken.length);
  assert.ok(memory.large());
  assert.ok(memory.large());
  assert.equal(memory.large(), undefined);
});

test('memory of the usual size is not counted', () => {
  const memory = new ReadMemory();
  memory.leave(memory.own());
  memory.leave(memory.shared);
  assert.equal(memory.largeInUse, 0);
});
