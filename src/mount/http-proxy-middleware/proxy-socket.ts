import { EventEmitter } from 'node:events';
import { UnsupportedError } from './unsupported-error.ts';

/**
 * A WebSocket's connection to its target, to be watched: `data` with the octets that come from the target, then `end` and `close`.
 * Nothing can be written to it.
 */
export class ProxySocket extends EventEmitter {
  readonly #address: { readonly address: string; readonly port: number };

  constructor(target: string) {
    super();
    const { hostname, port, protocol } = new URL(target);
    this.#address = { address: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
  }

  /** Where it leads to. */
  address(): { readonly address: string; readonly port: number } {
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
