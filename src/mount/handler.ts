import type { Gateway, GatewayOptions } from '../gateway/gateway-options.ts';
import { mountGateway } from '../gateway/mounted-gateway.ts';
import { handleRequest, type RequestOrigin } from './handle-request.ts';

/** A whole gateway as a function from a web `Request` to a `Response`. */
export interface Handler {
  /**
   * Answers a request. A `Response` cannot change the protocol: upgrades are refused.
   * @throws ConfigError when the configuration has mistakes.
   * @throws GatewayError when the answer breaks off before its head; the request's reason to abort, when it is aborted.
   */
  (request: Request, origin?: RequestOrigin): Promise<Response>;
  /** Resolves when the gateway serves; rejects with a ConfigError when its configuration has mistakes. Requests wait for it. */
  readonly ready: Promise<Gateway>;
  /** Ends at once, and leaves nothing behind. */
  close(): Promise<void>;
}

/** A gateway that listens nowhere and answers web requests: for tests, serverless and runtimes with servers of their own. */
export function createHandler(options: GatewayOptions): Handler {
  const mounting = mountGateway(options);
  const ready = mounting.then(({ gateway }) => gateway);
  ready.catch(() => undefined);
  const handle = async (request: Request, origin?: RequestOrigin): Promise<Response> =>
    handleRequest(await mounting, request, origin);
  return Object.assign(handle, {
    ready,
    close: async () => {
      await (await mounting.catch(() => undefined))?.gateway.close();
    },
  });
}
