import type { Clock } from '../../core/clock.ts';
import type { Limiter, LimitRule, SharedLimits, SyncedLimiter } from '../../core/limits.ts';
import { MAX_RULES } from '../../core/limits.ts';
import type { RedisLink } from '../../core/redis.ts';
import type { LocalLimits } from '../limits/local-limits.ts';
import { ExactLimiter } from './exact-limits.ts';
import { RedisClock } from './redis-clock.ts';
import { TableSyncedLimiter } from './synced-limits.ts';

/** Limits that all gateways with the same Redis and `keyPrefix` have in common. `docs/redis.md` has the keys. */
export class RedisLimits implements SharedLimits {
  readonly #link: RedisLink;
  readonly #local: LocalLimits;
  readonly #clock: RedisClock;
  readonly #timers: Pick<Clock, 'after'>;

  /** @param local where `synced` decides. */
  constructor(link: RedisLink, local: LocalLimits, clock: Pick<Clock, 'now' | 'after'>) {
    this.#link = link;
    this.#local = local;
    this.#clock = new RedisClock(clock);
    this.#timers = clock;
  }

  exact(rules: readonly LimitRule[]): Limiter {
    if (rules.length > MAX_RULES) throw new RangeError(`${rules.length} limits are more than ${MAX_RULES}`);
    return new ExactLimiter(this.#link, rules);
  }

  synced(rules: readonly LimitRule[], every: number): SyncedLimiter {
    const mirror = this.#local.mirror(rules, this.#clock);
    return new TableSyncedLimiter(rules, {
      link: this.#link,
      clock: this.#clock,
      timers: this.#timers,
      mirror,
      every,
    });
  }
}
