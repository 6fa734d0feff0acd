import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { AnswerStore, Purge, StoredAnswer } from '../../src/core/answer-store.ts';
import { AnswerModel } from './answer-model.ts';
import { FakeClock } from './fake-clock.ts';
import { bodiesOf, storedAnswer } from './stored-answer.ts';

/** Opens a store that keeps nothing yet, has room for all that the suite puts into it, and takes bodies of up to 64 KiB. */
export type OpenAnswerStore = (clock: FakeClock) => AnswerStore | Promise<AnswerStore>;

const place = storedAnswer().place;

/** An answer that is asked for now. */
function fresh(clock: FakeClock, parts: Parameters<typeof storedAnswer>[0] = {}): StoredAnswer {
  return storedAnswer({ requestTime: clock.now(), ...parts });
}

/** What every store of answers has to do. */
export function answerStoreSuite(open: OpenAnswerStore, runs = 200): void {
  const opened = async (): Promise<{ clock: FakeClock; store: AnswerStore }> => {
    const clock = new FakeClock();
    return { clock, store: await open(clock) };
  };

  it('gives back what was put, whole', async () => {
    const { clock, store } = await opened();
    const answer = fresh(clock, {
      body: Uint8Array.from({ length: 256 }, (_, octet) => octet),
      tags: ['shoes'],
      vary: [['accept', '\0']],
      part: { first: 0, last: 255, length: 1000 },
      head: { initialAge: Infinity, etag: '"e"', lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT', status: 206 },
      place: { query: '?q=\xff' },
    });
    assert.deepEqual(await store.get('k'), []);
    store.put('k', answer, 60);
    assert.deepEqual(await store.get('k'), [answer]);
    assert.deepEqual(await store.get('other'), []);
  });

  it('keeps nothing alive of what the answer was cut out of, and is not changed through it', async () => {
    const { clock, store } = await opened();
    const memory = Buffer.from('whole memory of a socket');
    store.put('k', fresh(clock, { body: memory.subarray(0, 5) }), 60);
    memory.fill('x');
    const [kept] = await store.get('k');
    assert.equal(kept?.body.buffer.byteLength, 5);
    assert.deepEqual(bodiesOf([kept]), ['whole']);
  });

  it('has the latest variant first, each once, and at most 16', async () => {
    const { clock, store } = await opened();
    const put = (value: string, body: string): void =>
      store.put('k', fresh(clock, { vary: [['accept', value]], body }), 60);
    put('a', 'a1');
    put('b', 'b');
    put('a', 'a2');
    assert.deepEqual(bodiesOf(await store.get('k')), ['a2', 'b']);
    for (let i = 0; i < 20; i++) put(String(i), String(i));
    assert.deepEqual(
      bodiesOf(await store.get('k')),
      Array.from({ length: 16 }, (_, i) => String(19 - i)),
    );
  });

  it('tells parts of a whole apart', async () => {
    const { clock, store } = await opened();
    store.put('k', fresh(clock, { part: { first: 0, last: 1, length: 9 }, body: '01' }), 60);
    store.put('k', fresh(clock, { part: { first: 2, last: 3, length: 9 }, body: '23' }), 60);
    store.put('k', fresh(clock, { body: 'whole' }), 60);
    assert.deepEqual(bodiesOf(await store.get('k')), ['whole', '23', '01']);
  });

  it('forgets each variant when it is of no use any more', async () => {
    const { clock, store } = await opened();
    store.put('k', fresh(clock, { vary: [['accept', 'a']], body: 'long' }), 60);
    store.put('k', fresh(clock, { vary: [['accept', 'b']], body: 'short' }), 1);
    store.put('never', fresh(clock), 0);
    clock.advance(999);
    assert.deepEqual(bodiesOf(await store.get('k')), ['short', 'long']);
    clock.advance(1);
    assert.deepEqual(bodiesOf(await store.get('k')), ['long']);
    assert.deepEqual(await store.get('never'), []);
  });

  it('keeps what is of use for ever', async () => {
    const { clock, store } = await opened();
    store.put('k', fresh(clock, { head: { lifetime: Infinity } }), Infinity);
    assert.equal((await store.get('k')).length, 1);
  });

  it('F117 keeps no body that is larger than its limit', async () => {
    const { clock, store } = await opened();
    store.put('fits', fresh(clock, { body: new Uint8Array(store.largestBody) }), 60);
    store.put('large', fresh(clock, { body: new Uint8Array(store.largestBody + 1) }), 60);
    assert.equal((await store.get('fits')).length, 1);
    assert.deepEqual(await store.get('large'), []);
  });

  it('F119 drops all variants of an invalidated key, and what was asked for before', async () => {
    const { clock, store } = await opened();
    const before = fresh(clock);
    store.put('k', fresh(clock, { vary: [['accept', 'a']] }), 60);
    store.put('k', before, 60);
    store.put('other', before, 60);
    clock.advance(10);
    store.invalidate('k', place);
    assert.deepEqual(await store.get('k'), []);
    assert.equal((await store.get('other')).length, 1);
    store.put('k', before, 60);
    assert.deepEqual(await store.get('k'), []);
    clock.advance(1);
    store.put('k', fresh(clock), 60);
    assert.equal((await store.get('k')).length, 1);
  });

  for (const { name, purge, hits, misses } of purges) {
    it(`F119 purges ${name}, and what was asked for before`, async () => {
      const { clock, store } = await opened();
      const before = hits.map((parts) => fresh(clock, parts));
      for (const [i, answer] of before.entries()) store.put(`hit ${i}`, answer, 60);
      for (const [i, parts] of misses.entries()) store.put(`miss ${i}`, fresh(clock, parts), 60);
      clock.advance(10);
      await store.purge(purge);
      for (const [i, answer] of before.entries()) {
        assert.deepEqual(await store.get(`hit ${i}`), [], `hit ${i}`);
        store.put(`hit ${i}`, answer, 60);
        assert.deepEqual(await store.get(`hit ${i}`), [], `hit ${i} comes late`);
      }
      for (const i of misses.keys()) assert.equal((await store.get(`miss ${i}`)).length, 1, `miss ${i}`);
      clock.advance(1);
      for (const [i, parts] of hits.entries()) {
        store.put(`hit ${i}`, fresh(clock, parts), 60);
        assert.equal((await store.get(`hit ${i}`)).length, 1, `hit ${i} is asked for again`);
      }
    });
  }

  it('F119 means what is under way by a purge, also when the clock is set back before it', async () => {
    const { clock, store } = await opened();
    await store.get('k');
    const underWay = fresh(clock);
    clock.jump(-3600_000);
    await store.purge({ kind: 'all' });
    store.put('k', underWay, 60);
    assert.deepEqual(await store.get('k'), []);
  });

  it('does what the contract says, whatever happens in which order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
        const { clock, store } = await opened();
        const model = new AnswerModel(clock);
        const underWay = new Map<string, StoredAnswer>();
        for (const [i, { wait, key, act, seconds, purge }] of steps.entries()) {
          clock.advance(wait);
          const its = { route: `route ${key}`, path: `/${key}` };
          const parts = {
            body: `body ${i}`,
            place: its,
            tags: [`tag-${key}`],
            vary: [['v', String(i % 3)] as const],
          };
          if (act === 'ask') underWay.set(key, fresh(clock, parts));
          const answer = underWay.get(key);
          for (const each of [model, store]) {
            if (act === 'put' && answer !== undefined) each.put(key, answer, seconds);
            if (act === 'invalidate') each.invalidate(key, { ...place, ...its });
            if (act === 'purge') await each.purge(purge);
          }
          for (const each of keys) assert.deepEqual(await store.get(each), model.get(each));
        }
      }),
      { numRuns: runs },
    );
  });
}

const keys = ['a', 'b', 'c'] as const;

const anyStep = fc.record({
  wait: fc.constantFrom(0, 1, 1, 500, 3000),
  key: fc.constantFrom(...keys),
  act: fc.constantFrom('ask', 'ask', 'put', 'put', 'put', 'invalidate', 'purge'),
  seconds: fc.constantFrom(0, 1, 60),
  purge: fc.oneof(
    fc.constant<Purge>({ kind: 'all' }),
    fc.constantFrom(...keys).map((key): Purge => ({ kind: 'route', route: `route ${key}` })),
    fc.constantFrom(...keys).map((key): Purge => ({ kind: 'tag', tag: `tag-${key}` })),
    fc.constantFrom(...keys).map((key): Purge => ({ kind: 'url', host: undefined, path: `/${key}` })),
    fc.constantFrom('/', '/a').map((path): Purge => ({ kind: 'prefix', host: 'shop.test', path })),
  ),
});

type Parts = NonNullable<Parameters<typeof storedAnswer>[0]>;

const purges: readonly {
  readonly name: string;
  readonly purge: Purge;
  readonly hits: readonly Parts[];
  readonly misses: readonly Parts[];
}[] = [
  { name: 'everything', purge: { kind: 'all' }, hits: [{}, { place: { route: '' } }], misses: [] },
  {
    name: 'a route',
    purge: { kind: 'route', route: 'shop' },
    hits: [{}, { place: { host: 'other.test' } }],
    misses: [{ place: { route: 'sho' } }],
  },
  {
    name: 'a tag',
    purge: { kind: 'tag', tag: 'p1' },
    hits: [{ tags: ['p1'] }, { tags: ['p0', 'p1'] }],
    misses: [{}, { tags: ['p11'] }],
  },
  {
    name: 'a URL with its query, on one host',
    purge: { kind: 'url', host: 'shop.test', path: '/a?q=1' },
    hits: [{ place: { query: '?q=1' } }, { place: { query: '?q=1', route: 'x' } }],
    misses: [{}, { place: { query: '?q=12' } }, { place: { query: '?q=1', host: 'other.test' } }],
  },
  {
    name: 'a path on any host',
    purge: { kind: 'url', host: undefined, path: '/a' },
    hits: [{}, { place: { host: 'other.test:8080' } }],
    misses: [{ place: { query: '?' } }, { place: { path: '/a/' } }],
  },
  {
    name: 'all that begins with a text, on one host',
    purge: { kind: 'prefix', host: 'shop.test', path: '/a/' },
    hits: [{ place: { path: '/a/' } }, { place: { path: '/a/b', query: '?x' } }],
    misses: [{}, { place: { path: '/a/', host: 'other.test' } }],
  },
  {
    name: 'all that begins with a path and part of its query',
    purge: { kind: 'prefix', host: undefined, path: '/a?q=1' },
    hits: [{ place: { query: '?q=1' } }, { place: { query: '?q=12' } }],
    misses: [{}, { place: { query: '?q=2' } }],
  },
];
