import type { LimitDecision, LimitEffect, Limiter, LimitRule } from '../../core/limits.ts';
import { type RedisLink, type RedisReply, StoreError } from '../../core/redis.ts';
import { algorithmOf } from '../limits/algorithm.ts';
import { countedState } from '../limits/limit-state.ts';
import { LimitKeys } from './limit-keys.ts';
import { decideScript } from './limit-scripts.ts';

/**
 * A limiter that asks Redis for each decision, and goes by its clock. A decision that ran out of time may have been counted there;
 * it is never sent twice.
 */
export class ExactLimiter implements Limiter {
  readonly #link: RedisLink;
  readonly #rules: readonly LimitRule[];
  readonly #keys: LimitKeys;
  readonly #arguments: readonly string[];

  constructor(link: RedisLink, rules: readonly LimitRule[]) {
    this.#link = link;
    this.#rules = rules;
    this.#keys = new LimitKeys(rules);
    this.#arguments = rules.flatMap(ruleArguments);
  }

  async decide(key: string, cost: number, effect: LimitEffect): Promise<LimitDecision> {
    const args = [effect, String(cost), ...this.#arguments];
    const reply = numbersOf(
      await this.#link.script(decideScript, this.#keys.of(key), args),
      2 + 2 * this.#rules.length,
    );
    const [first = 0, time = 0] = reply;
    const allowed = first === 1;
    const counts = effect === 'charge' || (effect === 'take' && allowed);
    const states = this.#rules.map((rule, i) => {
      const cell = { time, level: reply[2 + i * 2] ?? 0, previous: reply[3 + i * 2] ?? 0 };
      return countedState(rule, algorithmOf(rule), cell, cost, counts);
    });
    return { allowed, states };
  }
}

/** A rule as both scripts read it. */
export function ruleArguments({ algorithm, limit, window, burst }: LimitRule): readonly string[] {
  return [algorithm, String(limit), String(window), String(burst)];
}

/**
 * A reply of so many numbers.
 * @throws StoreError when it is anything else.
 */
export function numbersOf(reply: RedisReply, count: number): readonly number[] {
  if (Array.isArray(reply) && reply.length === count && reply.every((each) => typeof each === 'number'))
    return reply;
  throw new StoreError('protocol', 'the answer to a script is not what the script answers');
}
