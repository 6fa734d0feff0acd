import { checkGatewayOptions, gatewayOptionKinds } from '../gateway/check-gateway-options.ts';
import type { Gateway, GatewayOptions } from '../gateway/gateway-options.ts';
import { createGatewayWith } from '../gateway/gateway.ts';
import type { RequestOrigin } from '../gateway/handle-request.ts';

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

const { listen: _listen, ...optionKinds } = gatewayOptionKinds;

/**
 * A gateway that listens nowhere and answers web requests: for tests, serverless and runtimes with servers of their own.
 * @throws TypeError when its options make no sense.
 */
export function createHandler(options: Omit<GatewayOptions, 'listen'>): Handler {
  checkGatewayOptions('createHandler', options, optionKinds);
  const ready: Promise<Gateway> = createGatewayWith({ ...options, listen: false });
  ready.catch(() => undefined);
  const handle = async (request: Request, origin?: RequestOrigin): Promise<Response> =>
    (await ready).handle(request, origin);
  return Object.assign(handle, {
    ready,
    close: async () => {
      await (await ready.catch(() => undefined))?.close();
    },
  });
}
