import { problemOf } from '../core/problem.ts';
import { GatewayError } from '../core/errors.ts';
import type { Reply } from '../core/exchange.ts';
import type { TimerWheel } from '../core/timer-wheel.ts';
import type { Receiver } from './receiver.ts';
import { WebDownstream } from './web-downstream.ts';

/** What is known of a request that a `Request` does not say. */
export interface RequestOrigin {
  /** The client's address; 127.0.0.1 when left out. */
  readonly ip?: string;
}

/**
 * Answers a web `Request` with a `Response`, without a socket on the client's side.
 * @throws GatewayError when the answer breaks off before its head; the request's reason, when it is aborted; TypeError when
 *   its body has been read.
 */
export async function handleRequest(
  { wheel, receiver }: { readonly wheel: TimerWheel; readonly receiver: Pick<Receiver, 'receive'> },
  request: Request,
  { ip = '127.0.0.1' }: RequestOrigin = {},
): Promise<Response> {
  request.signal.throwIfAborted();
  if (request.bodyUsed)
    throw new TypeError('the body of the request has been read already: hand over a clone');
  const downstream = new WebDownstream(request, wheel);
  const reception = receiver.receive({ head: headOf(request), peerIp: ip, downstream }, false);
  if (reception.kind === 'exchange') {
    downstream.begin(reception.handler);
    return downstream.response;
  }
  return reception.kind === 'refused'
    ? responseOf(reception.reply)
    : problemResponse(new GatewayError('route_not_found', ''));
}

/** The answer to an error that no exchange has. */
export function problemResponse(error: GatewayError): Response {
  return responseOf(problemOf(error, ''));
}

function responseOf({ status, headers = [], body }: Reply): Response {
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
