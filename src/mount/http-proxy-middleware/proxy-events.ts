import { EventEmitter } from 'node:events';
import type { ProxyEvents } from './options.ts';
import { UnsupportedError } from './unsupported-error.ts';

/** The name of an event. */
export type EventName = keyof ProxyEvents;

/** Every event there is. */
export const eventNames: readonly EventName[] = [
  'error',
  'proxyReq',
  'proxyReqWs',
  'proxyRes',
  'open',
  'close',
  'start',
  'end',
  'econnreset',
];

/** What plugins get in place of the server of httpxy: its events. */
export class ProxyHub extends EventEmitter {
  override on(name: string | symbol, listener: (...values: never[]) => unknown): this {
    if (!eventNames.some((known) => known === name))
      throw new UnsupportedError(`the event "${String(name)}"`, `there are ${eventNames.join(', ')}`);
    return super.on(name, listener as (...values: unknown[]) => void);
  }

  override addListener(name: string | symbol, listener: (...values: never[]) => unknown): this {
    return this.on(name, listener);
  }

  /** Tells whoever listens. @returns whether somebody does. */
  tell<Name extends EventName>(name: Name, ...values: Parameters<ProxyEvents[Name]>): boolean {
    return this.emit(name, ...values);
  }

  /** Whether somebody listens. */
  hears(name: EventName): boolean {
    return this.listenerCount(name) > 0;
  }

  web(): never {
    throw new UnsupportedError('web() of the proxy', 'call the middleware with the request and the response');
  }

  ws(): never {
    throw new UnsupportedError('ws() of the proxy', 'call upgrade() of the middleware');
  }

  listen(): never {
    throw new UnsupportedError(
      'listen() of the proxy',
      'make a server with node:http, and mount the middleware in it',
    );
  }

  before(): never {
    throw new UnsupportedError('before() of the proxy', 'listen to proxyReq');
  }

  after(): never {
    throw new UnsupportedError('after() of the proxy', 'listen to proxyRes');
  }
}
