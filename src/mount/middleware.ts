import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Reply } from '../core/exchange.ts';
import type { Gateway, GatewayOptions } from '../gateway/gateway-options.ts';
import { mountGateway, type MountedGateway } from '../gateway/mounted-gateway.ts';
import { NodeDownstream, type NodeRequest } from './node-downstream.ts';
import { bodyReadBefore } from './parsed-body.ts';
import { headOf } from './request-head.ts';

/** How a gateway is mounted. Its configuration needs no `listen`. */
export interface MountOptions extends GatewayOptions {
  /** What no route matches: `next` leaves it to the app, `answer` answers 404. `next` when left out. */
  readonly otherwise?: 'next' | 'answer';
}

/** Hands a request on to the rest of the app, or an error to its error handler. */
export type Next = (error?: unknown) => void;

/** A whole gateway as a function of an app. */
export interface Middleware {
  (request: IncomingMessage, response: ServerResponse, next?: Next): void;
  /** For a server's `upgrade` event: `server.on('upgrade', middleware.upgrade)`. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Resolves when the gateway serves; rejects with a ConfigError when its configuration has mistakes. Requests wait for it. */
  readonly ready: Promise<Gateway>;
  /** Ends at once, and leaves nothing behind. */
  close(): Promise<void>;
}

/**
 * Mounts a whole gateway, or a part of its routes, in an app of `node:http`, Express or anything that takes `(request, response, next)`: the
 * same routes, policies, upstreams and engine towards the targets.
 */
export function createMiddleware(options: MountOptions): Middleware {
  const mounting = mountGateway(options);
  // Whoever does not look at `ready` learns of it with the first request.
  mounting.catch(() => undefined);
  let mounted: MountedGateway | undefined;
  void mounting.then(
    (gateway) => (mounted = gateway),
    () => undefined,
  );
  const elsewhere = options.otherwise !== 'answer';

  const take = (node: NodeRequest, next: Next | undefined): void => {
    if (mounted !== undefined) {
      handle(mounted, node, elsewhere && next !== undefined, next);
      return;
    }
    mounting.then(
      (gateway) => {
        handle(gateway, node, elsewhere && next !== undefined, next);
      },
      fail(node.response, next),
    );
  };

  const middleware = (request: IncomingMessage, response: ServerResponse, next?: Next): void => {
    try {
      take({ request, response, readBefore: bodyReadBefore(request) }, next);
    } catch (error) {
      fail(response, next)(error);
    }
  };
  return Object.assign(middleware, {
    upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      const response = new ServerResponse(request);
      response.assignSocket(socket as never);
      response.shouldKeepAlive = false;
      response.on('finish', () => socket.end());
      take({ request, response, upgrade: { socket, head } }, undefined);
    },
    ready: mounting.then(({ gateway }) => gateway),
    close: async () => {
      await (await mounting.catch(() => undefined))?.gateway.close();
    },
  });
}

function handle(
  mounted: MountedGateway,
  node: NodeRequest,
  elsewhere: boolean,
  next: Next | undefined,
): void {
  const { request, response, readBefore } = node;
  const downstream = new NodeDownstream(node, mounted.wheel);
  const head = headOf(request, request.url ?? '/', readBefore?.length);
  const peerIp = request.socket.remoteAddress ?? '127.0.0.1';
  const reception = mounted.receive({ head, peerIp, downstream }, elsewhere);
  if (reception.kind === 'exchange') downstream.begin(reception.handler);
  else if (reception.kind === 'no-route') next?.();
  else answer(response, reception.reply);
}

function fail(response: ServerResponse, next: Next | undefined): (error: unknown) => void {
  return (error) => {
    if (next !== undefined) next(error);
    else answer(response, { status: 500, body: '' });
  };
}

function answer(response: ServerResponse, { status, headers = [], body }: Reply): void {
  for (const [name, value] of headers) response.setHeader(name, value);
  response.statusCode = status;
  response.end(typeof body === 'string' ? body : undefined);
}
