import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AnswerModel } from '../../../test/kit/answer-model.ts';
import { answerStoreSuite } from '../../../test/kit/answer-store-suite.ts';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { bodiesOf, storedAnswer } from '../../../test/kit/stored-answer.ts';
import { AnswerMemory, type MemoryBounds } from './answer-memory.ts';

interface Scene {
  readonly clock: FakeClock;
  readonly memory: AnswerMemory;
  readonly counts: { entries: number; bytes: number; evictions: number };
  /** Lets everything happen that was to happen later. @returns how often. */
  readonly settle: () => number;
}

const usual: MemoryBounds = { bytes: 10_000_000, largest: 65_536 };

function open(bounds: Partial<MemoryBounds> = {}, clock = new FakeClock()): Scene {
  const counts = { entries: 0, bytes: 0, evictions: 0 };
  const tasks: (() => void)[] = [];
  const metrics = {
    kept: (entries: number, bytes: number) => {
      counts.entries += entries;
      counts.bytes += bytes;
    },
    evicted: () => void counts.evictions++,
  };
  const memory = new AnswerMemory(
    { clock, metrics, later: (task) => void tasks.push(task) },
    { ...usual, ...bounds },
  );
  const settle = (): number => {
    let done = 0;
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift(), done++) task();
    return done;
  };
  return { clock, memory, counts, settle };
}

describe('the double of a store of answers keeps the contract', () => {
  answerStoreSuite((clock) => new AnswerModel(clock));
});

describe('answers in memory', () => {
  answerStoreSuite((clock) => open({}, clock).memory);

  it('answers at once', () => {
    const { memory, clock } = open();
    memory.put('k', storedAnswer({ requestTime: clock.now() }), 60);
    assert.ok(Array.isArray(memory.get('k')));
    assert.equal(memory.get('k'), memory.get('k'));
  });

  it('F117 never takes more memory than it may, whatever is put, used, dropped and resized', () => {
    const step = fc.record({
      key: fc.integer({ min: 0, max: 30 }),
      act: fc.constantFrom('put', 'put', 'put', 'get', 'invalidate', 'resize', 'wait'),
      size: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 40_000 })),
      vary: fc.integer({ min: 0, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let most = 50_000;
        const { memory, clock, counts } = open({ bytes: most });
        for (const { key, act, size, vary } of steps) {
          const parts = { body: new Uint8Array(size), vary: [['v', String(vary)] as const] };
          if (act === 'put')
            memory.put(String(key), storedAnswer({ requestTime: clock.now(), ...parts }), 60);
          if (act === 'get') memory.get(String(key));
          if (act === 'invalidate') memory.invalidate(String(key));
          if (act === 'resize') memory.resize({ ...usual, bytes: (most = 20_000 + size) });
          clock.advance(act === 'wait' ? 30_000 : 1);
          assert.ok(memory.bytes <= most, `${memory.bytes} of ${most}`);
          assert.deepEqual(
            { ...counts, evictions: 0 },
            { entries: memory.size, bytes: memory.bytes, evictions: 0 },
          );
        }
        memory.close();
        assert.deepEqual({ ...counts, evictions: 0 }, { entries: 0, bytes: 0, evictions: 0 });
      }),
      { numRuns: 300 },
    );
  });

  it('evicts what was not used for the longest time', () => {
    const { memory, clock, counts } = open({ bytes: 60_000 });
    const body = new Uint8Array(10_000);
    const put = (key: string): void => memory.put(key, storedAnswer({ body, requestTime: clock.now() }), 60);
    for (const key of ['a', 'b', 'c', 'd']) put(key);
    memory.get('a');
    put('e');
    assert.deepEqual(
      ['a', 'b', 'c', 'd', 'e'].filter((key) => memory.get(key).length > 0),
      ['a', 'c', 'd', 'e'],
    );
    assert.equal(counts.evictions, 1);
  });

  it('does not empty itself for an answer that is larger than all of it', () => {
    const { memory, clock } = open({ bytes: 20_000 });
    memory.put('a', storedAnswer({ requestTime: clock.now() }), 60);
    memory.put('b', storedAnswer({ body: new Uint8Array(30_000), requestTime: clock.now() }), 60);
    assert.equal(memory.get('a').length, 1);
    assert.equal(memory.get('b').length, 0);
  });

  it('leaves most of the memory to other keys, however many variants one has', () => {
    const { memory, clock } = open({ bytes: 100_000 });
    memory.put('other', storedAnswer({ requestTime: clock.now() }), 60);
    for (let i = 0; i < 16; i++) {
      const vary = [['v', String(i)] as const];
      memory.put('k', storedAnswer({ body: new Uint8Array(10_000), vary, requestTime: clock.now() }), 60);
    }
    assert.ok(memory.bytes < 40_000, `${memory.bytes}`);
    assert.equal(memory.get('other').length, 1);
  });

  it('counts bodies, lines and keys', () => {
    const { memory, clock } = open();
    const put = (key: string, parts: Parameters<typeof storedAnswer>[0]): number => {
      const before = memory.bytes;
      memory.put(key, storedAnswer({ requestTime: clock.now(), ...parts }), 60);
      return memory.bytes - before;
    };
    const least = put('k1', { body: '' });
    assert.equal(put('k2', { body: new Uint8Array(1000) }) - least, 1000);
    assert.ok(put('k3', { body: '', head: { lines: [['x', 'y'.repeat(1000)]] } }) - least > 800);
    assert.ok(put('k'.repeat(1002), { body: '' }) - least >= 1000);
  });

  it('gives the memory of what was purged back soon, a bounded number of entries at a time', () => {
    const { memory, clock, settle } = open();
    for (let i = 0; i < 2000; i++)
      memory.put(String(i), storedAnswer({ tags: [`t${i % 2}`], requestTime: clock.now() }), 60);
    clock.advance(1);
    void memory.purge({ kind: 'tag', tag: 't0' });
    assert.equal(memory.size, 2000);
    assert.ok(settle() >= 4);
    assert.equal(memory.size, 1000);
    void memory.purge({ kind: 'tag', tag: 't1' });
    void memory.purge({ kind: 'tag', tag: 't2' });
    settle();
    assert.equal(memory.size, 0);
    // Nothing is left to be looked at, and the next purge is looked after all the same.
    void memory.purge({ kind: 'tag', tag: 't3' });
    clock.advance(1);
    memory.put('k', storedAnswer({ tags: ['t3'], requestTime: clock.now() }), 60);
    void memory.purge({ kind: 'tag', tag: 't3' });
    settle();
    assert.equal(memory.size, 0);
  });

  it('gives everything back at once that a purge of everything means', () => {
    const { memory, clock } = open();
    memory.put('k', storedAnswer({ requestTime: clock.now() }), 60);
    void memory.purge({ kind: 'all' });
    assert.deepEqual([memory.size, memory.bytes], [0, 0]);
  });

  it('takes over what another store has, but not what was dropped meanwhile', () => {
    const { memory, clock } = open();
    const shared = (parts: Parameters<typeof storedAnswer>[0]) => ({
      answer: storedAnswer({ requestTime: clock.now(), ...parts }),
      until: clock.now() + 60_000,
    });
    const { mark } = memory.rules;
    memory.put('k', storedAnswer({ body: 'ours', requestTime: clock.now() }), 60);
    const answers = [shared({ body: 'theirs' }), shared({ body: 'variant', vary: [['v', '1']] })];
    assert.deepEqual(bodiesOf(memory.adopt('k', answers, mark)), ['ours', 'variant']);
    void memory.purge({ kind: 'tag', tag: 't' });
    assert.deepEqual(memory.adopt('l', [shared({ tags: ['t'] })], mark), []);
    assert.equal(memory.adopt('l', [shared({})], mark).length, 1);
    memory.invalidate('m');
    assert.deepEqual(memory.adopt('m', [shared({})], mark), []);
    assert.equal(memory.adopt('m', [shared({})], memory.rules.mark).length, 1);
  });

  it('keeps nothing any more once it is closed', () => {
    const { memory, clock } = open();
    memory.close();
    memory.put('k', storedAnswer({ requestTime: clock.now() }), 60);
    assert.deepEqual([memory.size, memory.bytes], [0, 0]);
  });
});
