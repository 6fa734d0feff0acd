import type { LimitDecision, LimitEffect, LimitRule, LimitState } from '../../src/core/limits.ts';

/**
 * Limits as slowly and as obviously as possible: whole numbers of any size, a list of all that was counted, and searches where a
 * store computes. What a store says has to be what this says.
 */
export class LimitModel {
  readonly #rules: readonly LimitRule[];
  readonly #counted = new Map<string, Counted[]>();

  constructor(rules: readonly LimitRule[]) {
    this.#rules = rules;
  }

  decide(key: string, cost: number, effect: LimitEffect, now: number): LimitDecision {
    const all = this.#rules.map((rule) => ({ rule, counted: this.#of(rule, key) }));
    const allowed = all.every(({ rule, counted }) => passes(rule, counted, now, cost));
    const states = all.map(({ rule, counted }): LimitState => {
      const alone = passes(rule, counted, now, cost);
      const retryAfter = firstMoment(rule, counted, now, cost);
      if (effect === 'charge' || (effect === 'take' && allowed)) {
        const units = Math.min(cost, room(rule, counted, now));
        counted.push({ time: now, units });
      }
      const remaining = firstThat(1, rule.burst + 1, (units) => !passes(rule, counted, now, units)) - 1;
      return {
        allowed: alone,
        remaining,
        more: remaining === rule.burst ? 0 : firstMoment(rule, counted, now, remaining + 1),
        reset: firstMoment(rule, counted, now, rule.burst),
        retryAfter,
      };
    });
    return { allowed, states };
  }

  #of(rule: LimitRule, key: string): Counted[] {
    const name = `${rule.id} ${key}`;
    let counted = this.#counted.get(name);
    if (counted === undefined) this.#counted.set(name, (counted = []));
    return counted;
  }
}

/** Something that was counted; a part of a unit where a bucket had no more room. */
interface Counted {
  readonly time: number;
  readonly units: number;
}

/** How many units can be counted: what a window has left; a bucket takes what fits into it, in parts of a unit. */
function room(rule: LimitRule, counted: readonly Counted[], now: number): number {
  if (rule.algorithm === 'gcra') return Infinity;
  return rule.limit - unitsIn(rule, counted, Math.floor(now / rule.window));
}

function passes(rule: LimitRule, counted: readonly Counted[], now: number, cost: number): boolean {
  const { algorithm, limit, window, burst } = rule;
  if (algorithm === 'gcra') {
    const arrival = arrivalTime(rule, counted, now);
    const at = BigInt(now) * BigInt(limit);
    return arrival + BigInt(cost * window) - at <= BigInt(burst) * BigInt(window);
  }
  const index = Math.floor(now / window);
  const current = BigInt(unitsIn(rule, counted, index) + cost);
  if (algorithm === 'fixed-window') return current <= BigInt(limit);
  const previous = BigInt(unitsIn(rule, counted, index - 1));
  const share = BigInt(window - (now % window));
  return previous * share + current * BigInt(window) <= BigInt(limit) * BigInt(window);
}

/** The theoretical arrival time of ITU-T I.371, by virtual scheduling; in milliseconds times `limit`. */
function arrivalTime({ limit, window, burst }: LimitRule, counted: readonly Counted[], now: number): bigint {
  let arrival = 0n;
  const later = (a: bigint, b: bigint): bigint => (a > b ? a : b);
  for (const { time, units } of counted) {
    const at = BigInt(time) * BigInt(limit);
    const most = at + BigInt(burst) * BigInt(window);
    arrival = later(arrival, at) + BigInt(units * window);
    if (arrival > most) arrival = most;
  }
  return later(arrival, BigInt(now) * BigInt(limit));
}

function unitsIn({ window }: LimitRule, counted: readonly Counted[], index: number): number {
  return counted
    .filter(({ time }) => Math.floor(time / window) === index)
    .reduce((sum, { units }) => sum + units, 0);
}

/** In how many milliseconds it passes, if nothing else comes. */
function firstMoment(rule: LimitRule, counted: readonly Counted[], now: number, cost: number): number {
  const longest = 2 * rule.window + Math.ceil((rule.burst * rule.window) / rule.limit);
  return firstThat(0, longest, (wait) => passes(rule, counted, now + wait, cost));
}

/** The smallest number from `min` to `max` for which something holds that holds for all larger ones too; `max` where there is none. */
function firstThat(min: number, max: number, holds: (number: number) => boolean): number {
  let [low, high] = [min, max];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
