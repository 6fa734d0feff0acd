import { systemClock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { PolicyDefinition } from '../core/policy.ts';
import type { Random } from '../core/random.ts';
import { createGatewayMetrics } from '../observe/gateway-metrics.ts';
import { MetricsRegistry } from '../observe/metrics.ts';
import { GatewayCore } from './gateway-core.ts';
import { OverloadMonitor } from './overload.ts';
import { version } from './version.ts';

/**
 * Lends a core that serves nobody: configurations can be compiled with it and requests followed through it, for `check`
 * and `explain`. It listens nowhere, connects to nothing, fetches nothing and logs nothing; its ids are zeros, so that what is said with
 * it is the same each time.
 */
export async function withIdleCore<Result>(
  policies: readonly PolicyDefinition[],
  use: (core: GatewayCore) => Result | Promise<Result>,
): Promise<Result> {
  const metrics = createGatewayMetrics(new MetricsRegistry(), { version, accessLogDropped: () => 0 });
  const overload = new OverloadMonitor(noGauges, () => undefined);
  const core = new GatewayCore({
    clock: systemClock,
    random: zeros,
    logger: silent,
    metrics,
    accessLog: undefined,
    policies,
    overload,
    fetch: () => Promise.reject(new Error('a gateway that serves nobody fetches nothing')),
  });
  try {
    return await use(core);
  } finally {
    core.close();
    overload.close();
    metrics.close();
  }
}

const ignore = (): void => undefined;
const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const noGauges = { takeDelay: () => 0, memory: () => 0, close: ignore };

const zeros: Random = {
  number: () => 0,
  bytes: (size) => new Uint8Array(size),
  uuid: () => '00000000-0000-4000-8000-000000000000',
};
