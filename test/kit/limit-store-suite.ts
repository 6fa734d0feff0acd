import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { LimitAlgorithm, LimitEffect, LimitRule, LimitStore } from '../../src/core/limits.ts';
import { FakeClock } from './fake-clock.ts';
import { LimitModel } from './limit-model.ts';

/** Opens a store that has counted nothing yet and goes by this clock. */
export type OpenLimitStore = (clock: FakeClock) => LimitStore | Promise<LimitStore>;

const algorithms: readonly LimitAlgorithm[] = ['gcra', 'sliding-window', 'fixed-window'];

/** A rule for tests: 3 units in a second unless told otherwise. */
export function limitRule(parts: Partial<LimitRule> = {}): LimitRule {
  const { limit = 3, window = 1000, algorithm = 'gcra' } = parts;
  return { id: 'test', algorithm, limit, window, burst: limit, ...parts };
}

const anyRule = fc
  .record({
    algorithm: fc.constantFrom(...algorithms),
    limit: fc.integer({ min: 1, max: 12 }),
    window: fc.constantFrom(1, 7, 100, 999, 1000, 60_000),
    more: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ more, ...rule }) =>
    limitRule({
      ...rule,
      burst: rule.algorithm === 'gcra' ? Math.max(1, rule.limit - 4 + more) : rule.limit,
    }),
  );

const anyStep = fc.record({
  wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 2500 })),
  key: fc.constantFrom('a', 'b'),
  cost: fc.integer({ min: 1, max: 3 }),
  effect: fc.constantFrom<LimitEffect>('take', 'take', 'take', 'peek', 'charge'),
});

/** What every store of limits has to do. */
export function limitStoreSuite(open: OpenLimitStore, runs = 300): void {
  it('decides as the model does, on random schedules: every decision and every number', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyRule, { minLength: 1, maxLength: 3 }),
        fc.array(anyStep, { minLength: 1, maxLength: 40 }),
        async (drawn, steps) => {
          const rules = drawn.map((rule, i) => ({ ...rule, id: `rule ${i}` }));
          const most = Math.min(...rules.map(({ burst }) => burst));
          const clock = new FakeClock();
          const limiter = (await open(clock)).limiter(rules);
          const model = new LimitModel(rules);
          for (const { wait, key, cost, effect } of steps) {
            clock.advance(wait);
            const units = Math.min(cost, most);
            const expected = model.decide(key, units, effect, clock.now());
            assert.deepEqual(await limiter.decide(key, units, effect), expected);
          }
        },
      ),
      { numRuns: runs },
    );
  });

  for (const algorithm of algorithms) {
    it(`${algorithm}: N pass, one more does not`, async () => {
      const limiter = (await open(new FakeClock())).limiter([limitRule({ algorithm, limit: 5 })]);
      const allowed: boolean[] = [];
      for (let i = 0; i < 6; i++) allowed.push((await limiter.decide('a', 1, 'take')).allowed);
      assert.deepEqual(allowed, [true, true, true, true, true, false]);
    });

    it(`${algorithm}: the largest limit over the longest window is counted exactly`, async () => {
      const clock = new FakeClock();
      const rule = limitRule({ algorithm, limit: 1_000_000, window: 2_678_400_000 });
      const limiter = (await open(clock)).limiter([rule]);
      const model = new LimitModel([rule]);
      for (const [cost, wait] of [
        [999_999, 1],
        [1, 2678],
        [1, 1_000_000_000],
        [373_357, 2_000_000_000],
        [500_000, 0],
      ] as const) {
        const expected = model.decide('a', cost, 'take', clock.now());
        assert.deepEqual(await limiter.decide('a', cost, 'take'), expected);
        clock.advance(wait);
      }
    });

    it(`${algorithm}: a clock that is set back locks nobody out for longer than one that is not`, async () => {
      const clock = new FakeClock();
      const limiter = (await open(clock)).limiter([limitRule({ algorithm })]);
      for (let i = 0; i < 4; i++) await limiter.decide('a', 1, 'take');
      clock.jump(-86_400_000);
      const set = await limiter.decide('a', 1, 'take');
      assert.ok((set.states[0]?.retryAfter ?? Infinity) <= 2000, JSON.stringify(set));
      clock.advance(2000);
      assert.equal((await limiter.decide('a', 3, 'take')).allowed, true);
    });

    it(`${algorithm}: a clock that is set forward is as if the time had passed`, async () => {
      const clock = new FakeClock();
      const limiter = (await open(clock)).limiter([limitRule({ algorithm })]);
      for (let i = 0; i < 4; i++) await limiter.decide('a', 1, 'take');
      clock.jump(86_400_000);
      assert.equal((await limiter.decide('a', 3, 'take')).allowed, true);
      assert.equal((await limiter.decide('a', 1, 'take')).allowed, false);
    });
  }

  it('a request that one rule refuses is counted by none', async () => {
    const rules = [limitRule({ id: 'wide', limit: 100 }), limitRule({ id: 'narrow', limit: 2 })];
    const limiter = (await open(new FakeClock())).limiter(rules);
    for (let i = 0; i < 10; i++) await limiter.decide('a', 1, 'take');
    const { states } = await limiter.decide('a', 1, 'peek');
    assert.deepEqual(
      states.map(({ remaining }) => remaining),
      [98, 0],
    );
  });

  it('counts what is charged also where nothing is left, and never beyond the limit', async () => {
    const limiter = (await open(new FakeClock())).limiter([
      limitRule({ id: 'a' }),
      limitRule({ id: 'b', limit: 5 }),
    ]);
    for (let i = 0; i < 10; i++) await limiter.decide('a', 1, 'charge');
    const { states } = await limiter.decide('a', 1, 'peek');
    assert.deepEqual(
      states.map(({ remaining, retryAfter }) => [remaining, retryAfter]),
      [
        [0, 334],
        [0, 200],
      ],
    );
  });

  it('rules of the same id count together, whoever asks; all others apart', async () => {
    const store = await open(new FakeClock());
    const shared = limitRule({ id: 'shared', limit: 2 });
    const first = store.limiter([shared, limitRule({ id: 'own' })]);
    const second = store.limiter([limitRule({ id: 'other' }), shared]);
    await first.decide('a', 1, 'take');
    await second.decide('a', 1, 'take');
    assert.deepEqual(
      (await first.decide('a', 1, 'peek')).states.map(({ remaining }) => remaining),
      [0, 2],
    );
    assert.equal((await second.decide('b', 1, 'take')).allowed, true);
  });

  it('tells keys apart whatever they are made of', async () => {
    const limiter = (await open(new FakeClock())).limiter([limitRule({ limit: 1 })]);
    for (const key of [
      '',
      '\0',
      'a',
      'A',
      'a\r\nSET x 1\r\n',
      '{a}',
      '*',
      'é',
      '\ud800',
      'x'.repeat(100_000),
    ]) {
      assert.equal((await limiter.decide(key, 1, 'take')).allowed, true, key.slice(0, 20));
      assert.equal((await limiter.decide(key, 1, 'take')).allowed, false, key.slice(0, 20));
    }
  });
}
