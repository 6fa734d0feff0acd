import { checkGatewayOptions } from './check-gateway-options.ts';
import type { Gateway, GatewayOptions } from './gateway-options.ts';
import { RunningGateway, type RunningOptions } from './running-gateway.ts';
import { usualWorkers, type WorkerSettings } from './workers/worker-settings.ts';

/**
 * Starts a gateway: when the promise resolves, it accepts connections.
 * @throws TypeError when its options make no sense.
 * @throws ConfigError when the configuration has mistakes.
 * @throws the error of `listen`, such as EADDRINUSE, when an address is taken.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  checkGatewayOptions('createGateway', options);
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
