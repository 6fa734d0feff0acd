import type { Gateway, GatewayOptions } from './gateway-options.ts';
import { RunningGateway, type RunningOptions } from './running-gateway.ts';
import { usualWorkers, type WorkerSettings } from './workers/worker-settings.ts';

/**
 * Starts a gateway: when the promise resolves, it accepts connections.
 * @throws ConfigError when the configuration has mistakes.
 * @throws the error of `listen`, such as EADDRINUSE, when an address is taken.
 */
export function createGateway(options: GatewayOptions): Promise<Gateway> {
  return createGatewayWith(options);
}

/** The same, and says how its threads behave where it has several. */
export async function createGatewayWith(
  options: GatewayOptions & Pick<RunningOptions, 'surroundings' | 'routes'>,
  workers: WorkerSettings = usualWorkers,
): Promise<RunningGateway> {
  const gateway = new RunningGateway({ ...options, env: options.env ?? process.env }, workers);
  try {
    await gateway.start();
  } catch (error) {
    await gateway.close();
    throw error;
  }
  return gateway;
}
