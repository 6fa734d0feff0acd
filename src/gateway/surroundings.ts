import type { Fetch } from '../core/fetch.ts';
import type { ClosableLink } from '../store/redis/redis-link.ts';
import type { RedisSettings } from '../store/redis/settings.ts';
import type { TargetNetwork } from '../upstream/connect.ts';
import type { RunningExchange } from './exchange-context.ts';

/** What stands around a gateway: how it reaches other programs, and who looks on. What is left out goes over the network. */
export interface Surroundings {
  /** How connections to targets are made. */
  readonly targets?: TargetNetwork | undefined;
  /** How policies get documents from other servers. */
  readonly fetch?: Fetch | undefined;
  /** How Redis is reached, where a configuration names one. */
  readonly redis?: ((settings: RedisSettings) => ClosableLink) | undefined;
  /** Is shown each exchange of a client at its end, for whoever tests a configuration. */
  readonly witness?: ((exchange: RunningExchange) => void) | undefined;
}
