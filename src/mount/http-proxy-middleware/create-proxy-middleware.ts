import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { checkOptions } from './check-options.ts';
import type { Options, RequestHandler } from './options.ts';
import { compilePathFilter } from './path-filter.ts';
import { HttpProxy } from './http-proxy.ts';
import { WatchedServers } from './watched-servers.ts';

/**
 * A proxy for apps of Express and its like, with the options of http-proxy-middleware 4 on the engine of the gateway. What is different on
 * purpose is in `docs/migrating-from-http-proxy-middleware.md`.
 * @throws UnsupportedError for options that there is nothing for here; the message says what to write instead.
 */
export function createProxyMiddleware<
  TReq extends IncomingMessage = IncomingMessage,
  TRes extends ServerResponse = ServerResponse,
>(options: Options<TReq, TRes>): RequestHandler<TReq, TRes> {
  checkOptions(options);
  const wanted = compilePathFilter(options.pathFilter);
  const proxy = new HttpProxy(options);
  const takes = (request: TReq): boolean => {
    try {
      return wanted(request);
    } catch (error) {
      options.logger?.error(error);
      return false;
    }
  };
  const upgrade = (request: TReq, socket: Duplex, head: Buffer): void => {
    if (takes(request)) proxy.upgrade(request, socket, head);
  };
  const servers = new WatchedServers(upgrade, options.ws === true, () => proxy.close());

  const middleware = (request: TReq, response: TRes, next?: (error?: unknown) => void): Promise<void> => {
    servers.watch(request);
    if (!takes(request)) {
      next?.();
      return Promise.resolve();
    }
    return proxy.send(request, response, next);
  };
  return Object.assign(middleware, {
    upgrade: (request: TReq, socket: Duplex, head: Buffer): void => {
      if (!servers.upgradesOf(request)) upgrade(request, socket, head);
    },
    close: async () => {
      servers.leave();
      await proxy.close();
    },
  });
}
