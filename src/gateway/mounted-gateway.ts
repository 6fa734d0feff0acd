import type { TimerWheel } from '../core/timer-wheel.ts';
import { createGatewayWith } from './gateway.ts';
import type { Gateway, GatewayOptions } from './gateway-options.ts';
import type { Reception, ReceivedRequest, Receiver } from './receiver.ts';

/** A gateway that listens nowhere: requests are handed to it. */
export interface MountedGateway {
  readonly gateway: Gateway;
  readonly wheel: TimerWheel;
  /** See `Receiver`. */
  receive(request: ReceivedRequest, elsewhere: boolean): Reception;
  /** See `Receiver`. */
  refuse: Receiver['refuse'];
}

/** What is mounted of a configuration. */
export interface MountedOptions extends Omit<GatewayOptions, 'listen'> {
  /** The names of its routes; all of them when left out. */
  readonly routes?: readonly string[] | undefined;
}

/**
 * Starts a gateway without listeners, in this thread.
 * @throws ConfigError when the configuration has mistakes.
 */
export async function mountGateway(options: MountedOptions): Promise<MountedGateway> {
  const gateway = await createGatewayWith({ ...options, listen: false });
  const { wheel, receiver } = gateway.mounting;
  const part = options.routes === undefined ? undefined : new Set(options.routes);
  return {
    gateway,
    wheel,
    receive: (request, elsewhere) => receiver.receive(request, elsewhere, part),
    refuse: (error, peerIp, text) => receiver.refuse(error, peerIp, text),
  };
}
