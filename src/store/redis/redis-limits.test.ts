import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { type Clock, systemClock } from '../../core/clock.ts';
import type { LimitRule, LimitStore } from '../../core/limits.ts';
import { systemRandom } from '../../core/random.ts';
import { type RedisLink, StoreError } from '../../core/redis.ts';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { eventually } from '../../../test/kit/eventually.ts';
import { suiteEnd } from '../../../test/kit/finish.ts';
import { limitRule, limitStoreSuite } from '../../../test/kit/limit-store-suite.ts';
import { needs } from '../../../test/kit/needs.ts';
import { openLink, settingsFor } from '../../../test/kit/redis-scene.ts';
import { type RedisServer, startRedis } from '../../../test/kit/redis-server.ts';
import { timedLink } from '../../../test/kit/timed-limits.ts';
import { createLimitMemory } from '../limits/limit-memory.ts';
import { LocalLimits } from '../limits/local-limits.ts';
import { RedisLimits } from './redis-limits.ts';

const skip = needs('redis-server');
/** Longer than any test takes: it is settled when a test says so. */
const NEVER = 2_000_000_000;
const long = { window: 2_678_400_000 };

describe('limits in a real Redis', { skip }, () => {
  const end = suiteEnd();
  let link: RedisLink;
  let redis: RedisServer;
  let tries = 0;

  before(async () => {
    redis = await startRedis(end);
    const scene = openLink(end, settingsFor(redis.port));
    await scene.up();
    ({ link } = scene);
  });

  beforeEach(() => {
    tries++;
  });

  /** Limits of a gateway that goes by this clock, and so does Redis. Those of one prefix have the same keys. */
  function timed(clock: FakeClock, prefix = `${tries}:`): RedisLimits {
    return gateway(timedLink(link, clock, prefix), clock);
  }

  /** The names of all keys, and what is known of each. */
  async function keys(): Promise<string[]> {
    const all = (await redis.ask('KEYS', '*')) as string[];
    return all.filter((key) => key !== 'waygate:probe');
  }

  describe('asked for each decision', () => {
    let stores = 0;
    const open = (clock: FakeClock): LimitStore => {
      const limits = timed(clock, `suite ${stores++}:`);
      return { limiter: (rules) => limits.exact(rules) };
    };
    limitStoreSuite(open, 150);

    it('all rules of a request are one round trip, and requests of the same moment leave together', async () => {
      const limiter = gateway(link).exact([
        limitRule({ id: 'a', limit: 1000 }),
        limitRule({ id: 'b', limit: 1000 }),
      ]);
      await limiter.decide('warm', 1, 'take');
      const earlier = await reads(redis);
      const calls = await commands(redis);
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => limiter.decide(`pipelined ${i}`, 1, 'take')),
      );
      assert.equal((await commands(redis)) - calls, 100);
      // What asks for these figures reads a few times itself.
      const spent = (await reads(redis)) - earlier;
      assert.ok(spent <= 20, `${spent} reads`);
    });

    it('leaves keys that end when they are as good as new, and that nobody can choose', async () => {
      await redis.ask('FLUSHALL');
      const hostile = 'x}\r\nDEL * {alice@example.com}';
      const limiter = gateway(link).exact([
        limitRule({ id: 'gcra', limit: 2, window: 60_000 }),
        limitRule({ id: 'sliding', limit: 2, window: 60_000, algorithm: 'sliding-window' }),
        limitRule({ id: 'fixed', limit: 2, window: 60_000, algorithm: 'fixed-window' }),
      ]);
      await limiter.decide(hostile, 1, 'take');
      await limiter.decide('bob', 1, 'charge');
      const found = await keys();
      assert.equal(found.length, 6);
      for (const key of found) {
        assert.match(key, /^waygate:limit:\{[\w-]{21}\}:[\w-]{12}$/);
        const left = Number(await redis.ask('PTTL', key));
        assert.ok(left > 0 && left <= 120_000, `${key} ends in ${left} ms`);
      }
      assert.equal(new Set(found.map((key) => key.slice(0, 37))).size, 2);
    });

    it('writes nothing for a request that is refused or only looked at', async () => {
      await redis.ask('FLUSHALL');
      const limiter = gateway(link).exact([limitRule({ limit: 1, ...long })]);
      await limiter.decide('peeked', 1, 'peek');
      assert.deepEqual(await keys(), []);
      await limiter.decide('a', 1, 'take');
      const writes = await writesOf(redis);
      for (let i = 0; i < 10; i++) assert.equal((await limiter.decide('a', 1, 'take')).allowed, false);
      assert.equal(await writesOf(redis), writes);
    });

    it('goes by the clock of Redis, whatever that of the gateway says', async () => {
      const rules = [limitRule({ limit: 1, ...long, algorithm: 'fixed-window' })];
      const clocks = [-86_400_000, 0, 86_400_000].map((ahead) => ({ now: () => Date.now() + ahead }));
      const allowed: boolean[] = [];
      for (const clock of clocks)
        allowed.push((await gateway(link, clock).exact(rules).decide('clocks', 1, 'take')).allowed);
      assert.deepEqual(allowed, [true, false, false]);
    });

    it('takes what it cannot read for a key that was never seen', async () => {
      const limiter = gateway(link).exact([limitRule({ id: 'strange', limit: 2, ...long })]);
      await redis.ask('FLUSHALL');
      await limiter.decide('strange', 1, 'take');
      for (const value of ['', 'x', '1 2', '-1 -1 -1', '1e400 1e400 1e400', 'nan nan nan']) {
        for (const name of await keys()) await redis.ask('SET', name, value);
        assert.equal((await limiter.decide('strange', 2, 'take')).allowed, true, value);
      }
      for (const name of await keys()) {
        await redis.ask('DEL', name);
        await redis.ask('LPUSH', name, 'a list');
      }
      assert.equal((await limiter.decide('strange', 2, 'take')).allowed, true);
    });

    it('says so when an answer is none of its script', async () => {
      for (const reply of ['OK', null, [1], [1, 2, 3, 'x'], [1, 2, 3, 4, 5]]) {
        const limiter = gateway({ ...link, script: () => Promise.resolve(reply) }).exact([limitRule()]);
        await assert.rejects(
          async () => limiter.decide('a', 1, 'take'),
          (error) => error instanceof StoreError && error.kind === 'protocol',
        );
      }
    });
  });

  describe('told afterwards', () => {
    it('a gateway that has settled decides as one that asks, on random schedules', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom<LimitRule['algorithm']>('gcra', 'sliding-window', 'fixed-window'),
          fc.array(
            fc.record({
              wait: fc.integer({ min: 0, max: 700 }),
              cost: fc.integer({ min: 1, max: 3 }),
            }),
            { maxLength: 30 },
          ),
          async (algorithm, steps) => {
            const clock = new FakeClock();
            const rules = [limitRule({ algorithm, limit: 7 })];
            const synced = timed(clock, `synced ${tries}:`).synced(rules, NEVER);
            const exact = timed(clock, `exact ${tries++}:`).exact(rules);
            for (const { wait, cost } of steps) {
              clock.advance(wait);
              assert.deepEqual(synced.decide('a', cost, 'take'), await exact.decide('a', cost, 'take'));
              await synced.settle();
            }
          },
        ),
        { numRuns: 60 },
      );
    });

    it('each gateway learns what the others have let pass', async () => {
      const clock = new FakeClock();
      const [one, two] = [0, 1].map(() => timed(clock).synced([limitRule({ limit: 5 })], NEVER));
      assert.ok(one !== undefined && two !== undefined);
      for (let i = 0; i < 4; i++) assert.equal(one.decide('a', 1, 'take').allowed, true);
      await one.settle();
      assert.equal(two.decide('a', 1, 'peek').states[0]?.remaining, 5);
      await two.settle();
      assert.equal(two.decide('a', 1, 'peek').states[0]?.remaining, 1);
      await two.settle();
    });

    for (const algorithm of ['gcra', 'sliding-window', 'fixed-window'] as const) {
      it(`${algorithm}: what was let pass too early is paid back`, async () => {
        const clock = new FakeClock();
        const gateways = Array.from({ length: 4 }, () =>
          timed(clock).synced([limitRule({ algorithm, limit: 10, window: 1000 })], NEVER),
        );
        let passed = 0;
        // Twenty windows, settled every 100 ms, with more requests at each gateway than all of them may let pass.
        for (let round = 0; round < 200; round++) {
          for (const limiter of gateways)
            for (let i = 0; i < 12; i++) if (limiter.decide('a', 1, 'take').allowed) passed++;
          for (const limiter of gateways) await limiter.settle();
          clock.advance(100);
        }
        const most = { gcra: 10 + 200, 'sliding-window': 20 * 10, 'fixed-window': 20 * 10 }[algorithm];
        // Fixed windows forget at each edge: there, each gateway may let pass a window's worth before it is told.
        const bound = algorithm === 'fixed-window' ? 20 * 3 * 10 : 3 * 12;
        assert.ok(passed >= most * 0.9 && passed <= most + bound, `${passed} of ${most}`);
      });
    }

    it('what is charged counts no higher than the limit, and no debt is forgiven by it', async () => {
      const clock = new FakeClock();
      const [one, two] = [0, 1].map(() => timed(clock).synced([limitRule({ limit: 3, ...long })], NEVER));
      assert.ok(one !== undefined && two !== undefined);
      for (let i = 0; i < 10; i++) one.decide('charged', 1, 'charge');
      for (const limiter of [one, two]) for (let i = 0; i < 3; i++) limiter.decide('owed', 1, 'take');
      for (const limiter of [one, two]) await limiter.settle();
      const perUnit = Math.ceil(long.window / 3);
      assert.equal(one.decide('charged', 1, 'peek').states[0]?.retryAfter, perUnit);
      two.decide('owed', 1, 'charge');
      await two.settle();
      assert.equal(two.decide('owed', 1, 'peek').states[0]?.retryAfter, 4 * perUnit);
      await Promise.all([one.settle(), two.settle()]);
    });

    it('a Redis that was emptied makes nobody forget what is known here', async () => {
      const clock = new FakeClock();
      const limiter = timed(clock).synced([limitRule({ limit: 2, ...long })], NEVER);
      for (let i = 0; i < 2; i++) limiter.decide('a', 1, 'take');
      await limiter.settle();
      await redis.ask('FLUSHALL');
      assert.equal(limiter.decide('a', 1, 'take').allowed, false);
      await limiter.settle();
      assert.equal(limiter.decide('a', 1, 'take').allowed, false);
      await limiter.settle();
    });

    it('a settlement that failed is not sent again, counts on here, and the next one tells that all is well', async () => {
      const clock = new FakeClock();
      const inner = timedLink(link, clock, `${tries}:`);
      let broken = true;
      let sent = 0;
      const flaky: RedisLink = {
        ...inner,
        script: (...all) => {
          sent++;
          return broken ? Promise.reject(new StoreError('timeout', 'late')) : inner.script(...all);
        },
      };
      const limiter = gateway(flaky, clock).synced([limitRule({ limit: 3, ...long })], NEVER);
      for (let i = 0; i < 2; i++) limiter.decide('a', 1, 'take');
      await limiter.settle();
      assert.deepEqual([limiter.inTouch, sent], [false, 1]);
      broken = false;
      assert.equal(limiter.decide('a', 1, 'take').states[0]?.remaining, 0);
      await limiter.settle();
      assert.deepEqual([limiter.inTouch, sent], [true, 2]);
      // Here all three count; elsewhere, the one of which Redis was told.
      assert.equal(limiter.decide('a', 1, 'take').allowed, false);
      const { states } = await timed(clock)
        .exact([limitRule({ limit: 3, ...long })])
        .decide('a', 1, 'peek');
      assert.equal(states[0]?.remaining, 2);
      await limiter.settle();
    });

    it('settles by itself, and keeps quiet while nobody asks', async () => {
      const one = gateway(link).synced([limitRule({ id: 'itself', limit: 5, ...long })], 50);
      const other = gateway(link).exact([limitRule({ id: 'itself', limit: 5, ...long })]);
      one.decide('a', 1, 'take');
      await eventually(
        async () => (await other.decide('a', 1, 'peek')).states[0]?.remaining === 4,
        'it is settled',
      );
      const calls = await commands(redis);
      await one.settle();
      assert.equal(await commands(redis), calls);
    });

    it('has the windows of Redis, also when the clock of the machine is wrong', async () => {
      const rules = [limitRule({ id: 'skewed', limit: 3, window: 3_600_000, algorithm: 'fixed-window' })];
      const right = gateway(link, systemClock).synced(rules, NEVER);
      const wrong = gateway(link, { now: () => Date.now() - 10_000_000_000 }).synced(rules, NEVER);
      for (let i = 0; i < 3; i++) right.decide('skewed', 1, 'take');
      await right.settle();
      wrong.decide('skewed', 1, 'peek');
      await wrong.settle();
      const [here] = right.decide('skewed', 1, 'peek').states;
      const [there] = wrong.decide('skewed', 1, 'peek').states;
      assert.deepEqual([here?.remaining, there?.remaining], [0, 0]);
      assert.ok(Math.abs((here?.reset ?? 0) - (there?.reset ?? 1e9)) < 60_000);
      await Promise.all([right.settle(), wrong.settle()]);
    });
  });
});

/** Limits of a gateway of its own, with a memory of its own. */
function gateway(link: RedisLink, clock: Pick<Clock, 'now'> = systemClock): RedisLimits {
  const local = new LocalLimits(createLimitMemory(65_536, systemRandom, clock.now()), 1, clock);
  return new RedisLimits(link, local, clock);
}

async function figure(redis: RedisServer, section: string, pattern: RegExp): Promise<number> {
  const text = String(await redis.ask('INFO', section));
  return [...text.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** How often Redis has read from its connections. */
function reads(redis: RedisServer): Promise<number> {
  return figure(redis, 'stats', /total_reads_processed:(\d+)/g);
}

/** How many scripts it has run. */
function commands(redis: RedisServer): Promise<number> {
  return figure(redis, 'commandstats', /cmdstat_evalsha:calls=(\d+)/g);
}

function writesOf(redis: RedisServer): Promise<number> {
  return figure(redis, 'commandstats', /cmdstat_set:calls=(\d+)/g);
}
