import { CountedBy } from '../../core/counted-by.ts';
import { scopeOf } from '../../core/counting-options.ts';
import type { Exchange } from '../../core/exchange.ts';
import { deciderOpener, type Ruling } from '../../core/limit-decider.ts';
import type { LimitAccount } from '../../core/limit-phases.ts';
import { type Sharing, sharingOf } from '../../core/limit-sharing.ts';
import type { LimitDecision, LimitEffect } from '../../core/limits.ts';
import type { Setup } from '../../core/policy.ts';
import { Calendar } from './calendar.ts';
import type { QuotaOptions } from './options.ts';
import { compileQuotas, type LimitsNow, PeriodLimits, timed } from './period-limits.ts';

/** The quotas of a request in the periods of one moment, and its key under them. */
interface Asked {
  readonly of: PeriodLimits;
  readonly where: LimitsNow;
  readonly key: string;
  /** The moment, in milliseconds since the epoch. */
  readonly now: number;
}

/** What requests are counted against: all of the policy but its phases and its words. */
export class QuotaAccount implements LimitAccount<Asked> {
  readonly #options: QuotaOptions;
  readonly #clock: Setup['clock'];
  readonly #sharing: Sharing | undefined;
  readonly #countedBy: CountedBy<PeriodLimits>;

  /** @throws PolicyOptionError when the options make no sense together. */
  constructor(options: QuotaOptions, setup: Setup) {
    this.#options = options;
    this.#clock = setup.clock;
    this.#sharing = sharingOf({ onStoreError: options.onStoreError }, setup);
    const open = deciderOpener(this.#sharing, setup);
    const calendar = new Calendar(options.timeZone);
    const { methods = [], statuses = [], timeZone, dryRun } = options;
    const scope = [scopeOf(options, setup), timeZone, methods, statuses, dryRun];
    this.#countedBy = new CountedBy(options, setup, (group, by) => {
      // The same for all groups: who gets into another one takes along what has been used up.
      const id = JSON.stringify([...scope, by]);
      return new PeriodLimits(compileQuotas(options, group), calendar, id, open);
    });
  }

  /** The names of all limits, whomever they are for. */
  names(): string[] {
    return this.#countedBy.usual().flatMap(({ quotas }) => quotas.map(({ name }) => name));
  }

  ask(exchange: Exchange): Asked | undefined {
    const counted = this.#countedBy.ask(exchange);
    return counted && this.#askNow(counted.where, counted.key);
  }

  /** By then the next period may have begun. */
  askAgain({ of, key }: Asked): Asked {
    return this.#askNow(of, key);
  }

  decide({ where: { decider, periods }, key, now }: Asked, effect: LimitEffect): Ruling | Promise<Ruling> {
    const ruling = decider.decide(key, this.#options.cost, effect);
    if (ruling instanceof Promise) return ruling.then((made) => timed(made, periods, now));
    return timed(ruling, periods, now);
  }

  describe(exchange: Exchange): string {
    return this.#countedBy.describe(exchange);
  }

  notes({ of: { quotas }, where: { periods } }: Asked, decision: LimitDecision | undefined): string[] {
    return quotas.map(({ name, limit, period }, i) => {
      const end = new Date(periods[i]?.end ?? 0).toISOString().replace('.000', '');
      const left = decision === undefined ? '' : `, ${decision.states[i]?.remaining ?? 0} left`;
      return `${name}: ${limit} a ${period}${left}, until ${end} (${this.#options.timeZone})`;
    });
  }

  place(): string[] {
    if (this.#sharing === undefined) return [];
    const { onStoreError } = this.#sharing;
    return [`counted in Redis (${onStoreError} without it), which is not asked here for what is left`];
  }

  #askNow(of: PeriodLimits, key: string): Asked {
    const now = this.#clock.now();
    return { of, where: of.at(now), key, now };
  }
}
