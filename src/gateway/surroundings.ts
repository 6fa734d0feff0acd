import type { Fetch } from '../core/fetch.ts';
import type { ClosableLink } from '../store/redis/redis-link.ts';
import type { RedisSettings } from '../store/redis/settings.ts';
import type { TargetNetwork } from '../upstream/connect.ts';

/** How a gateway reaches other programs. What is left out goes over the network. */
export interface Surroundings {
  /** How connections to targets are made. */
  readonly targets?: TargetNetwork | undefined;
  /** How policies get documents from other servers. */
  readonly fetch?: Fetch | undefined;
  /** How Redis is reached, where a configuration names one. */
  readonly redis?: ((settings: RedisSettings) => ClosableLink) | undefined;
}
