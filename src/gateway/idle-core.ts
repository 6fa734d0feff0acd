import { systemClock } from '../core/clock.ts';
import type { Fetch } from '../core/fetch.ts';
import type { Logger } from '../core/logger.ts';
import type { PolicyDefinition } from '../core/policy.ts';
import type { Random } from '../core/random.ts';
import { unconnectedRedis } from '../core/redis.ts';
import { createGatewayMetrics } from '../observe/gateway-metrics.ts';
import { MetricsRegistry } from '../observe/metrics.ts';
import { GatewayCore } from './gateway-core.ts';
import { LocalLimits } from '../store/limits/local-limits.ts';
import { createLimitMemory } from '../store/limits/limit-memory.ts';
import { LocalSlots } from '../store/slots/local-slots.ts';
import { createSlotMemory } from '../store/slots/slot-memory.ts';
import { OverloadMonitor } from './overload.ts';
import { version } from './version.ts';

/**
 * Lends a core that serves nobody: configurations can be compiled with it and requests followed through it, for `check`
 * and `explain`. It listens nowhere and connects to nothing; without `fetch` it fetches nothing, and without `logger` it logs
 * nothing. Its ids are zeros, so that what is said with it is the same each time.
 */
export async function withIdleCore<Result>(
  policies: readonly PolicyDefinition[],
  use: (core: GatewayCore) => Result | Promise<Result>,
  { fetch = fetchNothing, logger = silent }: { readonly fetch?: Fetch; readonly logger?: Logger } = {},
): Promise<Result> {
  const metrics = createGatewayMetrics(new MetricsRegistry(), { version, accessLogDropped: () => 0 });
  const overload = new OverloadMonitor(noGauges, () => undefined);
  const core = new GatewayCore({
    clock: systemClock,
    random: zeros,
    logger,
    metrics,
    accessLog: undefined,
    policies,
    overload,
    limits: new LocalLimits(createLimitMemory(smallMemory, zeros, systemClock.now()), 1, systemClock),
    slots: new LocalSlots(createSlotMemory(zeros, 1), 1),
    surroundings: { fetch, redis: () => ({ ...unconnectedRedis, close: ignore }) },
  });
  try {
    return await use(core);
  } finally {
    core.close();
    overload.close();
    metrics.close();
  }
}

/** Octets for limits: nothing is counted in it. */
const smallMemory = 4096;

const ignore = (): void => undefined;
const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const fetchNothing: Fetch = () => Promise.reject(new Error('a gateway that serves nobody fetches nothing'));
const noGauges = { takeDelay: () => 0, memory: () => 0, close: ignore };

const zeros: Random = {
  number: () => 0,
  bytes: (size) => new Uint8Array(size),
  uuid: () => '00000000-0000-4000-8000-000000000000',
};
