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
  /** Whether somebody has said who is asking. */
  readonly credentials: boolean;
  /** Why the cache has no part in it. */
  readonly bypass?: Bypass | undefined;
  /** The client's request before we put conditions of our own into it. */
  readonly asked?: HeaderList | undefined;
  /** What its target was asked to confirm, or what stands in for an error. */
  readonly stored?: StoredAnswer | undefined;
  /** Whether its target was asked to confirm that. */
  readonly conditional?: boolean | undefined;
  /** What others wait for, and this exchange fetches. */
  readonly fill?: Fill | undefined;
}
