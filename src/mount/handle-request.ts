import { problemOf } from '../core/problem.ts';
import { GatewayError } from '../core/errors.ts';
import type { MountedGateway } from '../gateway/mounted-gateway.ts';
import { WebDownstream } from './web-downstream.ts';

/** What is known of a request that a `Request` does not say. */
export interface RequestOrigin {
  /** The client's address; 127.0.0.1 when left out. */
  readonly ip?: string;
}

/**
 * Answers a web `Request` with a `Response`, without a socket on the client's side.
 * @throws GatewayError when the answer breaks off before its head, or the request is aborted.
 */
export async function handleRequest(
  mounted: MountedGateway,
  request: Request,
  { ip = '127.0.0.1' }: RequestOrigin = {},
): Promise<Response> {
  const downstream = new WebDownstream(request, mounted.wheel);
  const reception = mounted.receive({ head: headOf(request), peerIp: ip, downstream }, false);
  if (reception.kind === 'exchange') {
    downstream.begin(reception.handler);
    return downstream.response;
  }
  const {
    status,
    headers = [],
    body,
  } = reception.kind === 'refused' ? reception.reply : problemOf(new GatewayError('route_not_found', ''), '');
  const pairs = [...headers].map(([name, value]): [string, string] => [name, value]);
  return new Response(typeof body === 'string' ? body : null, { status, headers: pairs });
}

/** The head of a `Request` as it would stand on the wire. */
function headOf({ method, url, headers, body }: Request): string {
  const { host, pathname, search } = new URL(url);
  let head = `${method} ${pathname}${search} HTTP/1.1\r\n`;
  if (!headers.has('host')) head += `Host: ${host}\r\n`;
  let framed = false;
  for (const [name, value] of headers) {
    if (name === 'content-length') framed = true;
    head += `${name}: ${value}\r\n`;
  }
  if (body !== null && !framed) head += 'Transfer-Encoding: chunked\r\n';
  return `${head}\r\n`;
}
