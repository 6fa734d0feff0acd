import type { StoredAnswer } from '../../core/answer-store.ts';
import type { HeaderList } from '../../http/header-list.ts';
import type { Bypass } from './bypass.ts';
import type { Fill } from './fill.ts';
import type { CacheKey } from './key.ts';

/** What one exchange has to do with the cache, between its phases. */
export interface Visit {
  readonly key: CacheKey;
  /** Milliseconds since the epoch when its request went on. */
  readonly requestTime: number;
  /** Whether it has credentials that the key does not tell from others. */
  readonly credentials: boolean;
  /** Why the cache has no part in it. */
  readonly bypass?: Bypass | undefined;
  /** Who was asking, as far as it was known then. */
  readonly consumer: string | undefined;
  /** The headers by which answers are looked up: before we put conditions of our own into them, and policies behind us anything. */
  readonly asked?: HeaderList | undefined;
  /** What its target was asked to confirm, or what stands in for an error. */
  readonly stored?: StoredAnswer | undefined;
  /** Whether its target was asked to confirm that. */
  readonly conditional?: boolean | undefined;
  /** What others wait for, and this exchange fetches. */
  readonly fill?: Fill | undefined;
}

/** An exchange that waits: for what is kept elsewhere, or for what another has asked for. */
export interface Waiting {
  /** How often it has waited for another. */
  times: number;
  /** Until when it waits for others, by the monotonic clock; undefined before it has begun to. */
  until: number | undefined;
  /** It was answered otherwise, or its client is gone. */
  over: boolean;
}
