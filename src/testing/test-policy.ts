import type { z } from 'zod';
import type { Finding } from '../config/finding.ts';
import { readWithSchema } from '../config/read-with-schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Exchange, Reply, ResponseHead } from '../core/exchange.ts';
import type { Fetch } from '../core/fetch.ts';
import type { PolicyDefinition, PolicyInstance, Setup } from '../core/policy.ts';
import { PolicyOptionError } from '../core/policy.ts';
import type { RedisLink } from '../core/redis.ts';
import { FakeClock } from './fake-clock.ts';
import { fakeResponse } from './fake-exchange.ts';
import { type FakeDocuments, fakeFetch } from './fake-fetch.ts';
import { fakeSetup } from './fake-setup.ts';
import type { RedisDouble } from './redis/fake-redis.ts';

/** What a policy is lent in a test, where it is not the usual: everything works, in memory, and nothing can be fetched. */
export interface TestSetup extends Partial<Omit<Setup, 'fetch' | 'redis' | 'clock'>> {
  /** A {@link FakeClock} of its own when left out. */
  readonly clock?: Clock;
  readonly fetch?: Fetch | FakeDocuments;
  /** Without it, it is as without `redis:` in the configuration. */
  readonly redis?: RedisLink | RedisDouble;
}

/** A policy by itself, made as a gateway makes it. */
export interface TestedPolicy {
  readonly instance: PolicyInstance;
  readonly clock: Clock;
  /** What it has counted so far, by the name of the counter, followed by its labels as ` label=value`. */
  readonly counts: ReadonlyMap<string, number>;
  /** Runs `onRequest`. @returns the answer that it gave, undefined where the request passes. */
  request(exchange: Exchange): Promise<Reply | undefined>;
  /** Runs `onResponse`. @returns the head as it is then; of an answer with status 200 when left out. */
  response(exchange: Exchange, head?: ResponseHead): Promise<ResponseHead>;
  /** Runs `onFinish`. */
  finish(exchange: Exchange): void;
}

/**
 * Makes one policy without a gateway, for its unit test.
 * @param options as they stand in a configuration.
 * @throws TypeError with every mistake in the options.
 */
export function testPolicy<Name extends string, Options extends z.ZodType>(
  definition: PolicyDefinition<Name, Options>,
  options: z.input<Options>,
  setup: TestSetup = {},
): TestedPolicy {
  const counts = new Map<string, number>();
  const lent = setupOf(counts, setup);
  const made = make(definition, options, lent);
  if ('mistakes' in made)
    throw new TypeError(`the options of ${definition.name} have mistakes:\n${made.mistakes.join('\n')}`);
  const { instance } = made;
  return {
    instance,
    clock: lent.clock,
    counts,
    request: async (exchange) => (await instance.onRequest?.(exchange)) ?? undefined,
    response: async (exchange, head = fakeResponse()) => {
      await instance.onResponse?.(exchange, head);
      return head;
    },
    finish: (exchange) => instance.onFinish?.(exchange),
  };
}

/**
 * What is wrong with the options of a policy, in the words in which a configuration is refused, each as `where: what: remedy`;
 * nothing when a policy can be made of them.
 */
export function optionMistakes(
  definition: PolicyDefinition,
  options: unknown,
  setup: TestSetup = {},
): readonly string[] {
  const made = make(definition, options, setupOf(new Map(), setup));
  if ('mistakes' in made) return made.mistakes;
  void made.instance.close?.();
  return [];
}

type Made = { readonly instance: PolicyInstance } | { readonly mistakes: readonly string[] };

function make(definition: PolicyDefinition, options: unknown, setup: Setup): Made {
  const reading = readWithSchema(definition.options, options);
  if (!reading.ok) return { mistakes: reading.findings.map(inWords) };
  try {
    return { instance: definition.create(reading.value, setup) };
  } catch (error) {
    if (!(error instanceof PolicyOptionError)) throw error;
    const { path, message, remedy } = error;
    return { mistakes: [inWords({ path, found: message, remedy })] };
  }
}

function setupOf(counts: Map<string, number>, setup: TestSetup): Setup {
  const { clock = new FakeClock(), fetch = {}, redis, ...own } = setup;
  return fakeSetup(counts, {
    ...own,
    clock,
    fetch: typeof fetch === 'function' ? fetch : fakeFetch([fetch], clock).fetch,
    redis: redis !== undefined && 'link' in redis ? redis.link() : redis,
  });
}

function inWords({ path, found, remedy }: Pick<Finding, 'path' | 'found' | 'remedy'>): string {
  const place = path.map(String).join('.');
  return `${place === '' ? '' : `${place}: `}${found}: ${remedy}`;
}
