import type { Exchange, Reply } from './exchange.ts';
import type { Ruling } from './limit-decider.ts';
import { type NamedLimits, seconds } from './limit-fields.ts';
import type { LimitDecision } from './limits.ts';
import type { PolicyCounter, Setup } from './policy.ts';
import { problemReply } from './problem.ts';
import { RareLine } from './rare-line.ts';

/** What a policy that counts requests says of those that are beyond its limits. */
export interface LimitWords {
  /** Of the refusal, for programs and for people. */
  readonly code: string;
  readonly detail: string;
  /** What the counter of refused requests counts. */
  readonly refused: string;
  /** What its limits are called elsewhere in metrics and the log. */
  readonly noun: 'limit' | 'quota';
}

/** Milliseconds between two lines of the log about what would have been refused. */
const LOG_INTERVAL = 1000;

/** Seconds after which a client may ask again while limits cannot be looked up: Redis is tried again twice a second. */
const RETRY_AFTER = '1';

/** What becomes of requests once it is known how their limits stand: answers, metrics and the log. */
export class LimitVerdicts {
  readonly #words: LimitWords;
  readonly #dryRun: boolean;
  readonly #setup: Pick<Setup, 'logger' | 'routeName'>;
  readonly #watched: RareLine;
  readonly #allowed: PolicyCounter;
  /** By the names of limits. */
  readonly #beyond: ReadonlyMap<string, PolicyCounter>;

  /**
   * @param names of all limits that there are, whomever they are for.
   * @param dryRun whether nobody is refused.
   */
  constructor(
    words: LimitWords,
    names: readonly string[],
    dryRun: boolean,
    { clock, logger, metrics, routeName }: Pick<Setup, 'clock' | 'logger' | 'metrics' | 'routeName'>,
  ) {
    const { noun, refused } = words;
    this.#words = words;
    this.#dryRun = dryRun;
    this.#setup = { logger, routeName };
    this.#watched = new RareLine(LOG_INTERVAL, clock);
    this.#allowed = metrics.counter('allowed', `Requests that were within every ${noun}.`);
    const [name, help] = dryRun
      ? ['would_refuse', `Requests beyond a ${noun} that only watches.`]
      : ['refused', refused];
    this.#beyond = new Map(names.map((limit) => [limit, metrics.counter(name, help, { limit })]));
  }

  /** Counts what was decided. @returns the answer to a request that is refused. */
  judge(exchange: Exchange, { names }: NamedLimits, ruling: Ruling): Reply | undefined {
    if (ruling === 'allow') return undefined;
    if (ruling === 'deny') return this.#dryRun ? undefined : unavailable(exchange);
    if (ruling.allowed) {
      this.#allowed.add();
      return undefined;
    }
    for (const [i, { allowed }] of ruling.states.entries())
      if (!allowed) this.#beyond.get(names[i] ?? '')?.add();
    if (!this.#dryRun) return this.refusal(exchange, ruling);
    this.#watch(names, ruling);
    return undefined;
  }

  /** The answer to a request that is refused: until it is within all of its limits again. */
  refusal(exchange: Exchange, { states }: LimitDecision): Reply {
    const { code, detail } = this.#words;
    const wait = Math.max(...states.map(({ retryAfter }) => retryAfter));
    const headers = [['retry-after', String(seconds(wait))]] as const;
    return problemReply({ status: 429, detail, code, headers }, exchange);
  }

  #watch(names: readonly string[], { states }: LimitDecision): void {
    const requests = this.#watched.due();
    if (requests === 0) return;
    const { logger, routeName: route } = this.#setup;
    const limits = names.filter((_, i) => states[i]?.allowed === false);
    logger.info({ route, limits, requests }, `requests beyond a ${this.#words.noun} that only watches`);
  }
}

/** The answer to a request while nobody knows how its limits stand. */
function unavailable(exchange: Exchange): Reply {
  const detail = 'Limits cannot be looked up now; try again in a moment.';
  const headers = [['retry-after', RETRY_AFTER]] as const;
  return problemReply({ status: 503, detail, code: 'limits_unavailable', headers }, exchange);
}
