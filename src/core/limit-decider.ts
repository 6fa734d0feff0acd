import type { LimitDecision, LimitEffect, Limiter, LimitRule, SyncedLimiter } from './limits.ts';
import type { PolicyCounter, PolicyTimer, Setup } from './policy.ts';
import { StoreError } from './redis.ts';
import type { Sharing } from './limit-sharing.ts';

/**
 * What becomes of a request: a decision; or without one, as Redis is slow or gone, that it passes (`allow`), or that it is told so
 * (`deny`).
 */
export type Ruling = LimitDecision | 'allow' | 'deny';

/** Decides, wherever the counts are, and whatever becomes of Redis. */
export interface Decider {
  /** Promises reject only with what is a mistake in the program. */
  decide(key: string, cost: number, effect: LimitEffect): Ruling | Promise<Ruling>;
  /** Nobody asks any more. */
  close?(): Promise<void>;
}

/** What happens without Redis, and what is counted about it. */
interface WithoutStore {
  readonly onStoreError: Sharing['onStoreError'];
  readonly errors: PolicyCounter;
  readonly latency: PolicyTimer;
}

/**
 * What opens limits where they are to be counted. Only policies that count in Redis have series about it.
 * @param sharing undefined when requests are counted in this gateway alone.
 */
export function deciderOpener(
  sharing: Sharing | undefined,
  { limits, clock, metrics }: Pick<Setup, 'limits' | 'clock' | 'metrics'>,
): (rules: readonly LimitRule[]) => Decider {
  if (sharing === undefined) return (rules) => limits.limiter(rules);
  const without: WithoutStore = {
    onStoreError: sharing.onStoreError,
    errors: metrics.counter('store_errors', 'Requests decided without Redis, as it was slow or gone.'),
    latency: metrics.timer('store', 'Time from asking Redis about a request to its decision.'),
  };
  if (sharing.mode === 'synced')
    return (rules) => new SyncedDecider(sharing.limits.synced(rules, sharing.syncEvery), without);
  return (rules) => new ExactDecider(sharing.limits.exact(rules), limits.limiter(rules), without, clock);
}

/** Asks Redis, and goes on without it when it does not answer. */
class ExactDecider implements Decider {
  readonly #shared: Limiter;
  readonly #local: Limiter;
  readonly #without: WithoutStore;
  readonly #clock: Setup['clock'];

  constructor(shared: Limiter, local: Limiter, without: WithoutStore, clock: Setup['clock']) {
    this.#shared = shared;
    this.#local = local;
    this.#without = without;
    this.#clock = clock;
  }

  async decide(key: string, cost: number, effect: LimitEffect): Promise<Ruling> {
    const { latency, errors, onStoreError } = this.#without;
    const asked = this.#clock.monotonic();
    try {
      const decision = await this.#shared.decide(key, cost, effect);
      latency.observe(this.#clock.monotonic() - asked);
      return decision;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      errors.add();
      return onStoreError === 'local' ? this.#local.decide(key, cost, effect) : onStoreError;
    }
  }
}

/** Decides at once. Out of touch with Redis, it goes by what it knows, or by what the configuration says. */
class SyncedDecider implements Decider {
  readonly #synced: SyncedLimiter;
  readonly #without: WithoutStore;

  constructor(synced: SyncedLimiter, without: WithoutStore) {
    this.#synced = synced;
    this.#without = without;
  }

  decide(key: string, cost: number, effect: LimitEffect): Ruling {
    const { onStoreError, errors } = this.#without;
    if (this.#synced.inTouch) return this.#synced.decide(key, cost, effect);
    errors.add();
    if (onStoreError === 'local') return this.#synced.decide(key, cost, effect);
    // Asked all the same, so that the next settlement finds out whether Redis is back.
    this.#synced.decide(key, cost, 'peek');
    return onStoreError;
  }

  close(): Promise<void> {
    return this.#synced.settle();
  }
}
