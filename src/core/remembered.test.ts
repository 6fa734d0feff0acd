import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { Remembered } from './remembered.ts';

describe('what is remembered', () => {
  it('holds for its time, and not a moment longer', () => {
    const clock = new FakeClock();
    const memory = new Remembered<string>({ entries: 2 }, clock);
    memory.set('a', 'one', 100);
    memory.set('b', 'two', 0);
    clock.advance(99);
    assert.equal(memory.get('a'), 'one');
    assert.equal(memory.get('b'), undefined);
    clock.advance(1);
    assert.equal(memory.get('a'), undefined);
  });

  it('is bounded in number and in size; what was asked for last stays', () => {
    const memory = new Remembered<string>(
      { entries: 3, octets: 10, sizeOf: ({ length }) => length },
      new FakeClock(),
    );
    for (const key of ['a', 'b', 'c']) memory.set(key, 'x', 1000);
    memory.get('a');
    memory.set('d', 'x', 1000);
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((key) => memory.get(key)),
      ['x', undefined, 'x', 'x'],
    );
    memory.set('e', 'x'.repeat(10), 1000);
    assert.deepEqual(
      ['a', 'c', 'd', 'e'].map((key) => memory.get(key)?.length),
      [undefined, undefined, undefined, 10],
    );
    memory.delete('e');
    assert.equal(memory.get('e'), undefined);
  });
});
