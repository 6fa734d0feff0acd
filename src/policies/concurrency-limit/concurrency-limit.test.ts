import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { z } from 'zod';
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Setup } from '../../core/policy.ts';
import { systemRandom } from '../../core/random.ts';
import { LocalSlots } from '../../store/slots/local-slots.ts';
import { createSlotMemory } from '../../store/slots/slot-memory.ts';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { fakeExchange, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { ask, benchPolicy, headOf, optionMistakes } from '../../../test/kit/policy-bench.ts';
import { concurrencyLimit } from './concurrency-limit.ts';

type Options = z.input<typeof concurrencyLimit.options>;

/** A policy, and requests that go through it: 200 for those that pass. */
function scene(options: Options, setup: Partial<Setup> = {}) {
  const policy = benchPolicy(concurrencyLimit, options, setup);
  const { instance, counts } = policy;
  return {
    policy,
    begin: (init: FakeExchangeInit = {}) => {
      const exchange = fakeExchange(init);
      const status = ask(policy, exchange)?.status ?? 200;
      return { exchange, status, end: () => instance.onFinish?.(exchange) };
    },
    /** A request that waits. */
    queue: (init: FakeExchangeInit = {}) => {
      const exchange = fakeExchange(init);
      const verdict = instance.onRequest?.(exchange);
      assert.ok(verdict instanceof Promise);
      return { verdict: verdict as Promise<Reply | undefined>, end: () => instance.onFinish?.(exchange) };
    },
    counts: (): Record<string, number> => Object.fromEntries(counts),
  };
}

/** Slots that several policies have in common, as routes and configurations have. */
function slotsOfGateway(): LocalSlots {
  return new LocalSlots(createSlotMemory(systemRandom, 1), 1);
}

const idle = { current: 0, waiting: 0, 'refused reason=full': 0, 'refused reason=timeout': 0 };

const queueOf = (size: number): Options => ({ limit: 1, queue: { size, timeout: '2s' } });

function explain({ instance }: ReturnType<typeof benchPolicy>, exchange: Exchange = fakeExchange()): unknown {
  const step = instance.explain?.(exchange);
  assert.ok(step !== undefined && !(step instanceof Promise));
  return step.notes;
}

describe('concurrency-limit', () => {
  it('lets N be under way, refuses one more, and lets pass again when one has ended', () => {
    const { begin, counts } = scene({ limit: 2 });
    const [first, second] = [begin(), begin()];
    assert.deepEqual([first.status, second.status, begin().status], [200, 200, 503]);
    assert.deepEqual(counts(), { ...idle, current: 2, 'refused reason=full': 1 });
    first.end();
    first.end();
    const third = begin();
    assert.deepEqual([third.status, begin().status], [200, 503]);
    second.end();
    third.end();
    assert.deepEqual(counts(), { ...idle, 'refused reason=full': 2 });
  });

  it('answers as a problem, with Retry-After: 503 by route, 429 by whoever asks, or what it is told', () => {
    const refusal = (options: Options): Reply | undefined => {
      const { policy, begin } = scene(options);
      begin();
      return ask(policy, fakeExchange({ id: 'req-1' }));
    };
    const reply = refusal({ limit: 1 });
    assert.equal(headOf(reply).headers.get('retry-after'), '1');
    assert.equal(
      reply?.body,
      '{"title":"Service Unavailable","status":503,"detail":"Too many requests are under way at the same moment; try again in a moment.","code":"concurrency_limited","requestId":"req-1"}',
    );
    assert.equal(refusal({ limit: 1, by: 'ip' })?.status, 429);
    assert.equal(refusal({ limit: 1, by: ['route', 'ip'] })?.status, 429);
    assert.equal(refusal({ limit: 1, status: 429 })?.status, 429);
    assert.equal(refusal({ limit: 1, by: 'ip', status: 503 })?.status, 503);
  });

  it('who was refused gives nothing back', () => {
    const { begin } = scene({ limit: 1 });
    begin();
    begin().end();
    assert.equal(begin().status, 503);
  });

  it('counts by what it is told; what lacks it by its address, apart, or not at all', () => {
    const consumer = { id: 'ann' };
    const { begin } = scene({ limit: 1, by: 'consumer' });
    assert.deepEqual(
      [begin({ consumer }), begin({ consumer: { id: 'bob' } }), begin(), begin()].map(({ status }) => status),
      [200, 200, 200, 429],
    );
    assert.equal(begin({ consumer, client: { ip: '192.0.2.9' } }).status, 429);
    assert.equal(begin({ client: { ip: '192.0.2.9' } }).status, 200);
    const skipping = scene({ limit: 1, by: 'consumer', missing: 'skip' });
    assert.deepEqual([skipping.begin().status, skipping.begin().status], [200, 200]);
  });

  it('consumers of a group have its limit, the first one that they belong to', () => {
    const { begin } = scene({
      limit: 1,
      by: 'consumer',
      groups: { paid: { limit: 2 }, staff: { limit: 9 } },
    });
    const consumer = { id: 'ann', groups: ['staff', 'paid'] };
    assert.deepEqual(
      [1, 2, 3].map(() => begin({ consumer }).status),
      [200, 200, 429],
    );
    assert.deepEqual(
      [1, 2].map(() => begin({ consumer: { id: 'bob' } }).status),
      [200, 429],
    );
  });

  it('counts and refuses only the methods that it is told', () => {
    const { begin } = scene({ limit: 1, methods: ['POST'] });
    const methods = ['GET', 'POST', 'GET', 'POST'].map((method) => begin({ method }).status);
    assert.deepEqual(methods, [200, 200, 200, 503]);
  });

  it('lets so many wait, first come, first served', async () => {
    const { begin, queue, counts } = scene(queueOf(2));
    const held = begin();
    const [one, two] = [queue(), queue()];
    assert.equal(begin().status, 503);
    assert.deepEqual(counts(), { ...idle, current: 1, waiting: 2, 'refused reason=full': 1 });
    held.end();
    assert.equal(await one.verdict, undefined);
    assert.deepEqual(counts(), { ...idle, current: 1, waiting: 1, 'refused reason=full': 1 });
    one.end();
    assert.equal(await two.verdict, undefined);
    two.end();
    assert.deepEqual(counts(), { ...idle, 'refused reason=full': 1 });
  });

  it('who has waited too long is refused, and its place is free', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { begin, queue, counts } = scene(queueOf(1));
    const held = begin();
    const late = queue();
    t.mock.timers.tick(1999);
    assert.equal(counts()['waiting'], 1);
    t.mock.timers.tick(1);
    assert.equal((await late.verdict)?.status, 503);
    late.end();
    assert.deepEqual(counts(), { ...idle, current: 1, 'refused reason=timeout': 1 });
    const next = queue();
    held.end();
    assert.equal(await next.verdict, undefined);
    next.end();
    t.mock.timers.tick(5000);
    assert.deepEqual(counts(), { ...idle, 'refused reason=timeout': 1 });
  });

  it('who goes away while it waits gives its place back, and is not counted as refused', async () => {
    const { begin, queue, counts } = scene(queueOf(1));
    const held = begin();
    const gone = queue();
    gone.end();
    assert.equal(await gone.verdict, undefined);
    assert.deepEqual(counts(), { ...idle, current: 1 });
    const next = queue();
    held.end();
    await next.verdict;
    next.end();
    assert.deepEqual(counts(), idle);
  });

  it('who goes away in the moment in which its turn comes gives its slot back', async () => {
    const { begin, queue, counts } = scene(queueOf(1));
    const held = begin();
    const gone = queue();
    held.end();
    gone.end();
    await gone.verdict;
    assert.deepEqual(counts(), idle);
    assert.equal(begin().status, 200);
  });

  it('what is done in the background does not wait', () => {
    const { policy, begin } = scene(queueOf(1));
    begin();
    assert.equal(ask(policy, { ...fakeExchange(), background: true })?.status, 503);
  });

  it('counts carry over to the configuration that follows, with another limit as well', () => {
    const slots = slotsOfGateway();
    const before = scene({ limit: 3 }, { slots });
    const under = [1, 2, 3].map(() => before.begin());
    const after = scene({ limit: 2 }, { slots });
    under[0]?.end();
    assert.equal(after.begin().status, 503);
    under[1]?.end();
    const next = after.begin();
    assert.deepEqual([next.status, after.begin().status], [200, 503]);
    next.end();
    under[2]?.end();
  });

  it('each route counts by itself; all of them where it stands in the list for every route, or has a name', () => {
    const slots = slotsOfGateway();
    const statuses = (options: Options, setup: Partial<Setup> = {}): number[] =>
      ['a', 'b'].map(
        (routeName) => scene(options, { slots, routeName, ...setup }).begin({ routeName }).status,
      );
    assert.deepEqual(statuses({ limit: 1, by: 'ip' }), [200, 200]);
    assert.deepEqual(statuses({ limit: 1, by: 'ip' }, { onEveryRoute: true }), [200, 429]);
    assert.deepEqual(statuses({ limit: 1, by: 'ip', name: 'both' }), [200, 429]);
    assert.deepEqual(statuses({ limit: 1, by: 'ip', name: 'others', methods: ['GET'] }), [200, 429]);
  });

  it('a limit that only watches refuses nothing, lets nobody wait, counts, and logs once a second', () => {
    const logged: unknown[] = [];
    const logger = {
      debug() {},
      info: (fields: unknown, message: string) => void logged.push([fields, message]),
      warn() {},
      error() {},
    };
    const clock = new FakeClock();
    const { begin, counts } = scene({ ...queueOf(5), dryRun: true }, { logger, clock });
    const all = [begin(), begin(), begin()];
    clock.advance(1000);
    all.push(begin());
    assert.deepEqual(
      all.map(({ status }) => status),
      [200, 200, 200, 200],
    );
    const message = 'requests beyond a limit that only watches';
    assert.deepEqual(logged, [
      [{ route: 'test', requests: 1 }, message],
      [{ route: 'test', requests: 2 }, message],
    ]);
    for (const { end } of all) end();
    assert.deepEqual(counts(), {
      current: 0,
      waiting: 0,
      'would_refuse reason=full': 3,
      'would_refuse reason=timeout': 0,
    });
  });

  it('explains by what a request is counted and what the limit is, and takes nothing', () => {
    const { policy, begin } = scene({ limit: 1, by: 'consumer', queue: { size: 3 } });
    assert.deepEqual(explain(policy), [
      'counted by ip 192.0.2.1 (no consumer)',
      '1 at the same moment, 3 more wait, 1 s at most',
    ]);
    assert.equal(begin().status, 200);
    const skipping = scene({ limit: 1, by: 'consumer', missing: 'skip' }).policy;
    assert.deepEqual(explain(skipping), ['no consumer: not counted']);
    const posts = scene({ limit: 1, methods: ['POST'] }).policy;
    assert.deepEqual(explain(posts), ['GET is not counted']);
    assert.deepEqual(explain(scene({ limit: 1 }).policy), [
      'counted by route test',
      '1 at the same moment, nobody waits',
    ]);
  });

  it('refuses options that make no sense', () => {
    const mistakes = (options: unknown): number => optionMistakes(concurrencyLimit, options).length;
    for (const options of [
      {},
      { limit: 0 },
      { limit: 1.5 },
      { limit: 1, by: 'colour' },
      { limit: 1, by: 'param:nobody' },
      { limit: 1, queue: { size: -1 } },
      { limit: 1, queue: { size: 1, timeout: '2m' } },
      { limit: 1, queue: { size: 1, timeout: '0' } },
      { limit: 1, status: 500 },
      { limit: 1, methods: ['post'] },
      { limit: 1, groups: { paid: {} } },
    ])
      assert.equal(mistakes(options), 1, JSON.stringify(options));
  });
});
