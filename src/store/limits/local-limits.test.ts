import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { systemRandom } from '../../core/random.ts';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { type Race, raceLimit } from '../../../test/kit/limit-racer.ts';
import { limitRule, limitStoreSuite } from '../../../test/kit/limit-store-suite.ts';
import { releaseLocksOf } from './bucket-locks.ts';
import { createLimitMemory, forgottenIn, openLimitMemory } from './limit-memory.ts';
import { LocalLimits } from './local-limits.ts';

/** Memory of one bucket of eight keys. */
const oneBucket = 64 + 64 + 256 + 4;

function open(clock: FakeClock, bytes = 65_536): { limits: LocalLimits; buffer: SharedArrayBuffer } {
  const buffer = createLimitMemory(bytes, systemRandom, clock.now());
  return { buffer, limits: new LocalLimits(buffer, 1, clock) };
}

describe('limits in the memory of the process', () => {
  limitStoreSuite((clock) => open(clock).limits);

  it('two that share memory count as one', () => {
    const clock = new FakeClock();
    const { buffer, limits } = open(clock);
    const other = new LocalLimits(buffer, 2, clock).limiter([limitRule()]);
    const one = limits.limiter([limitRule()]);
    const allowed = [one, other, one, other, one].map((limiter) => limiter.decide('a', 1, 'take').allowed);
    assert.deepEqual(allowed, [true, true, true, false, false]);
  });

  it('threads that race count as one, whatever they do at the same moment', async () => {
    const buffer = createLimitMemory(oneBucket, systemRandom, Date.now());
    const program = new URL('../../../test/kit/limit-racer.ts', import.meta.url);
    const allowed = await Promise.all(
      [1, 2, 3, 4].map(async (owner) => {
        const racer = new Worker(program, {
          workerData: { buffer, owner, decisions: 20_000 } satisfies Race,
        });
        const message: readonly unknown[] = await once(racer, 'message');
        return Number(message[0]);
      }),
    );
    assert.equal(
      allowed.reduce((sum, count) => sum + count, 0),
      raceLimit,
    );
  });

  it('forgets first what is as good as new, then what was not seen for longest, and says how often', () => {
    const clock = new FakeClock();
    const { buffer, limits } = open(clock, oneBucket);
    const slow = limits.limiter([limitRule({ id: 'slow', limit: 1, window: 1_000_000 })]);
    const fast = limits.limiter([limitRule({ id: 'fast', limit: 1, window: 100 })]);
    fast.decide('gone soon', 1, 'take');
    for (let i = 0; i < 7; i++) {
      clock.advance(1);
      slow.decide(`key ${i}`, 1, 'take');
    }
    clock.advance(2000);
    // Takes the place of what is gone by now.
    slow.decide('key 7', 1, 'take');
    assert.equal(forgottenIn(openLimitMemory(buffer)), 0);
    // A request that is refused has been seen too.
    assert.equal(slow.decide('key 0', 1, 'take').allowed, false);
    clock.advance(1);
    slow.decide('key 8', 1, 'take');
    assert.equal(forgottenIn(openLimitMemory(buffer)), 1);
    const left = [0, 1, 2, 7, 8].map((i) => slow.decide(`key ${i}`, 1, 'peek').states[0]?.remaining);
    assert.deepEqual(left, [0, 1, 0, 0, 0]);
  });

  it('the rules of one request never take the places of each other', () => {
    const clock = new FakeClock();
    const { limits } = open(clock, oneBucket);
    const rules = Array.from({ length: 8 }, (_, i) => limitRule({ id: `${i}`, limit: 1 }));
    const limiter = limits.limiter(rules);
    for (const key of ['a', 'b', 'a']) assert.equal(limiter.decide(key, 1, 'take').allowed, true);
    assert.equal(limiter.decide('a', 1, 'take').allowed, false);
  });

  it('a peek leaves nothing behind', () => {
    const { buffer, limits } = open(new FakeClock());
    const before = Buffer.from(new Uint8Array(buffer));
    limits.limiter([limitRule()]).decide('a', 1, 'peek');
    assert.ok(before.equals(Buffer.from(new Uint8Array(buffer))));
  });

  it('whatever stands in the memory, nobody is locked out for longer than the rule can', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('gcra' as const, 'sliding-window' as const, 'fixed-window' as const),
        fc.double({ min: 0, max: 1e300, noNaN: true }),
        fc.nat(),
        (algorithm, garbage, previous) => {
          const clock = new FakeClock();
          const { buffer, limits } = open(clock, oneBucket);
          const limiter = limits.limiter([limitRule({ algorithm })]);
          limiter.decide('a', 1, 'take');
          const { doubles, words, start } = openLimitMemory(buffer);
          for (let entry = 0; entry < 8; entry++) {
            if ((words[start / 4 + entry * 8 + 3] ?? 0) === 0) continue;
            words[start / 4 + entry * 8 + 2] = previous;
            doubles[start / 8 + entry * 4 + 2] = clock.now();
            doubles[start / 8 + entry * 4 + 3] = garbage;
          }
          const [state] = limiter.decide('a', 1, 'take').states;
          assert.ok((state?.reset ?? Infinity) <= 2000, JSON.stringify(state));
          clock.advance(2000);
          assert.equal(limiter.decide('a', 3, 'take').allowed, true);
        },
      ),
    );
  });

  it('a lock whose holder is gone is given back when that is known, and taken by others before', () => {
    const clock = new FakeClock();
    const { buffer, limits } = open(clock, oneBucket);
    const { locks } = openLimitMemory(buffer);
    const limiter = limits.limiter([limitRule()]);
    locks[0] = 7;
    releaseLocksOf(locks, 6);
    assert.equal(locks[0], 7);
    releaseLocksOf(locks, 7);
    assert.equal(locks[0], 0);
    locks[0] = 7;
    assert.equal(limiter.decide('a', 1, 'take').allowed, true);
    assert.equal(locks[0], 0);
  });

  it('a lock is given back when a clock throws', () => {
    const clock = new FakeClock();
    const { buffer } = open(clock, oneBucket);
    let broken = true;
    const failing = {
      now(): number {
        if (broken) throw new Error('no time');
        return clock.now();
      },
    };
    const limiter = new LocalLimits(buffer, 3, failing).limiter([
      limitRule({ id: 'a' }),
      limitRule({ id: 'b' }),
    ]);
    assert.throws(() => limiter.decide('a', 1, 'take'), /no time/);
    assert.equal(openLimitMemory(buffer).locks[0], 0);
    broken = false;
    assert.equal(limiter.decide('a', 1, 'take').allowed, true);
  });

  it('keys do not lie where they lie in another process', () => {
    const clock = new FakeClock();
    const places = [1, 2].map(() => {
      const { buffer, limits } = open(clock);
      limits.limiter([limitRule()]).decide('a', 1, 'take');
      return Buffer.from(new Uint8Array(buffer, 64)).findIndex((octet) => octet !== 0);
    });
    assert.ok(places.every((place) => place > 0));
    assert.notEqual(places[0], places[1]);
  });
});
