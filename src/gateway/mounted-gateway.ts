import type { TimerWheel } from '../core/timer-wheel.ts';
import { createGatewayWith } from './gateway.ts';
import type { Gateway, GatewayOptions } from './gateway-options.ts';
import type { Reception, ReceivedRequest } from './receiver.ts';

/** A gateway that listens nowhere: requests are handed to it. */
export interface MountedGateway {
  readonly gateway: Gateway;
  readonly wheel: TimerWheel;
  /** See `Receiver`. */
  receive(request: ReceivedRequest, elsewhere: boolean): Reception;
}

/**
 * Starts a gateway without listeners, in this thread.
 * @throws ConfigError when the configuration has mistakes.
 */
export async function mountGateway(options: Omit<GatewayOptions, 'listen'>): Promise<MountedGateway> {
  const gateway = await createGatewayWith({ ...options, listen: false });
  const { wheel, receiver } = gateway.mounting;
  return { gateway, wheel, receive: (request, elsewhere) => receiver.receive(request, elsewhere) };
}
