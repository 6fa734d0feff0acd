import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { Random } from '../../core/random.ts';
import type { StoreErrorKind } from '../../core/redis.ts';

/** What a link works with. */
export interface LinkTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: LinkMetrics;
}

/** What is counted about a link. */
export interface LinkMetrics {
  /** It has come up, or gone down. */
  up(isUp: boolean): void;
  /** It stops sending for a while. */
  opened(): void;
  /** A call failed. */
  failed(kind: StoreErrorKind): void;
  /** A call was answered. @param time milliseconds. */
  answered(time: number): void;
}

/** The pause before the next attempt, in milliseconds: many gateways do not come back in the same moment. */
export function attemptPause(random: Random): number {
  return 250 + random.number() * 250;
}

/** How often the log says the same thing, in milliseconds. */
export const LOG_INTERVAL = 30_000;
