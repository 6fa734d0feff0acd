import type { z } from 'zod';
import { readWithSchema } from '../../src/config/read-with-schema.ts';
import type { AnswerStore } from '../../src/core/answer-store.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { Exchange, Reply, ResponseHead } from '../../src/core/exchange.ts';
import type { PolicyDefinition, PolicyInstance, Setup } from '../../src/core/policy.ts';
import { PolicyOptionError } from '../../src/core/policy.ts';
import type { Limits } from '../../src/core/limits.ts';
import { systemRandom } from '../../src/core/random.ts';
import type { RedisLink } from '../../src/core/redis.ts';
import { SharedValues } from '../../src/gateway/shared-values.ts';
import { AnswerMemory } from '../../src/store/answers/answer-memory.ts';
import { createLimitMemory } from '../../src/store/limits/limit-memory.ts';
import { LocalLimits } from '../../src/store/limits/local-limits.ts';
import { LocalSlots } from '../../src/store/slots/local-slots.ts';
import { createSlotMemory } from '../../src/store/slots/slot-memory.ts';
import { RedisLimits } from '../../src/store/redis/redis-limits.ts';
import { fakeResponse } from './fake-exchange.ts';

/** A policy made as the gateway makes it, and the counters that it keeps. */
export interface BenchedPolicy {
  readonly instance: PolicyInstance;
  readonly counts: ReadonlyMap<string, number>;
}

/** Parses the options as a configuration does, and makes an instance. Throws what either of them throws. */
export function benchPolicy<Name extends string, Options extends z.ZodType>(
  definition: PolicyDefinition<Name, Options>,
  options: z.input<Options>,
  setup: Partial<Setup> = {},
): BenchedPolicy {
  const counts = new Map<string, number>();
  const instance = definition.create(definition.options.parse(options), fakeSetup(counts, setup));
  return { instance, counts };
}

/**
 * What is wrong with the options, in the words in which a configuration is refused, each as `where: what | remedy`;
 * nothing when an instance can be made.
 */
export function optionMistakes(
  definition: PolicyDefinition,
  options: unknown,
  setup: Partial<Setup> = {},
): string[] {
  const reading = readWithSchema(definition.options, options);
  if (!reading.ok) return reading.findings.map(({ path, found, remedy }) => mistake(path, found, remedy));
  try {
    definition.create(reading.value, fakeSetup(new Map(), setup));
    return [];
  } catch (error) {
    if (!(error instanceof PolicyOptionError)) throw error;
    return [mistake(error.path, error.message, error.remedy)];
  }
}

/** Runs `onRequest` of a policy that answers at once. */
export function ask({ instance }: BenchedPolicy, exchange: Exchange): Reply | undefined {
  const verdict = instance.onRequest?.(exchange);
  if (verdict instanceof Promise) throw new TypeError('the policy answered with a promise');
  return verdict ?? undefined;
}

/** Runs `onResponse` of a policy that is done at once, and returns the head. */
export function answer(
  { instance }: BenchedPolicy,
  exchange: Exchange,
  head: ResponseHead = fakeResponse(),
): ResponseHead {
  if (instance.onResponse?.(exchange, head) instanceof Promise)
    throw new TypeError('the policy answered with a promise');
  return head;
}

/** A reply as the head that `onResponse` then sees. */
export function headOf(reply: Reply | undefined): ResponseHead {
  if (reply === undefined) throw new TypeError('there is no reply');
  return fakeResponse([...(reply.headers ?? [])], { status: reply.status, from: 'reply' });
}

/** @param part the policy that it is lent to, where another is made of it: its counters have that name in front. */
function fakeSetup(counts: Map<string, number>, own: Partial<Setup>, part = ''): Setup {
  const clock = own.clock ?? { now: () => 0, monotonic: () => 0 };
  return {
    clock,
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
    fetch: () => Promise.reject(new Error('no test fetches anything unless it says so')),
    share: new SharedValues().of('test'),
    redis: undefined,
    answers: answersFor(clock),
    limits: limitsFor(clock, own.redis),
    slots: new LocalSlots(createSlotMemory(systemRandom, 1), 1),
    routeName: 'test',
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

function mistake(path: readonly PropertyKey[], found: string, remedy: string): string {
  return `${path.map(String).join('.')}: ${found} | ${remedy}`;
}
