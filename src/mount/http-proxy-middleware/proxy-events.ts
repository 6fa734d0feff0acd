import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Options } from './options.ts';
import type { ProxyRequest } from './proxy-request.ts';
import type { ProxyResponse } from './proxy-response.ts';
import type { ProxySocket } from './proxy-socket.ts';
import type { TargetInput } from './proxy-target.ts';
import { UnsupportedError } from './unsupported-error.ts';

/** What can be listened to, with `on` in the options or by a plugin. */
export interface ProxyEvents<
  TReq extends IncomingMessage = IncomingMessage,
  TRes extends ServerResponse = ServerResponse,
> {
  /** Something went wrong: with a request, which is to be answered, or with an upgrade, whose socket is to be ended. */
  error: (error: Error, request: TReq, response: TRes | Duplex, target?: TargetInput) => void;
  /** The request for the target is made, and may be changed. */
  proxyReq: (proxyRequest: ProxyRequest, request: TReq, response: TRes, options: Options<TReq, TRes>) => void;
  /** The same for an upgrade. */
  proxyReqWs: (
    proxyRequest: ProxyRequest,
    request: TReq,
    socket: Duplex,
    options: Options<TReq, TRes>,
    head: Buffer,
  ) => void;
  /** The target answers; its headers may be changed. */
  proxyRes: (proxyResponse: ProxyResponse, request: TReq, response: TRes) => unknown;
  /** A WebSocket is open. */
  open: (socket: ProxySocket) => void;
  /** A WebSocket is over. */
  close: (proxyResponse: ProxyResponse, socket: ProxySocket, head: Buffer) => void;
  /** A request is about to be sent. */
  start: (request: TReq, response: TRes, target: TargetInput) => void;
  /** The target's answer is there in whole. */
  end: (request: TReq, response: TRes, proxyResponse: ProxyResponse) => void;
  /** The client is gone before it was answered. */
  econnreset: (error: Error, request: TReq, response: TRes, target: TargetInput) => void;
}

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
