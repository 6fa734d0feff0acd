import { problemOf } from '../core/problem.ts';
import { GatewayError } from '../core/errors.ts';
import type { Reply } from '../core/exchange.ts';
import type { TimerWheel } from '../core/timer-wheel.ts';
import { normalizeIp } from '../http/ip.ts';
import type { Receiver } from './receiver.ts';
import { WebDownstream } from './web-downstream.ts';

/** What is known of a request that a `Request` does not say. */
export interface RequestOrigin {
  /** The client's address, without port; 127.0.0.1 when left out. It counts as the other end of a connection. */
  readonly ip?: string;
}

/**
 * Answers a web `Request` with a `Response`, without a socket on the client's side.
 * @throws GatewayError when the answer breaks off before its head; the request's reason, when it is aborted; TypeError when
 *   its body has been read, is being read or yields something other than octets, its URL is not of HTTP, or the address is none.
 */
export async function handleRequest(
  { wheel, receiver }: { readonly wheel: TimerWheel; readonly receiver: Pick<Receiver, 'receive'> },
  request: Request,
  { ip = '127.0.0.1' }: RequestOrigin = {},
): Promise<Response> {
  request.signal.throwIfAborted();
  if (request.bodyUsed || request.body?.locked === true)
    throw new TypeError('the body of the request has been read already, or is being read: hand over a clone');
  const url = new URL(request.url);
  const scheme = schemeOf(url);
  const peerIp = addressOf(ip);
  const downstream = new WebDownstream(request, wheel);
  const reception = receiver.receive({ head: headOf(request, url), peerIp, scheme, downstream }, false);
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

/** @throws TypeError when it is not of HTTP. */
function schemeOf({ protocol }: URL): 'http' | 'https' {
  if (protocol === 'https:') return 'https';
  if (protocol === 'http:') return 'http';
  throw new TypeError(`a request whose URL is of ${protocol.slice(0, -1)}: it is of http or https`);
}

/** What is no address would end up in headers as it is. @throws TypeError when it is none. */
function addressOf(ip: unknown): string {
  const address = typeof ip === 'string' ? normalizeIp(ip) : undefined;
  if (address !== undefined) return address;
  const found = typeof ip === 'string' ? JSON.stringify(ip.slice(0, 60)) : typeof ip;
  throw new TypeError(`${found} as the ip of a request's origin: it is an IP address, without port`);
}

/** The head of a `Request` as it would stand on the wire. */
function headOf({ method, headers, body }: Request, { host, pathname, search }: URL): string {
  let head = `${method} ${pathname}${search} HTTP/1.1\r\n`;
  if (!headers.has('host')) head += `Host: ${host}\r\n`;
  let chunked = body !== null && !headers.has('content-length');
  for (const [name, value] of headers) {
    // Servers that make a `Request` of what they have received leave it there. It is written once.
    if (name === 'transfer-encoding' && value.toLowerCase() === 'chunked') chunked = true;
    else head += `${name}: ${value}\r\n`;
  }
  if (chunked) head += 'Transfer-Encoding: chunked\r\n';
  return `${head}\r\n`;
}
