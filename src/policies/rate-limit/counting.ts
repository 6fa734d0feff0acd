import type { Exchange, Reply } from '../../core/exchange.ts';
import type { LimitDecision, LimitEffect } from '../../core/limits.ts';
import type { PolicyCounter, Setup } from '../../core/policy.ts';
import { problemReply } from '../../core/problem.ts';
import { addressKey, compileKey, type LimitKey } from './limit-key.ts';
import { compileLimits, type LimitSet, openLimits, scopeOf } from './limit-set.ts';
import type { RateLimitOptions } from './options.ts';
import { seconds } from './response-fields.ts';

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

/** Milliseconds between two lines of the log about what would have been refused. */
const LOG_INTERVAL = 1000;

/** What a request is counted against, and what becomes of it: all of the policy but its phases. */
export class Counting {
  readonly #cost: number;
  readonly #dryRun: boolean;
  readonly #key: LimitKey;
  readonly #everybody: GroupLimits;
  readonly #groups: ReadonlyMap<string, GroupLimits>;
  readonly #setup: Setup;
  readonly #allowed: PolicyCounter;
  /** By the names of limits. */
  readonly #refused = new Map<string, PolicyCounter>();
  #unlogged = 0;
  #loggedAt = -Infinity;

  /** @throws PolicyOptionError when the options make no sense together. */
  constructor(options: RateLimitOptions, setup: Setup) {
    this.#cost = options.cost;
    this.#dryRun = options.dryRun;
    this.#setup = setup;
    this.#key = compileKey(options.by, setup);
    const scope = scopeOf(options, setup);
    const open = (group: string): GroupLimits => {
      const limits = compileLimits(options, group);
      const usual = openLimits(limits, this.#key, scope, setup);
      const falls = options.missing === 'ip' && this.#key.by !== addressKey.by;
      return { usual, byAddress: falls ? openLimits(limits, addressKey, scope, setup) : undefined };
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

  decide({ set, key }: Asked, effect: LimitEffect): LimitDecision | Promise<LimitDecision> {
    return set.limiter.decide(key, this.#cost, effect);
  }

  /** Counts what was decided. @returns the answer to a request that is refused. */
  judge(exchange: Exchange, { set }: Asked, decision: LimitDecision): Reply | undefined {
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
    const reply = problemReply(
      { status: 429, detail: 'Too many requests; try again later.', code: 'rate_limited' },
      exchange,
    );
    return { ...reply, headers: [...(reply.headers ?? []), ['retry-after', String(seconds(wait))]] };
  }

  /** What a request is counted by, for people. */
  describe(exchange: Exchange): string {
    const described = this.#key.describe(exchange);
    const { byAddress } = this.#limitsOf(exchange);
    if (this.#key.read(exchange) !== undefined || byAddress === undefined) return described;
    return `${addressKey.describe(exchange)} (${described})`;
  }

  /** How the limits of a request stand, for people. */
  notes({ set }: Asked, { states }: LimitDecision): string[] {
    return set.rules.map(({ limit, window, burst, algorithm }, i) => {
      const atOnce = burst === limit ? '' : `, ${burst} at once`;
      const left = states[i]?.remaining ?? 0;
      return `${set.names[i]}: ${limit} in ${window / 1000} s${atOnce} (${algorithm}), ${left} left`;
    });
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
    const { clock, logger, routeName } = this.#setup;
    this.#unlogged++;
    const now = clock.monotonic();
    if (now - this.#loggedAt < LOG_INTERVAL) return;
    const limits = names.filter((_, i) => states[i]?.allowed === false);
    logger.info(
      { route: routeName, limits, requests: this.#unlogged },
      'requests beyond a limit that only watches',
    );
    this.#loggedAt = now;
    this.#unlogged = 0;
  }
}
