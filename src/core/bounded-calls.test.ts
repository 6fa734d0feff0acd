import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { BoundedCalls } from './bounded-calls.ts';

/** Calls that end when the test says so. */
function scene(inFlight: number, timeout = 1000) {
  const clock = new FakeClock();
  const calls = new BoundedCalls<number>({ inFlight, timeout }, clock);
  const underWay: { left: number; end: PromiseWithResolvers<number> }[] = [];
  const call = (left: number): Promise<number> => {
    const end = Promise.withResolvers<number>();
    underWay.push({ left, end });
    return end.promise;
  };
  const ask = (key?: string): Promise<number> => calls.ask(key, call);
  return { clock, underWay, ask };
}

describe('calls to a service', () => {
  it('are shared by those who ask the same while it is under way, and by nobody after that', async () => {
    const { underWay, ask } = scene(10);
    const same = [ask('a'), ask('a'), ask('a')];
    const others = [ask('b'), ask(), ask()];
    assert.equal(underWay.length, 4);
    for (const [index, { end }] of underWay.entries()) end.resolve(index);
    assert.deepEqual(await Promise.all(same), [0, 0, 0]);
    assert.deepEqual(await Promise.all(others), [1, 2, 3]);
    void ask('a');
    assert.equal(underWay.length, 5);
  });

  it('that fail do so for all who wait for them, and the next is another', async () => {
    const { underWay, ask } = scene(10);
    const same = [ask('a'), ask('a')];
    underWay[0]?.end.reject(new Error('no answer'));
    for (const each of same) await assert.rejects(each, /no answer/);
    void ask('a');
    assert.equal(underWay.length, 2);
  });

  it('wait for their turn, in order, and the rest are turned away', async () => {
    const { underWay, ask } = scene(2);
    const asked = Array.from({ length: 22 }, () => ask());
    await assert.rejects(ask(), /too many wait/);
    for (let i = 0; i < 22; i++) {
      // A place that is passed on is not free for whoever comes by.
      if (i === 1) asked.push(ask());
      assert.equal(underWay.length, i + 2);
      underWay[i]?.end.resolve(i);
      await turn();
    }
    underWay[22]?.end.resolve(22);
    const inOrder = Array.from({ length: 23 }, (_, i) => i);
    assert.deepEqual(await Promise.all(asked), inOrder);
    for (let i = 0; i < 3; i++) void ask();
    assert.equal(underWay.length, 25, 'there is room again, and no more than before');
  });

  it('have the time that is left when their turn comes, and none that comes too late is made', async () => {
    const { clock, underWay, ask } = scene(1);
    const first = ask();
    const second = ask();
    const third = ask();
    clock.advance(400.5);
    underWay[0]?.end.resolve(0);
    await first;
    await turn();
    assert.deepEqual(
      underWay.map(({ left }) => left),
      [1000, 600],
    );
    clock.advance(600);
    underWay[1]?.end.reject(new Error('time is over'));
    await assert.rejects(second, /time is over/);
    await assert.rejects(third, /did not come in time/);
    assert.equal(underWay.length, 2);
    void ask();
    assert.equal(underWay.length, 3, 'its place is free');
  });
});
