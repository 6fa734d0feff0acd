import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseList } from 'structured-headers';
import type { z } from 'zod';
import type { LimitRule } from '../../core/limits.ts';
import type { Setup } from '../../core/policy.ts';
import { systemRandom } from '../../core/random.ts';
import { StoreError, unconnectedRedis } from '../../core/redis.ts';
import { createLimitMemory } from '../../store/limits/limit-memory.ts';
import { LocalLimits } from '../../store/limits/local-limits.ts';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { fakeExchange, fakeResponse, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { answer, ask, benchPolicy, headOf, optionMistakes } from '../../../test/kit/policy-bench.ts';
import { Calendar, type PeriodKind } from './calendar.ts';
import { windowAround } from './period-limits.ts';
import { quota } from './quota.ts';

type Options = z.input<typeof quota.options>;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ann = { id: 'ann' };

/** The clock begins at 2026-01-01T00:00:00Z, a Thursday. */
function scene(options: Options, setup: Partial<Setup> = {}) {
  const clock = setup.clock instanceof FakeClock ? setup.clock : new FakeClock();
  const policy = benchPolicy(quota, options, { clock, ...setup });
  const head = (init: FakeExchangeInit = { consumer: ann }, status = 200) => {
    const exchange = fakeExchange(init);
    const reply = ask(policy, exchange);
    return answer(policy, exchange, reply === undefined ? fakeResponse({}, { status }) : headOf(reply));
  };
  return {
    clock,
    policy,
    head,
    send: (init?: FakeExchangeInit, status?: number) => head(init, status).status,
  };
}

/** Memory that several policies count in, as those of one gateway do. */
function memory(clock: FakeClock): LocalLimits {
  return new LocalLimits(createLimitMemory(65_536, systemRandom, clock.now()), 1, clock);
}

/** A structured field as its names and parameters. */
function items(field: string | undefined): unknown[] {
  return parseList(field ?? '').map(([name, parameters]): unknown => [name, Object.fromEntries(parameters)]);
}

describe('quota', () => {
  it('lets the limit of a day pass, refuses what comes after until midnight, and begins anew then', () => {
    const { send, clock, policy } = scene({ limit: 2, period: 'day' });
    assert.deepEqual([send(), send(), send()], [200, 200, 429]);
    clock.advance(DAY - 1);
    assert.equal(send(), 429);
    clock.advance(1);
    assert.deepEqual([send(), send(), send()], [200, 200, 429]);
    assert.deepEqual([policy.counts.get('allowed'), policy.counts.get('refused limit=day')], [4, 3]);
  });

  it('days begin at midnight of the time zone, months on their first', () => {
    const clock = new FakeClock();
    const berlin = scene({ limit: 1, period: 'day', timeZone: 'Europe/Berlin' }, { clock });
    const month = scene({ limit: 1, period: 'month' }, { clock });
    assert.deepEqual([berlin.send(), berlin.send(), month.send()], [200, 429, 200]);
    clock.advance(23 * HOUR);
    assert.equal(berlin.send(), 200);
    clock.advance(30 * DAY);
    assert.equal(month.send(), 429);
    clock.advance(HOUR);
    assert.equal(month.send(), 200);
    clock.advance(27 * DAY);
    assert.equal(month.send(), 429);
    clock.advance(DAY);
    assert.equal(month.send(), 200);
  });

  it('a count lasts for the whole period, whatever period it is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<PeriodKind>('day', 'week', 'month'),
        fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Apia', 'America/Havana'),
        fc.integer({ min: 0, max: 30 * 365 * DAY }),
        fc.integer({ min: 0, max: 1000 }),
        (period, timeZone, later, share) => {
          const clock = new FakeClock();
          clock.advance(later);
          const { start, end } = new Calendar(timeZone).periodAt(period, clock.now());
          clock.jump(start - clock.now());
          const { send } = scene({ limit: 1, period, timeZone }, { clock });
          assert.equal(send(), 200);
          clock.advance(Math.floor(((end - start - 1) * share) / 1000));
          assert.equal(send(), 429);
          clock.advance(end - 1 - clock.now());
          assert.equal(send(), 429);
          clock.advance(1);
          assert.equal(send(), 200);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('the window in the store holds the period and a day, and ends within a second of that', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<PeriodKind>('day', 'week', 'month'),
        fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2100, 0, 1) }),
        (kind, now) => {
          const { start, end } = new Calendar('UTC').periodAt(kind, now);
          const window = windowAround(end);
          const number = Math.floor(start / window);
          assert.equal(Math.floor((end + DAY - 1) / window), number);
          const over = (number + 1) * window - (end + DAY);
          assert.ok(over >= 0 && over < 1000, `${over}`);
          // Should a clock be further off than a day, what it leaves behind does not stay for ever either.
          assert.ok(window < 70 * DAY);
        },
      ),
    );
  });

  it('a clock that is set back counts on in the period that it comes back to', () => {
    const { send, clock } = scene({ limit: 1, period: 'day' });
    clock.advance(DAY);
    assert.equal(send(), 200);
    clock.jump(-HOUR);
    assert.deepEqual([send(), send()], [200, 429]);
    clock.jump(HOUR);
    assert.equal(send(), 429);
  });

  it('answers 429 as a problem, with Retry-After until the period ends', () => {
    const { policy, clock, send } = scene({ limit: 1, period: 'day', timeZone: 'Europe/Berlin' });
    clock.advance(HOUR + 1);
    send();
    const reply = ask(policy, fakeExchange({ id: 'req-1', consumer: ann }));
    assert.equal(headOf(reply).headers.get('retry-after'), String(22 * 3600));
    assert.equal(
      reply?.body,
      '{"title":"Too Many Requests","status":429,"detail":"The quota is used up; Retry-After says when the next one begins.","code":"quota_exceeded","requestId":"req-1"}',
    );
  });

  it('tells clients what is left, with the length of this very period as the window', () => {
    const { head, clock } = scene({
      limits: [
        { limit: 10, period: 'day' },
        { name: 'monthly', limit: 20, period: 'month' },
      ],
      timeZone: 'Europe/Berlin',
    });
    clock.jump(Date.UTC(2026, 2, 29, 0) - clock.now());
    const { headers } = head();
    assert.deepEqual(items(headers.get('ratelimit-policy')), [
      ['day', { q: 10, w: 23 * 3600 }],
      ['monthly', { q: 20, w: (31 * 24 - 1) * 3600 }],
    ]);
    assert.deepEqual(items(headers.get('ratelimit')), [
      ['day', { r: 9, t: 22 * 3600 }],
      ['monthly', { r: 19, t: (2 * 24 + 22) * 3600 }],
    ]);
  });

  it('by choice in the older fields, or in none', () => {
    const older = scene({ limit: 5, period: 'day', headers: 'x-ratelimit' }).head().headers;
    const fields = ['limit', 'remaining', 'reset'].map((name) => older.get(`x-ratelimit-${name}`));
    assert.deepEqual(fields, ['5', '4', String(Date.UTC(2026, 0, 2) / 1000)]);
    const none = scene({ limit: 5, period: 'day', headers: 'none' }).head().headers;
    assert.deepEqual([...none], []);
  });

  it('holds several at once, and what one refuses counts for none', () => {
    const limits = [
      { limit: 1, period: 'day' },
      { limit: 2, period: 'week' },
    ] as const;
    const { send, clock, policy } = scene({ limits: [...limits] });
    assert.deepEqual([send(), send(), send()], [200, 429, 429]);
    clock.advance(DAY);
    assert.deepEqual([send(), send()], [200, 429]);
    clock.advance(DAY);
    assert.equal(send(), 429);
    assert.equal(policy.counts.get('refused limit=week'), 2);
    clock.advance(2 * DAY);
    assert.equal(send(), 200);
  });

  it('each consumer has a quota, each address without a consumer one, or none', () => {
    const { send } = scene({ limit: 1, period: 'day' });
    assert.deepEqual([send(), send({ consumer: { id: 'bob' } })], [200, 200]);
    assert.deepEqual([send({}), send({}), send()], [200, 429, 429]);
    const skipping = scene({ limit: 1, period: 'day', missing: 'skip' });
    assert.deepEqual([skipping.send({}), skipping.send({})], [200, 200]);
  });

  it('groups have quotas of their own, and who gets into another one takes along what is used up', () => {
    const groups = { free: { limit: 1 }, paid: { limit: 3 } };
    const { send } = scene({ limit: 2, period: 'month', groups });
    const as = (...names: string[]): FakeExchangeInit => ({ consumer: { id: 'ann', groups: names } });
    assert.deepEqual([send(as('free')), send(as('free'))], [200, 429]);
    assert.deepEqual([send(as('paid')), send(as('paid')), send(as('paid'))], [200, 200, 429]);
    assert.equal(send(as('other')), 429);
  });

  it('a limit that is changed at a reload holds at once, and what is used up stays so', () => {
    const clock = new FakeClock();
    const setup = { clock, limits: memory(clock) };
    const before = scene({ limit: 2, period: 'month' }, setup);
    assert.deepEqual([before.send(), before.send(), before.send()], [200, 200, 429]);
    const after = scene({ limit: 3, period: 'month' }, setup);
    assert.deepEqual([after.send(), after.send()], [200, 429]);
    assert.equal(scene({ limit: 3, period: 'day' }, setup).send(), 200);
    assert.equal(scene({ limit: 1, period: 'month' }, { ...setup, routeName: 'other' }).send(), 200);
  });

  it('counts the cost, and only the methods and statuses that it is told', () => {
    const costly = scene({ limit: 10, period: 'day', cost: 4 });
    assert.deepEqual([costly.send(), costly.send(), costly.send()], [200, 200, 429]);
    const posts = scene({ limit: 1, period: 'day', methods: ['POST'] });
    assert.deepEqual(
      ['GET', 'POST', 'GET', 'POST'].map((method) => posts.send({ method })),
      [200, 200, 200, 429],
    );
    const { send } = scene({ limit: 1, period: 'day', statuses: ['2xx'] });
    assert.deepEqual([send({}, 404), send({}, 201), send({}, 200)], [404, 201, 429]);
  });

  it('with dryRun, refuses nothing, says nothing to clients, counts, and logs once a second', () => {
    const logged: unknown[] = [];
    const logger = {
      debug() {},
      info: (fields: unknown, message: string) => void logged.push([fields, message]),
      warn() {},
      error() {},
    };
    const { send, head, clock, policy } = scene({ limit: 1, period: 'day', dryRun: true }, { logger });
    assert.deepEqual([send(), send(), send()], [200, 200, 200]);
    clock.advance(1000);
    assert.deepEqual([...head().headers], []);
    const message = 'requests beyond a quota that only watches';
    assert.deepEqual(logged, [
      [{ route: 'test', limits: ['day'], requests: 1 }, message],
      [{ route: 'test', limits: ['day'], requests: 2 }, message],
    ]);
    assert.equal(policy.counts.get('would_refuse limit=day'), 3);
  });

  it('counts in Redis where there is one, and does without as it is told', async () => {
    const clock = new FakeClock();
    for (const [onStoreError, expected] of [
      [undefined, [200, 429]],
      ['local', [200, 429]],
      ['allow', [200, 200]],
      ['deny', [503, 503]],
    ] as const) {
      const opened: LimitRule[] = [];
      const shared = {
        exact: (rules: readonly LimitRule[]) => {
          opened.push(...rules);
          return { decide: () => Promise.reject(new StoreError('unavailable', 'gone')) };
        },
        synced: () => assert.fail('quotas are never settled afterwards'),
      };
      const local = memory(clock);
      const limits = { limiter: local.limiter.bind(local), shared };
      const policy = benchPolicy(quota, { limit: 1, period: 'day', onStoreError }, { clock, limits });
      const statuses: number[] = [];
      for (let i = 0; i < 2; i++)
        statuses.push((await policy.instance.onRequest?.(fakeExchange({ consumer: ann })))?.status ?? 200);
      assert.deepEqual(statuses, expected);
      assert.equal(policy.counts.get('store_errors'), 2);
      assert.equal(opened.length, 1);
    }
  });

  it('with dryRun, says nothing of a quota that cannot be looked up', async () => {
    const logger = {
      debug() {},
      info: () => assert.fail('it is not known to be used up'),
      warn() {},
      error() {},
    };
    const shared = {
      exact: () => ({ decide: () => Promise.reject(new StoreError('unavailable', 'gone')) }),
      synced: () => assert.fail('quotas are never settled afterwards'),
    };
    const clock = new FakeClock();
    const local = memory(clock);
    const { instance } = benchPolicy(
      quota,
      { limit: 1, period: 'day', onStoreError: 'deny', dryRun: true },
      { clock, logger, limits: { limiter: local.limiter.bind(local), shared } },
    );
    assert.equal(await instance.onRequest?.(fakeExchange({ consumer: ann })), undefined);
  });

  it('explains what a request is counted by, its quotas, and what is left, and counts nothing', async () => {
    const { policy, send } = scene({ limit: 2, period: 'day', timeZone: 'Europe/Berlin' });
    const explain = async (of = policy) => of.instance.explain?.(fakeExchange({ consumer: ann }));
    assert.deepEqual((await explain())?.notes, [
      'counted by consumer ann',
      'day: 2 a day, 2 left, until 2026-01-01T23:00:00Z (Europe/Berlin)',
    ]);
    send();
    send();
    assert.equal((await explain())?.reply?.status, 429);
    const shared = scene({ limit: 2, period: 'day' }, { redis: unconnectedRedis }).policy;
    assert.deepEqual((await explain(shared))?.notes, [
      'counted by consumer ann',
      'day: 2 a day, until 2026-01-02T00:00:00Z (UTC)',
      'counted in Redis (local without it), which is not asked here for what is left',
    ]);
  });

  it('refuses options that make no sense', () => {
    for (const [options, mistake] of [
      [{}, /there is no limit/],
      [{ limit: 1 }, /has no period/],
      [{ limit: 1, period: 'year' }, /day/],
      [{ limit: 1, period: 'day', limits: [{ limit: 1, period: 'day' }] }, /two places/],
      [
        {
          limits: [
            { limit: 1, period: 'day' },
            { limit: 2, period: 'day' },
          ],
        },
        /as well/,
      ],
      [{ limit: 1, period: 'day', cost: 2 }, /no request would pass/],
      [{ limit: 5, period: 'day', groups: { free: {} } }, /groups\.free: there is no limit/],
      [{ limit: 1, period: 'day', timeZone: 'Mars/Olympus' }, /"Mars\/Olympus" is no time zone/],
      [{ limit: 1, period: 'day', onStoreError: 'allow' }, /onStoreError/],
      [{ limit: 2_000_000_000, period: 'day' }, /limit/],
    ] as const)
      assert.match(optionMistakes(quota, options).join('\n'), mistake);
    assert.deepEqual(optionMistakes(quota, { limit: 1_000_000_000, period: 'month' }), []);
  });
});
