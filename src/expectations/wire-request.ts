import type { HeaderLine } from './observation.ts';
import type { RequestToSend } from './schema/request.ts';

/** A request as it stands on the wire. */
export interface WireRequest {
  /** Latin1, with the empty line. */
  readonly head: string;
  readonly body: Uint8Array;
  readonly ip: string;
}

/**
 * The octets of a request that the file describes. Nothing is mended: what a gateway refuses must get there as it is.
 * @param token a token to send, if the request has one.
 */
export function wireRequest(request: RequestToSend, token: string | undefined): WireRequest {
  const { method, target, host = 'localhost', ip, body } = request;
  const lines: HeaderLine[] = [...request.headers];
  const has = (name: string): boolean => lines.some(([other]) => other.toLowerCase() === name);
  if (!has('host') && host !== null) lines.unshift(['Host', host]);
  if (token !== undefined) lines.push(['Authorization', `Bearer ${token}`]);
  const octets = Buffer.from(body?.text ?? '', 'utf8');
  if (body?.type === 'json' && !has('content-type')) lines.push(['Content-Type', 'application/json']);
  if (octets.length > 0 && !has('content-length') && !has('transfer-encoding'))
    lines.push(['Content-Length', String(octets.length)]);
  const head = [`${method} ${target} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)];
  return { head: `${head.join('\r\n')}\r\n\r\n`, body: octets, ip };
}
