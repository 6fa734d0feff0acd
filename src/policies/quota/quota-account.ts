import { scopeOf } from '../../core/counting-options.ts';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { type Decider, openDecider } from '../../core/limit-decider.ts';
import { seconds } from '../../core/limit-fields.ts';
import { type Sharing, sharingOf } from '../../core/limit-sharing.ts';
import type { LimitDecision, LimitEffect, LimitRule } from '../../core/limits.ts';
import type { PolicyCounter, Setup } from '../../core/policy.ts';
import { problemReply } from '../../core/problem.ts';
import { addressKey, compileKey, type RequestKey } from '../../core/request-key.ts';
import { Calendar } from './calendar.ts';
import type { QuotaOptions } from './options.ts';
import { compileQuotas, PeriodLimits, type QuotaDecision } from './period-limits.ts';

/** The limits of a request, and its key under them. */
export interface Asked {
  readonly limits: PeriodLimits;
  readonly key: string;
}

/** The limits of everybody or of a group: for requests that have what `by` names, and for those that lack it. */
interface GroupQuotas {
  readonly usual: PeriodLimits;
  /** Undefined when such requests are not counted. */
  readonly byAddress: PeriodLimits | undefined;
}

/** Seconds after which a client may ask again while quotas cannot be looked up: Redis is tried again twice a second. */
const RETRY_AFTER = '1';

/** What a request is counted against, and what becomes of it: all of the policy but its phases. */
export class QuotaAccount {
  readonly #options: QuotaOptions;
  readonly #setup: Setup;
  readonly #key: RequestKey;
  readonly #everybody: GroupQuotas;
  readonly #groups: ReadonlyMap<string, GroupQuotas>;
  readonly #sharing: Sharing | undefined;
  readonly #allowed: PolicyCounter;
  /** By the names of limits. */
  readonly #refused = new Map<string, PolicyCounter>();

  /** @throws PolicyOptionError when the options make no sense together. */
  constructor(options: QuotaOptions, setup: Setup) {
    this.#options = options;
    this.#setup = setup;
    this.#key = compileKey(options.by, setup);
    this.#sharing = sharingOf({ onStoreError: options.onStoreError }, setup);
    const open = this.#opener();
    const calendar = new Calendar(options.timeZone);
    const { methods = [], statuses = [], timeZone, dryRun } = options;
    const scope = [scopeOf(options, setup), timeZone, methods, statuses, dryRun];
    const ofGroup = (group: string): GroupQuotas => {
      const quotas = compileQuotas(options, group);
      // The same for all groups: who gets into another one takes along what has been used up.
      const limits = (by: string): PeriodLimits =>
        new PeriodLimits(quotas, calendar, JSON.stringify([...scope, by]), open);
      const falls = options.missing === 'ip' && this.#key.by !== addressKey.by;
      return {
        usual: limits(this.#key.by),
        byAddress: falls ? limits(`${addressKey.by} for ${this.#key.by}`) : undefined,
      };
    };
    this.#everybody = ofGroup('');
    this.#groups = new Map(Object.keys(options.groups).map((group) => [group, ofGroup(group)]));
    this.#allowed = setup.metrics.counter('allowed', 'Requests that were within every quota.');
    for (const { usual } of [this.#everybody, ...this.#groups.values()])
      for (const { name } of usual.quotas) this.#refused.set(name, this.#counterOf(name));
  }

  /** What a request is counted against; undefined when it is not. */
  ask(exchange: Exchange): Asked | undefined {
    const { usual, byAddress } = this.#quotasOf(exchange);
    const key = this.#key.read(exchange);
    if (key !== undefined) return { limits: usual, key };
    if (byAddress === undefined) return undefined;
    return { limits: byAddress, key: addressKey.read(exchange) ?? '' };
  }

  decide({ limits, key }: Asked, effect: LimitEffect): QuotaDecision | Promise<QuotaDecision> {
    return limits.decide(this.#setup.clock.now(), key, this.#options.cost, effect);
  }

  /** Counts what was decided. @returns the answer to a request that is refused, were it not for `dryRun`. */
  judge(exchange: Exchange, { limits, ruling }: QuotaDecision): Reply | undefined {
    if (ruling === 'allow') return undefined;
    if (ruling === 'deny') return unavailable(exchange);
    if (ruling.allowed) {
      this.#allowed.add();
      return undefined;
    }
    for (const [i, { allowed }] of ruling.states.entries())
      if (!allowed) this.#refused.get(limits.names[i] ?? '')?.add();
    return refusal(exchange, ruling);
  }

  /** Whether other gateways count as well; then how quotas stand is known only by asking Redis. */
  get isShared(): boolean {
    return this.#sharing !== undefined;
  }

  /** What a request is counted by, for people. */
  describe(exchange: Exchange): string {
    const described = this.#key.describe(exchange);
    const { byAddress } = this.#quotasOf(exchange);
    if (this.#key.read(exchange) !== undefined || byAddress === undefined) return described;
    return `${addressKey.describe(exchange)} (${described})`;
  }

  /**
   * The quotas of a request, and how they stand, for people.
   * @param decision undefined when it is not known.
   */
  notes({ limits }: Asked, decision: LimitDecision | undefined): string[] {
    const periods = limits.periodsAt(this.#setup.clock.now());
    return limits.quotas.map(({ name, limit, period }, i) => {
      const end = new Date(periods[i]?.end ?? 0).toISOString().replace('.000', '');
      const left = decision === undefined ? '' : `, ${decision.states[i]?.remaining ?? 0} left`;
      return `${name}: ${limit} a ${period}${left}, until ${end} (${this.#options.timeZone})`;
    });
  }

  /** Where requests are counted, for people; nothing when it is this process alone. */
  place(): string[] {
    if (this.#sharing === undefined) return [];
    const { onStoreError } = this.#sharing;
    return [`counted in Redis (${onStoreError} without it), which is not asked here for what is left`];
  }

  /** Opens limits where they are to be counted. Series about Redis begin with the first that are shared. */
  #opener(): (rules: readonly LimitRule[]) => Decider {
    const sharing = this.#sharing;
    const { metrics } = this.#setup;
    const without = sharing && {
      onStoreError: sharing.onStoreError,
      errors: metrics.counter('store_errors', 'Requests decided without Redis, as it was slow or gone.'),
      latency: metrics.timer('store', 'Time from asking Redis about a request to its decision.'),
    };
    return (rules) => openDecider(rules, sharing, without, this.#setup);
  }

  #quotasOf({ consumer }: Exchange): GroupQuotas {
    if (this.#groups.size > 0 && consumer?.groups !== undefined) {
      for (const [group, quotas] of this.#groups) if (consumer.groups.includes(group)) return quotas;
    }
    return this.#everybody;
  }

  #counterOf(limit: string): PolicyCounter {
    const { metrics } = this.#setup;
    return this.#options.dryRun
      ? metrics.counter('would_refuse', 'Requests beyond a quota that only watches.', { limit })
      : metrics.counter('refused', 'Requests refused because their quota was used up.', { limit });
  }
}

/** The answer to a request that is refused: until all of the periods that it does not fit in are over. */
export function refusal(exchange: Exchange, { states }: LimitDecision): Reply {
  const wait = Math.max(...states.map(({ retryAfter }) => retryAfter));
  const detail = 'The quota is used up; Retry-After says when the next one begins.';
  const headers = [['retry-after', String(seconds(wait))]] as const;
  return problemReply({ status: 429, detail, code: 'quota_exceeded', headers }, exchange);
}

/** The answer to a request while nobody knows how its quotas stand. */
function unavailable(exchange: Exchange): Reply {
  const detail = 'Limits cannot be looked up now; try again in a moment.';
  const headers = [['retry-after', RETRY_AFTER]] as const;
  return problemReply({ status: 503, detail, code: 'limits_unavailable', headers }, exchange);
}
