import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import type { Reply } from '../../core/exchange.ts';
import type { LimitDecision, LimitEffect, Limits, LocalLimiter, SyncedLimiter } from '../../core/limits.ts';
import { StoreError, unconnectedRedis } from '../../core/redis.ts';
import { systemRandom } from '../../core/random.ts';
import { createLimitMemory } from '../../store/limits/limit-memory.ts';
import { LocalLimits } from '../../store/limits/local-limits.ts';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { fakeExchange, fakeResponse } from '../../../test/kit/fake-exchange.ts';
import { type BenchedPolicy, benchPolicy, headOf, optionMistakes } from '../../../test/kit/policy-bench.ts';
import { rateLimit } from './rate-limit.ts';

type Options = z.input<typeof rateLimit.options>;

/** Limits whose Redis is a memory in this process, which can be taken away. */
class Store implements Limits {
  broken: Error | undefined;
  readonly effects: LimitEffect[] = [];
  settled = 0;
  readonly #here: LocalLimits;
  readonly #there: LocalLimits;

  constructor(clock: FakeClock) {
    const memory = (): SharedArrayBuffer => createLimitMemory(65_536, systemRandom, clock.now());
    [this.#here, this.#there] = [new LocalLimits(memory(), 1, clock), new LocalLimits(memory(), 1, clock)];
  }

  limiter: Limits['limiter'] = (rules) => this.#here.limiter(rules);

  readonly shared = {
    exact: (rules: Parameters<Limits['limiter']>[0]) => {
      const there = this.#there.limiter(rules);
      return {
        decide: (key: string, cost: number, effect: LimitEffect): Promise<LimitDecision> => {
          this.effects.push(effect);
          return this.broken ? Promise.reject(this.broken) : Promise.resolve(there.decide(key, cost, effect));
        },
      };
    },
    synced: (rules: Parameters<Limits['limiter']>[0]): SyncedLimiter => {
      const there: LocalLimiter = this.#there.limiter(rules);
      const isBroken = (): boolean => this.broken !== undefined;
      return {
        get inTouch() {
          return !isBroken();
        },
        decide: (key, cost, effect) => {
          this.effects.push(effect);
          return there.decide(key, cost, effect);
        },
        settle: async () => {
          this.settled++;
        },
      };
    },
  };
}

function scene(options: Options) {
  const clock = new FakeClock();
  const store = new Store(clock);
  const policy = benchPolicy(rateLimit, options, { clock, limits: store });
  const send = async (status = 200): Promise<number> => {
    const reply = await through(policy, status);
    return reply?.status ?? status;
  };
  return { policy, send, store };
}

/** Sends a request through both phases. @returns the policy's own answer. */
async function through({ instance }: BenchedPolicy, status: number): Promise<Reply | undefined> {
  const exchange = fakeExchange();
  const reply = (await instance.onRequest?.(exchange)) ?? undefined;
  await instance.onResponse?.(exchange, reply === undefined ? fakeResponse({}, { status }) : headOf(reply));
  return reply;
}

const two = { limit: 2, window: '1h' } as const;

describe('rate-limit with a Redis', () => {
  it('asks it for each request, and counts how long it takes', async () => {
    const { policy, send, store } = scene(two);
    assert.deepEqual([await send(), await send(), await send()], [200, 200, 429]);
    assert.deepEqual(store.effects, ['take', 'take', 'take']);
    assert.deepEqual([policy.counts.get('store'), policy.counts.get('store_errors')], [3, 0]);
  });

  for (const [onStoreError, statuses] of [
    [undefined, [200, 200, 429]],
    ['local', [200, 200, 429]],
    ['allow', [200, 200, 200]],
    ['deny', [503, 503, 503]],
  ] as const) {
    for (const mode of ['exact', 'synced'] as const) {
      it(`${mode}, without it, ${onStoreError ?? 'local unless told otherwise'}`, async () => {
        const { policy, send, store } = scene({ ...two, mode, ...(onStoreError && { onStoreError }) });
        store.broken = new StoreError('unavailable', 'gone');
        assert.deepEqual([await send(), await send(), await send()], statuses);
        assert.equal(policy.counts.get('store_errors'), 3);
        store.broken = undefined;
        assert.equal(await send(), mode === 'synced' && statuses[2] === 429 ? 429 : 200);
      });
    }
  }

  it('answers 503 as a problem, and when to come again', async () => {
    const { policy, store } = scene({ ...two, onStoreError: 'deny' });
    store.broken = new StoreError('timeout', 'late');
    const reply = await through(policy, 200);
    assert.equal(
      reply?.body,
      '{"title":"Service Unavailable","status":503,"detail":"Limits cannot be looked up now; try again in a moment.","code":"limits_unavailable","requestId":"0190a1b2-0000-4000-8000-000000000001"}',
    );
    assert.equal(headOf(reply).headers.get('retry-after'), '1');
  });

  it('what is only watched refuses nobody, whatever becomes of Redis', async () => {
    const { send, store } = scene({ ...two, onStoreError: 'deny', dryRun: true });
    store.broken = new StoreError('timeout', 'late');
    assert.equal(await send(), 200);
  });

  it('a mistake in the program is none of Redis', async () => {
    const { send, store, policy } = scene({ ...two, onStoreError: 'allow' });
    store.broken = new TypeError('a mistake');
    await assert.rejects(send(), /a mistake/);
    assert.equal(policy.counts.get('store_errors'), 0);
  });

  it('charges there what is known only after the answer', async () => {
    const { send, store } = scene({ ...two, statuses: [401] });
    assert.deepEqual(
      [await send(401), await send(200), await send(401), await send(200)],
      [401, 200, 401, 429],
    );
    assert.deepEqual(store.effects, ['peek', 'charge', 'peek', 'peek', 'charge', 'peek']);
  });

  it('charges nobody whom it could not look up', async () => {
    const { send, store } = scene({ ...two, statuses: [401], onStoreError: 'allow' });
    store.broken = new StoreError('unavailable', 'gone');
    await send(401);
    assert.deepEqual(store.effects, ['peek']);
  });

  it('synced, answers at once, and settles when it is closed', async () => {
    const { policy, store } = scene({ ...two, mode: 'synced' });
    assert.equal(policy.instance.onRequest?.(fakeExchange()), undefined);
    await policy.instance.close?.();
    assert.equal(store.settled, 1);
  });

  it('has nothing to do with it in mode local', async () => {
    const { send, store, policy } = scene({ ...two, mode: 'local' });
    store.broken = new StoreError('unavailable', 'gone');
    assert.deepEqual([await send(), await send(), await send()], [200, 200, 429]);
    assert.equal(policy.counts.has('store_errors'), false);
  });

  it('explains what it would count, without asking', async () => {
    const { policy, store } = scene({ ...two, mode: 'synced', syncEvery: '50ms', onStoreError: 'deny' });
    const explained = await policy.instance.explain?.(fakeExchange());
    assert.deepEqual(explained, {
      notes: [
        'counted by ip 192.0.2.1',
        'hour: 2 in 3600 s (gcra)',
        'counted in Redis (synced every 50 ms; deny without it), which is not asked here for what is left',
      ],
    });
    assert.deepEqual(store.effects, []);
  });
});

describe('mistakes about where requests are counted', () => {
  const redis = unconnectedRedis;
  for (const [options, setup, expected] of [
    [{ mode: 'exact' }, {}, 'mode: there is no Redis to count in, and `mode` is exact | write redis: '],
    [{ mode: 'synced' }, {}, 'mode: there is no Redis to count in, and `mode` is synced | '],
    [
      { onStoreError: 'deny' },
      {},
      'onStoreError: requests are counted in this process, which no Redis can fail | ',
    ],
    [
      { onStoreError: 'deny', mode: 'local' },
      { redis },
      'onStoreError: requests are counted in this process',
    ],
    [{ syncEvery: '100ms' }, { redis }, 'syncEvery: only limits with `mode: synced` are settled | '],
    [{ mode: 'synced', syncEvery: '10ms' }, { redis }, 'syncEvery: '],
    [{ mode: 'synced', syncEvery: '1s' }, { redis }, 'syncEvery: '],
    [{ mode: 'sometimes' }, { redis }, 'mode: '],
    [{ mode: 'synced', syncEvery: '500ms', onStoreError: 'allow' }, { redis }, undefined],
    [{ mode: 'local' }, {}, undefined],
  ] as const) {
    it(`${JSON.stringify(options)}, ${'redis' in setup ? 'with' : 'without'} Redis`, () => {
      const found = optionMistakes(rateLimit, { ...two, ...options }, setup);
      if (expected === undefined) assert.deepEqual(found, []);
      else assert.ok(found.length === 1 && found[0]?.startsWith(expected), found.join('\n'));
    });
  }
});
