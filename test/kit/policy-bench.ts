import type { z } from 'zod';
import { readWithSchema } from '../../src/config/read-with-schema.ts';
import type { Exchange, Reply, ResponseHead } from '../../src/core/exchange.ts';
import type { PolicyDefinition, PolicyInstance, Setup } from '../../src/core/policy.ts';
import { PolicyOptionError } from '../../src/core/policy.ts';
import { fakeSetup } from '../../src/testing/fake-setup.ts';
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
  const instance = definition.create(definition.options.parse(options), setupOf(counts, setup));
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
    definition.create(reading.value, setupOf(new Map(), setup));
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

/** Time that stands still at its very beginning, unless the test has another. */
function setupOf(counts: Map<string, number>, own: Partial<Setup>): Setup {
  return fakeSetup(counts, { clock: { now: () => 0, monotonic: () => 0 }, ...own });
}

function mistake(path: readonly PropertyKey[], found: string, remedy: string): string {
  return `${path.map(String).join('.')}: ${found} | ${remedy}`;
}
