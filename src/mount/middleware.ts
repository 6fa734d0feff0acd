import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Gateway } from '../gateway/gateway-options.ts';
import { checkGatewayOptions } from '../gateway/check-gateway-options.ts';
import { oneOf, type OptionKind } from '../core/check-options.ts';
import { Mount, type MountOptions } from './mount.ts';
import { mountOptionKinds } from './mount-option-kinds.ts';
import { bodyReadBefore } from './parsed-body.ts';
import { takeUpgrade } from './upgrade.ts';

/** How a gateway is mounted as a function of an app. */
export interface MiddlewareOptions extends MountOptions {
  /**
   * What routes are matched against, and services see: `mounted`, the `url` as the app hands it over, without the path of
   * `app.use('/api', …)`; or `original`, the one that the client asked for. `mounted` when left out.
   */
  readonly url?: 'mounted' | 'original';
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
  /** Ends at once, WebSockets included, and leaves nothing behind. Requests that come later are answered 503. */
  close(): Promise<void>;
}

const optionKinds = {
  ...mountOptionKinds,
  url: oneOf('mounted', 'original'),
} as const satisfies Record<keyof MiddlewareOptions, OptionKind>;

/**
 * Mounts a whole gateway, or a part of its routes, in an app of `node:http`, Express, connect or anything that takes
 * `(request, response, next)`: the same routes, policies, upstreams and engine towards the targets.
 * @throws TypeError when its options make no sense.
 */
export function createMiddleware(options: MiddlewareOptions): Middleware {
  checkGatewayOptions('createMiddleware', options, optionKinds);
  const mount = new Mount(options);
  // An app that does not look at `ready` would find out with the first request.
  mount.ready.catch((error: unknown) => mount.tellFailure(error));
  const { otherwise, onError, url } = options;
  const urlOf = url === 'original' ? originalUrl : mountedUrl;

  const middleware = (request: IncomingMessage, response: ServerResponse, next?: Next): void => {
    const fail = (error: unknown): void => {
      if (next === undefined) mount.answerFailure(response, error);
      else next(error);
    };
    if (request.headers.upgrade !== undefined) mount.tellUnheardUpgrade();
    let readBefore: Uint8Array | undefined;
    try {
      readBefore = bodyReadBefore(request);
    } catch (error) {
      fail(error);
      return;
    }
    mount.take({
      request,
      response,
      readBefore,
      url: urlOf(request),
      otherwise: otherwise === 'answer' || next === undefined ? undefined : (): void => next(),
      fail,
      onError: onError === 'next' ? next : undefined,
    });
  };
  return Object.assign(middleware, {
    upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      takeUpgrade(mount, { request, socket, head, url: urlOf(request), shared: otherwise !== 'answer' });
    },
    ready: mount.ready,
    close: () => mount.close(),
  });
}

function mountedUrl({ url = '/' }: IncomingMessage): string {
  return url;
}

/** Express and connect keep it there. */
function originalUrl(request: IncomingMessage & { readonly originalUrl?: unknown }): string {
  return typeof request.originalUrl === 'string' ? request.originalUrl : mountedUrl(request);
}
