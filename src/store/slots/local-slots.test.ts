import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import type { Slot } from '../../core/slots.ts';
import { systemRandom } from '../../core/random.ts';
import { beforeDeadline, eventually } from '../../../test/kit/eventually.ts';
import type { SlotRace, SlotRaceResult } from '../../../test/kit/slot-racer.ts';
import { LocalSlots, releaseSlotsOf } from './local-slots.ts';
import { createSlotMemory, openSlotMemory, WAYS } from './slot-memory.ts';

const owners = { first: 1, second: 2, nobody: 99 };

/** Two threads' views of one memory, in this thread. */
function scene() {
  const buffer = createSlotMemory(systemRandom, 1);
  const [first, second] = [owners.first, owners.second].map((owner) => new LocalSlots(buffer, owner));
  assert.ok(first && second);
  return { buffer, first: first.pool('test'), second: second.pool('test'), slots: first };
}

/** Takes a slot that must be there. */
function taken(slot: Slot | undefined): Slot {
  assert.ok(slot !== undefined);
  return slot;
}

/** A slot and what became of it: the name is pushed as soon as it is held. */
function noting(list: string[], name: string, slot: Slot | undefined): Slot {
  const found = taken(slot);
  assert.equal(found.isHeld, false, name);
  found.onHeld = () => void list.push(name);
  return found;
}

/** Nothing is left in the memory. */
function assertEmpty(buffer: SharedArrayBuffer): void {
  const { tags, marks } = openSlotMemory(buffer);
  assert.deepEqual([...new Set(tags), ...new Set(marks)], [0, 0]);
}

describe('slots in the memory of the process', () => {
  it('N are held, one more is refused, and what is given back is there again, once', () => {
    const { first, buffer } = scene();
    const held = [1, 2, 3].map(() => taken(first.take('a', 3, 0)));
    assert.ok(held.every(({ isHeld }) => isHeld));
    assert.equal(first.take('a', 3, 0), undefined);
    assert.ok(first.take('b', 3, 0)?.isHeld);
    held[0]?.release();
    held[0]?.release();
    assert.ok(first.take('a', 3, 0)?.isHeld);
    assert.equal(first.take('a', 3, 0), undefined);
    assert.deepEqual(first.count('a'), { held: 3, waiting: 0 });
    assert.ok(openSlotMemory(buffer).tags.some((tag) => tag !== 0));
  });

  it('pools of one id count together, those of another apart', () => {
    const { slots } = scene();
    taken(slots.pool('x').take('a', 1, 0));
    assert.equal(slots.pool('x').take('a', 1, 0), undefined);
    assert.ok(slots.pool('y').take('a', 1, 0));
  });

  it('two threads count as one', () => {
    const { first, second } = scene();
    const slot = taken(first.take('a', 2, 0));
    taken(second.take('a', 2, 0));
    assert.equal(first.take('a', 2, 0), undefined);
    assert.equal(second.take('a', 2, 0), undefined);
    slot.release();
    assert.ok(second.take('a', 2, 0)?.isHeld);
  });

  it('who waits gets the slot in the order of coming, before whoever comes later; the queue has an end', () => {
    const { first, buffer } = scene();
    const slot = taken(first.take('a', 1, 2));
    const heard: string[] = [];
    const one = noting(heard, 'one', first.take('a', 1, 2));
    const two = noting(heard, 'two', first.take('a', 1, 2));
    assert.equal(first.take('a', 1, 2), undefined);
    assert.deepEqual(first.count('a'), { held: 1, waiting: 2 });
    slot.release();
    assert.deepEqual([heard, one.isHeld, two.isHeld], [['one'], true, false]);
    const three = noting(heard, 'three', first.take('a', 1, 2));
    one.release();
    two.release();
    assert.deepEqual(heard, ['one', 'two', 'three']);
    three.release();
    assertEmpty(buffer);
  });

  it('who throws on hearing of the slot loses it to the next one, and nobody else fails', () => {
    const { first, buffer } = scene();
    const slot = taken(first.take('a', 1, 2));
    const throwing = taken(first.take('a', 1, 2));
    throwing.onHeld = () => {
      throw new Error('a mistake of a policy');
    };
    const heard: string[] = [];
    const next = noting(heard, 'next', first.take('a', 1, 2));
    slot.release();
    assert.deepEqual(heard, ['next']);
    next.release();
    assertEmpty(buffer);
  });

  it('who leaves gives the place in the queue back, and a slot that was meant for it goes on', async () => {
    const { first, second, buffer } = scene();
    const slot = taken(first.take('a', 1, 9));
    const heard: string[] = [];
    const one = noting(heard, 'one', first.take('a', 1, 9));
    const two = noting(heard, 'two', second.take('a', 1, 9));
    const three = noting(heard, 'three', first.take('a', 1, 9));
    one.release();
    assert.deepEqual(first.count('a'), { held: 1, waiting: 2 });
    slot.release();
    // It is the other thread's turn, which hears of it in a moment; by then nobody is there any more.
    two.release();
    await eventually(() => heard.length > 0, 'the slot goes on');
    assert.deepEqual(heard, ['three']);
    three.release();
    assertEmpty(buffer);
  });

  it('of two threads, the one in which somebody has waited longest is next', async () => {
    const { first, second, buffer } = scene();
    let slot = taken(first.take('a', 1, 9));
    const heard: string[] = [];
    const waiting = new Map([
      ['1', noting(heard, '1', second.take('a', 1, 9))],
      ['2', noting(heard, '2', first.take('a', 1, 9))],
      ['3', noting(heard, '3', first.take('a', 1, 9))],
      ['4', noting(heard, '4', second.take('a', 1, 9))],
    ]);
    for (const name of waiting.keys()) {
      slot.release();
      await eventually(
        () => heard.at(-1) === name,
        () => `${name} is next: ${heard.join()}`,
      );
      slot = taken(waiting.get(name));
    }
    slot.release();
    assertEmpty(buffer);
  });

  it('a larger limit holds at once, also for those who wait; a smaller one until as many are left', () => {
    const { first } = scene();
    const held = [1, 2].map(() => taken(first.take('a', 2, 9)));
    const heard: string[] = [];
    noting(heard, 'waits', first.take('a', 2, 9));
    const fourth = taken(first.take('a', 4, 9));
    assert.deepEqual([heard, fourth.isHeld], [['waits'], true]);
    assert.equal(first.take('a', 1, 0), undefined);
    for (const slot of held) slot.release();
    assert.equal(first.take('a', 1, 0), undefined);
    fourth.release();
    assert.deepEqual(first.count('a'), { held: 1, waiting: 0 });
    assert.equal(first.take('a', 1, 0), undefined);
  });

  it('on random schedules, no more are held than the limit, nobody waits in vain, and nothing is left over', async () => {
    const step = fc.record({
      of: fc.nat({ max: 1 }),
      key: fc.constantFrom('a', 'b'),
      act: fc.nat({ max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 3 }),
        fc.array(step, { minLength: 1, maxLength: 60 }),
        async (limit, queue, steps) => {
          const { first, second, buffer } = scene();
          const live: { readonly key: string; readonly slot: Slot }[] = [];
          const check = (): void => {
            for (const key of ['a', 'b']) {
              const { held, waiting } = first.count(key);
              const own = live.filter((each) => each.key === key);
              assert.equal(held + waiting, own.length);
              assert.ok(held <= limit && waiting <= queue);
              assert.ok(waiting === 0 || held === limit);
              assert.ok(own.filter(({ slot }) => slot.isHeld).length <= held);
            }
          };
          for (const { of, key, act } of steps) {
            if (act < 5) {
              const slot = [first, second][of]?.take(key, limit, queue);
              if (slot !== undefined) live.push({ key, slot });
            } else live.splice((act * 7) % Math.max(1, live.length), 1)[0]?.slot.release();
            check();
          }
          for (const key of ['a', 'b'])
            await eventually(
              () =>
                live.filter((each) => each.key === key && each.slot.isHeld).length === first.count(key).held,
              'whoever was given a slot hears of it',
            );
          for (const { slot } of live.splice(0)) slot.release();
          assertEmpty(buffer);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('what a thread had that is gone comes back: slots, places in queues, locks', async () => {
    const { first, second, buffer } = scene();
    taken(second.take('a', 2, 9));
    taken(second.take('a', 2, 9));
    const heard: string[] = [];
    noting([], 'of the dead', second.take('a', 2, 9));
    const mine = noting(heard, 'mine', first.take('a', 2, 9));
    openSlotMemory(buffer).locks[0] = owners.second;
    releaseSlotsOf(buffer, owners.second, owners.nobody);
    await eventually(() => heard.length === 1, 'who lives gets a slot');
    assert.deepEqual(first.count('a'), { held: 1, waiting: 0 });
    mine.release();
    assertEmpty(buffer);
  });

  it('where there is no room for a key, it is refused, and others are not', () => {
    const { first, buffer } = scene();
    const held = Array.from({ length: WAYS }, (_, i) => taken(first.take(`key ${i}`, 1, 0)));
    assert.equal(first.take('one more', 1, 0), undefined);
    assert.equal(first.take('key 0', 2, 0)?.isHeld, true);
    held[1]?.release();
    assert.equal(first.take('one more', 1, 0)?.isHeld, true);
    assert.equal(openSlotMemory(buffer).header[3], 1);
  });
});

/** Starts threads that take slots of one key all at once. */
function startRacer(t: TestContext, race: SlotRace): Worker {
  const racer = new Worker(new URL('../../../test/kit/slot-racer.ts', import.meta.url), { workerData: race });
  t.after(() => racer.terminate());
  return racer;
}

describe('slots that threads race for', () => {
  for (const queue of [0, 100]) {
    it(`never more than the limit are held, and all come back (queue of ${queue})`, async (t) => {
      const buffer = createSlotMemory(systemRandom, 1);
      const inside = new SharedArrayBuffer(8);
      const [threads, rounds, limit] = [3, 300, 4];
      const results = await Promise.all(
        Array.from({ length: threads }, async (_, i): Promise<SlotRaceResult> => {
          const racer = startRacer(t, { buffer, owner: i + 1, limit, queue, rounds, inside });
          const [message] = (await beforeDeadline(once(racer, 'message'), () => 'a thread is done')) as [
            SlotRaceResult,
          ];
          return message;
        }),
      );
      const [now, most] = new Int32Array(inside);
      assert.equal(now, 0);
      assert.equal(most, limit);
      const passed = results.reduce((sum, result) => sum + result.passed, 0);
      const refused = results.reduce((sum, result) => sum + result.refused, 0);
      assert.equal(passed + refused, threads * rounds * 8);
      if (queue > 0) assert.equal(refused, 0);
      assertEmpty(buffer);
    });
  }

  it('a thread that is ended while it holds slots does not keep them', async (t) => {
    const buffer = createSlotMemory(systemRandom, 1);
    const inside = new SharedArrayBuffer(8);
    const racer = startRacer(t, { buffer, owner: 7, limit: 1, queue: 0, rounds: 0, inside });
    await beforeDeadline(once(racer, 'message'), () => 'it has taken the slot');
    const pool = new LocalSlots(buffer, 1).pool('race');
    assert.equal(pool.take('a', 1, 0), undefined);
    const waits = taken(pool.take('a', 1, 1));
    const got = new Promise<void>((resolve) => (waits.onHeld = resolve));
    await racer.terminate();
    releaseSlotsOf(buffer, 7, 99);
    await beforeDeadline(got, () => 'who waits gets the slot of the dead');
    waits.release();
    assertEmpty(buffer);
  });
});
