import { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
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

/** Where the values of an event have the response, or the socket of an upgrade; the request is in front of it. */
const partyAt: Partial<Record<string, number>> = {
  error: 2,
  proxyReq: 2,
  proxyReqWs: 2,
  proxyRes: 2,
  start: 1,
  end: 1,
  econnreset: 2,
};

/** What plugins get in place of the server of httpxy: its events. */
export class ProxyHub extends EventEmitter {
  readonly #report: (error: unknown) => void;

  /** @param report is told of what listeners throw where no request can be failed for it. */
  constructor(report: (error: unknown) => void) {
    // A listener may be an async function: its rejection must not end the process.
    super({ captureRejections: true });
    this.#report = report;
  }

  override on(name: string | symbol, listener: (...values: never[]) => unknown): this {
    if (!eventNames.some((known) => known === name))
      throw new UnsupportedError(
        `the event "${String(name)}"`,
        name === 'proxySocket' ? 'write open' : `there are ${eventNames.join(', ')}`,
      );
    return super.on(name, listener as (...values: unknown[]) => void);
  }

  override addListener(name: string | symbol, listener: (...values: never[]) => unknown): this {
    return this.on(name, listener);
  }

  /** Tells whoever listens. @returns whether somebody does. */
  tell<Name extends EventName>(name: Name, ...values: Parameters<ProxyEvents[Name]>): boolean {
    return this.emit(name, ...values);
  }

  /** The same, where it is too late for a listener that throws to fail anything. */
  notify<Name extends EventName>(name: Name, ...values: Parameters<ProxyEvents[Name]>): void {
    try {
      this.tell(name, ...values);
    } catch (error) {
      this.#report(error);
    }
  }

  /** A listener that is an async function has failed: so has its request, as long as it can be answered. */
  override [EventEmitter.captureRejectionSymbol](
    error: Error,
    name: string | symbol,
    ...values: unknown[]
  ): void {
    const at = partyAt[String(name)] ?? -1;
    const [request, party] = values.slice(at - 1, at + 1);
    const answerable = party instanceof ServerResponse && !party.headersSent;
    if (name !== 'error' && answerable && request instanceof IncomingMessage && this.hears('error')) {
      this.notify('error', error, request, party);
      return;
    }
    this.#report(error);
    if (party instanceof ServerResponse || party instanceof Duplex) party.destroy();
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
