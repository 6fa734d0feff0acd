import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { UnsupportedError } from './unsupported-error.ts';

/**
 * A WebSocket's connection to its target, to be watched: `data` with the octets that come from the target, then `end` and `close`.
 * Nothing can be written to it.
 */
export interface ProxySocket extends EventEmitter, Pick<Socket, 'address' | 'remoteAddress' | 'remotePort'> {}

/** A {@link ProxySocket} of the engine's. */
export class TargetSocket extends EventEmitter implements ProxySocket {
  readonly #address: { readonly address: string; readonly family: string; readonly port: number };

  /** @param target its origin. */
  constructor(target: string) {
    super();
    const { hostname, port, protocol } = new URL(target);
    const address = hostname.replace(/^\[|\]$/g, '');
    const family = address.includes(':') ? 'IPv6' : 'IPv4';
    this.#address = { address, family, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
  }

  /** Where it leads to. */
  address(): { readonly address: string; readonly family: string; readonly port: number } {
    return this.#address;
  }

  get remoteAddress(): string {
    return this.#address.address;
  }

  get remotePort(): number {
    return this.#address.port;
  }

  write(): never {
    throw new UnsupportedError('writing to the socket of a WebSocket', 'send messages from the service');
  }

  end(): never {
    throw new UnsupportedError('ending the socket of a WebSocket', 'end it from the service or the client');
  }
}
