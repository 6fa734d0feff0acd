import { scopeOf } from '../../core/counting-options.ts';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { type Decider, openDecider, type Ruling } from '../../core/limit-decider.ts';
import { seconds } from '../../core/limit-fields.ts';
import { type Sharing, sharingOf } from '../../core/limit-sharing.ts';
import type { LimitDecision, LimitEffect, LimitRule } from '../../core/limits.ts';
import type { PolicyCounter, Setup } from '../../core/policy.ts';
import { problemReply } from '../../core/problem.ts';
import { RareLine } from '../../core/rare-line.ts';
import { addressKey, compileKey, type RequestKey } from '../../core/request-key.ts';
import { compileLimits, type LimitSet, openLimits } from './limit-set.ts';
import type { RateLimitOptions } from './options.ts';

/** The limits of a request, and its key under them. */
export interface Asked {
  readonly set: LimitSet;
  readonly key: string;
}

/** The limits of everybody or of a group: for requests that have what `by` names, and for those that lack it. */
interface GroupLimits {
  readonly usual: LimitSet;
  /** Undefined when such requests are not counted. */
  readonly byAddress: LimitSet | undefined;
}

/** Seconds after which a client may ask again while limits cannot be looked up: Redis is tried again twice a second. */
const RETRY_AFTER = '1';

/** Milliseconds between two lines of the log about what would have been refused. */
const LOG_INTERVAL = 1000;

/** What a request is counted against, and what becomes of it: all of the policy but its phases. */
export class Counting {
  readonly #cost: number;
  readonly #dryRun: boolean;
  readonly #key: RequestKey;
  readonly #everybody: GroupLimits;
  readonly #groups: ReadonlyMap<string, GroupLimits>;
  readonly #setup: Setup;
  readonly #sharing: Sharing | undefined;
  readonly #deciders: Decider[] = [];
  readonly #allowed: PolicyCounter;
  /** By the names of limits. */
  readonly #refused = new Map<string, PolicyCounter>();
  readonly #watched: RareLine;

  /** @throws PolicyOptionError when the options make no sense together. */
  constructor(options: RateLimitOptions, setup: Setup) {
    this.#cost = options.cost;
    this.#dryRun = options.dryRun;
    this.#setup = setup;
    this.#watched = new RareLine(LOG_INTERVAL, setup.clock);
    this.#key = compileKey(options.by, setup);
    this.#sharing = sharingOf(options, setup);
    const opener = this.#opener();
    const scope = scopeOf(options, setup);
    const open = (group: string): GroupLimits => {
      const limits = compileLimits(options, group);
      const usual = openLimits(limits, this.#key, scope, opener);
      const falls = options.missing === 'ip' && this.#key.by !== addressKey.by;
      return { usual, byAddress: falls ? openLimits(limits, addressKey, scope, opener) : undefined };
    };
    this.#everybody = open('');
    this.#groups = new Map(Object.keys(options.groups).map((group) => [group, open(group)]));
    this.#allowed = setup.metrics.counter('allowed', 'Requests that were within every limit.');
    for (const { usual } of [this.#everybody, ...this.#groups.values()])
      for (const name of usual.names) this.#refused.set(name, this.#counterOf(name));
  }

  /** What a request is counted against; undefined when it is not. */
  ask(exchange: Exchange): Asked | undefined {
    const { usual, byAddress } = this.#limitsOf(exchange);
    const key = this.#key.read(exchange);
    if (key !== undefined) return { set: usual, key };
    if (byAddress === undefined) return undefined;
    return { set: byAddress, key: addressKey.read(exchange) ?? '' };
  }

  decide({ set, key }: Asked, effect: LimitEffect): Ruling | Promise<Ruling> {
    return set.decider.decide(key, this.#cost, effect);
  }

  /** Counts what was decided. @returns the answer to a request that is refused. */
  judge(exchange: Exchange, { set }: Asked, decision: Ruling): Reply | undefined {
    if (decision === 'allow') return undefined;
    if (decision === 'deny') return this.#dryRun ? undefined : unavailable(exchange);
    if (decision.allowed) {
      this.#allowed.add();
      return undefined;
    }
    for (const [i, { allowed }] of decision.states.entries())
      if (!allowed) this.#refused.get(set.names[i] ?? '')?.add();
    if (!this.#dryRun) return this.refusal(exchange, decision);
    this.#watch(set, decision);
    return undefined;
  }

  /** The answer to a request that is refused. */
  refusal(exchange: Exchange, { states }: LimitDecision): Reply {
    const wait = Math.max(...states.map(({ retryAfter }) => retryAfter));
    const detail = 'Too many requests; try again later.';
    const headers = [['retry-after', String(seconds(wait))]] as const;
    return problemReply({ status: 429, detail, code: 'rate_limited', headers }, exchange);
  }

  /** What a request is counted by, for people. */
  describe(exchange: Exchange): string {
    const described = this.#key.describe(exchange);
    const { byAddress } = this.#limitsOf(exchange);
    if (this.#key.read(exchange) !== undefined || byAddress === undefined) return described;
    return `${addressKey.describe(exchange)} (${described})`;
  }

  /** Whether other gateways count as well; then how limits stand is known only by asking Redis. */
  get isShared(): boolean {
    return this.#sharing !== undefined;
  }

  /**
   * The limits of a request, and how they stand, for people.
   * @param decision undefined when it is not known.
   */
  notes({ set }: Asked, decision: LimitDecision | undefined): string[] {
    return set.rules.map(({ limit, window, burst, algorithm }, i) => {
      const atOnce = burst === limit ? '' : `, ${burst} at once`;
      const left = decision === undefined ? '' : `, ${decision.states[i]?.remaining ?? 0} left`;
      return `${set.names[i]}: ${limit} in ${window / 1000} s${atOnce} (${algorithm})${left}`;
    });
  }

  /** Where requests are counted, for people; nothing when it is this process alone. */
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

  /** Opens limits where they are to be counted. Series about Redis begin with the first that are shared. */
  #opener(): (rules: readonly LimitRule[]) => Decider {
    const sharing = this.#sharing;
    const { metrics } = this.#setup;
    const without = sharing && {
      onStoreError: sharing.onStoreError,
      errors: metrics.counter('store_errors', 'Requests decided without Redis, as it was slow or gone.'),
      latency: metrics.timer('store', 'Time from asking Redis about a request to its decision.'),
    };
    return (rules) => {
      const decider = openDecider(rules, sharing, without, this.#setup);
      this.#deciders.push(decider);
      return decider;
    };
  }

  #limitsOf({ consumer }: Exchange): GroupLimits {
    if (this.#groups.size > 0 && consumer?.groups !== undefined) {
      for (const [group, limits] of this.#groups) if (consumer.groups.includes(group)) return limits;
    }
    return this.#everybody;
  }

  #counterOf(limit: string): PolicyCounter {
    const { metrics } = this.#setup;
    return this.#dryRun
      ? metrics.counter('would_refuse', 'Requests beyond a limit that only watches.', { limit })
      : metrics.counter('refused', 'Requests refused because they were beyond a limit.', { limit });
  }

  /** A line a second at most: who sends too many requests shall not fill the log as well. */
  #watch({ names }: LimitSet, { states }: LimitDecision): void {
    const requests = this.#watched.due();
    if (requests === 0) return;
    const { logger, routeName: route } = this.#setup;
    const limits = names.filter((_, i) => states[i]?.allowed === false);
    logger.info({ route, limits, requests }, 'requests beyond a limit that only watches');
  }
}

/** The answer to a request while nobody knows how its limits stand. */
function unavailable(exchange: Exchange): Reply {
  const detail = 'Limits cannot be looked up now; try again in a moment.';
  const headers = [['retry-after', RETRY_AFTER]] as const;
  return problemReply({ status: 503, detail, code: 'limits_unavailable', headers }, exchange);
}
