import type { IncomingMessage } from 'node:http';

/** Lines about the connection that the request came over; what they say has been done by the time that it is here. */
const ofConnection: ReadonlySet<string> = new Set(['keep-alive', 'transfer-encoding', 'expect']);

/**
 * The head of a request of `node:http` as it stood on the wire, for the gateway's own reader: what Node lets through and the
 * gateway does not is refused here as everywhere.
 * @param url the target, which may be another than the client's: apps take their mount path off.
 * @param length octets of the body, where it is not the one that the client announced; −1 when not known.
 */
export function headOf(request: IncomingMessage, url: string, length: number | undefined): string {
  const { rawHeaders, method = 'GET' } = request;
  let head = `${method} ${url} HTTP/${request.httpVersion === '1.0' ? '1.0' : '1.1'}\r\n`;
  let chunked = false;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'transfer-encoding') chunked = true;
    // Connection stays: the lines that it names go no further (RFC 9110 §7.6.1).
    if (ofConnection.has(lower)) continue;
    if (lower === 'content-length' && length !== undefined) continue;
    head += `${name}: ${rawHeaders[i + 1] ?? ''}\r\n`;
  }
  if (length === undefined ? chunked : length === -1) head += 'Transfer-Encoding: chunked\r\n';
  else if (length !== undefined && length > 0) head += `Content-Length: ${length}\r\n`;
  return `${head}\r\n`;
}
