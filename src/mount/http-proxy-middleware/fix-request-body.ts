import type { IncomingMessage } from 'node:http';
import { encodeAs, writeAnew } from '../parsed-body.ts';
import type { ProxyRequest } from './proxy-request.ts';

/**
 * Writes `request.body`, which a parser in front of the proxy has made, to the request for the target: for listeners to `proxyReq` that
 * change it. A body that nobody changes is sent on without it.
 */
export function fixRequestBody(
  proxyRequest: ProxyRequest,
  request: IncomingMessage & { body?: unknown },
): void {
  const { body } = request;
  if (!request.readableEnded || body === undefined || body === null || body === '') return;
  const type = proxyRequest.getHeader('content-type');
  if (typeof type !== 'string') return;
  const octets = writeAnew(body, type);
  if (octets === undefined) return;
  const coding = proxyRequest.getHeader('content-encoding');
  try {
    proxyRequest.write(encodeAs(octets, typeof coding === 'string' ? coding : undefined));
  } catch (error) {
    proxyRequest.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}
