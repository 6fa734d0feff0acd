import type { AnswerStore } from '../core/answer-store.ts';
import type { Clock } from '../core/clock.ts';
import type { Limits } from '../core/limits.ts';
import type { Setup } from '../core/policy.ts';
import { systemRandom } from '../core/random.ts';
import type { RedisLink } from '../core/redis.ts';
import { SharedValues } from '../gateway/shared-values.ts';
import { AnswerMemory } from '../store/answers/answer-memory.ts';
import { createLimitMemory } from '../store/limits/limit-memory.ts';
import { LocalLimits } from '../store/limits/local-limits.ts';
import { RedisLimits } from '../store/redis/redis-limits.ts';
import { LocalSlots } from '../store/slots/local-slots.ts';
import { createSlotMemory } from '../store/slots/slot-memory.ts';

/**
 * What a policy is lent in a test: all of it works, in memory, and reaches nothing.
 * @param counts where counters, gauges and timers count, by their name and labels: a timer how often, not how long.
 * @param own what the test lends in place of that.
 * @param part the policy that it is lent to, where another is made of it: its counters have that name in front.
 */
export function fakeSetup(
  counts: Map<string, number>,
  own: Partial<Setup> & Pick<Setup, 'clock'>,
  part = '',
): Setup {
  const { clock } = own;
  return {
    random: systemRandom,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    metrics: {
      counter(name, _help, labels = {}) {
        const key = [
          part + name,
          ...Object.entries(labels).map(([label, value]) => `${label}=${value}`),
        ].join(' ');
        counts.set(key, 0);
        return { add: (amount = 1) => void counts.set(key, (counts.get(key) ?? 0) + amount) };
      },
      gauge(name) {
        counts.set(part + name, counts.get(part + name) ?? 0);
        return { add: (amount) => void counts.set(part + name, (counts.get(part + name) ?? 0) + amount) };
      },
      // How often, not how long.
      timer(name) {
        counts.set(part + name, 0);
        return { observe: () => void counts.set(part + name, (counts.get(part + name) ?? 0) + 1) };
      },
    },
    fetch: () => Promise.reject(new Error('this test fetches nothing: lend it a `fetch`')),
    share: new SharedValues().of('test'),
    redis: undefined,
    answers: answersFor(clock),
    limits: limitsFor(clock, own.redis),
    slots: new LocalSlots(createSlotMemory(systemRandom, 1), 1),
    routeName: 'test',
    routeId: 'test',
    onEveryRoute: false,
    paramNames: [],
    of: (policy) => fakeSetup(counts, own, `${policy} `),
    ...own,
  };
}

/** Limits in a memory of 64 KiB, and in Redis where there is one. */
function limitsFor(clock: Clock, redis: RedisLink | undefined): Limits {
  const local = new LocalLimits(createLimitMemory(65_536, systemRandom, clock.now()), 1, clock);
  return {
    limiter: (rules) => local.limiter(rules),
    shared: redis && new RedisLimits(redis, local, clock),
  };
}

/** Answers in a memory of 1 MiB, of which the largest has 64 KiB. */
function answersFor(clock: Clock): AnswerStore {
  const metrics = { kept: () => undefined, evicted: () => undefined };
  return new AnswerMemory(
    { clock, metrics, later: (task) => void setImmediate(task) },
    { bytes: 1_048_576, largest: 65_536 },
  );
}
