import { type Counted, CountedBy } from '../../core/counted-by.ts';
import { scopeOf } from '../../core/counting-options.ts';
import type { Exchange } from '../../core/exchange.ts';
import { type Decider, deciderOpener, type Ruling } from '../../core/limit-decider.ts';
import type { LimitAccount } from '../../core/limit-phases.ts';
import { type Sharing, sharingOf } from '../../core/limit-sharing.ts';
import type { LimitDecision, LimitEffect, LimitRule } from '../../core/limits.ts';
import type { Setup } from '../../core/policy.ts';
import { compileLimits, type LimitSet, openLimits } from './limit-set.ts';
import type { RateLimitOptions } from './options.ts';

/** The limits of a request, and its key under them. */
type Asked = Counted<LimitSet>;

/** What requests are counted against: all of the policy but its phases and its words. */
export class Counting implements LimitAccount<Asked> {
  readonly #cost: number;
  readonly #sharing: Sharing | undefined;
  readonly #countedBy: CountedBy<LimitSet>;
  readonly #deciders: Decider[] = [];

  /** @throws PolicyOptionError when the options make no sense together. */
  constructor(options: RateLimitOptions, setup: Setup) {
    this.#cost = options.cost;
    this.#sharing = sharingOf(options, setup);
    const openDecider = deciderOpener(this.#sharing, setup);
    const open = (rules: readonly LimitRule[]): Decider => {
      const decider = openDecider(rules);
      this.#deciders.push(decider);
      return decider;
    };
    const scope = scopeOf(options, setup);
    this.#countedBy = new CountedBy(options, setup, (group, by) =>
      openLimits(compileLimits(options, group), by, scope, open),
    );
  }

  /** The names of all limits, whomever they are for. */
  names(): string[] {
    return this.#countedBy.usual().flatMap(({ names }) => names);
  }

  ask(exchange: Exchange): Asked | undefined {
    return this.#countedBy.ask(exchange);
  }

  askAgain(asked: Asked): Asked {
    return asked;
  }

  decide({ where, key }: Asked, effect: LimitEffect): Ruling | Promise<Ruling> {
    return where.decider.decide(key, this.#cost, effect);
  }

  describe(exchange: Exchange): string {
    return this.#countedBy.describe(exchange);
  }

  notes({ where: { names, rules } }: Asked, decision: LimitDecision | undefined): string[] {
    return rules.map(({ limit, window, burst, algorithm }, i) => {
      const atOnce = burst === limit ? '' : `, ${burst} at once`;
      const left = decision === undefined ? '' : `, ${decision.states[i]?.remaining ?? 0} left`;
      return `${names[i]}: ${limit} in ${window / 1000} s${atOnce} (${algorithm})${left}`;
    });
  }

  place(): string[] {
    if (this.#sharing === undefined) return [];
    const { mode, syncEvery, onStoreError } = this.#sharing;
    const how = mode === 'synced' ? `synced every ${syncEvery} ms` : 'exact';
    return [
      `counted in Redis (${how}; ${onStoreError} without it), which is not asked here for what is left`,
    ];
  }

  /** Settles what is to be settled. */
  async close(): Promise<void> {
    for (const decider of this.#deciders) await decider.close?.();
  }
}
