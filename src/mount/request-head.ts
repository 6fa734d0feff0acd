import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../core/errors.ts';
import { isFieldName, isFieldValue } from '../http/field.ts';

/** Lines about the connection that the request came over; what they say has been done by the time that it is here. */
const ofConnection: ReadonlySet<string> = new Set(['keep-alive', 'transfer-encoding', 'expect']);

/** What says where a request ends is the client's to say, and nobody else's. */
const framing = 'content-length';

/**
 * The head of a request of `node:http` as it stood on the wire, for the gateway's own reader: what Node lets through and the
 * gateway does not is refused here as everywhere. What the app has changed in `request.headers` counts: lines that it has added,
 * changed or deleted.
 * @param url the target, which may be another than the client's: apps take their mount path off.
 * @param length octets of the body, where it is not the one that the client announced; −1 when not known.
 * @param upgrades whether the protocol can be changed; an `Upgrade` goes no further where it cannot (RFC 9110 §7.8).
 * @throws GatewayError when the app made something of the request that cannot be sent.
 */
export function headOf(
  request: IncomingMessage,
  url: string,
  length: number | undefined,
  upgrades = true,
): string {
  const { rawHeaders, method = 'GET', headers } = request;
  // Octets that an app has decoded would end the line, or the head: what follows would be the client's to write.
  if (!/^[\x21-\x7e\x80-\xff]+$/.test(url))
    throw new GatewayError(
      'bad_path',
      'the app made a URL of the request with characters that none may have',
    );
  let head = `${method} ${url} HTTP/${request.httpVersion}\r\n`;
  let chunked = false;
  const seen = new Set<string>();
  const repeated = repeatedIn(rawHeaders);
  const replaced = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const lower = name.toLowerCase();
    const value = rawHeaders[i + 1] ?? '';
    if (lower === 'transfer-encoding') chunked = true;
    // Connection stays: the lines that it names go no further (RFC 9110 §7.6.1).
    if (ofConnection.has(lower) || (!upgrades && lower === 'upgrade')) continue;
    if (lower === framing) {
      if (length === undefined) head += `${name}: ${value}\r\n`;
      continue;
    }
    seen.add(lower);
    if (replaced.has(lower)) continue;
    const now = headers[lower];
    if ((now === value && !repeated.has(lower)) || isAsSent(request, lower, now))
      head += `${name}: ${value}\r\n`;
    else {
      head += linesOf(name, now);
      replaced.add(lower);
    }
  }
  for (const name in headers) {
    if (seen.has(name) || ofConnection.has(name) || name === framing || name === 'upgrade') continue;
    head += linesOf(name, headers[name]);
  }
  if (length === undefined ? chunked : length === -1) head += 'Transfer-Encoding: chunked\r\n';
  else if (length !== undefined && length > 0) head += `Content-Length: ${length}\r\n`;
  return `${head}\r\n`;
}

/**
 * Refuses what Node takes for a request and others in front of it may read in another way: where it ends, and what comes behind it, must be
 * beyond doubt (RFC 9112 §6.1, §11.2).
 * @throws GatewayError with side `client`; the connection is to be closed.
 */
export function checkFraming({ rawHeaders, httpVersion }: IncomingMessage): void {
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    throw new GatewayError('version_not_supported', `version ${httpVersion}`);
  let codings = 0;
  let expectations = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase();
    const value = rawHeaders[i + 1]?.toLowerCase();
    if (name === 'transfer-encoding') {
      if (++codings > 1) throw new GatewayError('bad_framing', 'two Transfer-Encoding headers');
      if (value !== 'chunked')
        throw new GatewayError('bad_framing', 'Transfer-Encoding is not exactly "chunked"');
      if (httpVersion === '1.0') throw new GatewayError('bad_framing', 'Transfer-Encoding on HTTP/1.0');
    } else if (name === 'expect' && (++expectations > 1 || value !== '100-continue'))
      throw new GatewayError('expectation_failed', 'an expectation other than 100-continue');
  }
}

/** The names, in lower case, that come more than once. */
function repeatedIn(rawHeaders: readonly string[]): ReadonlySet<string> {
  const once = new Set<string>();
  const repeated = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    if (once.has(name)) repeated.add(name);
    else once.add(name);
  }
  return repeated;
}

/** What Node keeps the first line of alone. */
const singular: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);

/** Whether this is what Node makes of the lines of that name, where there is more than one, or none to be made. */
function isAsSent(request: IncomingMessage, name: string, now: unknown): boolean {
  // No key of an object.
  if (name === '__proto__') return true;
  if (now === undefined) return false;
  const sent = request.headersDistinct[name] ?? [];
  if (Array.isArray(now)) return now.length === sent.length && now.every((line, i) => line === sent[i]);
  if (sent.length < 2) return false;
  if (singular.has(name) && now === sent[0]) return true;
  return now === sent.join(name === 'cookie' ? '; ' : ', ');
}

/** What the app has made of a header. @throws GatewayError when that is no header. */
function linesOf(name: string, now: unknown): string {
  let lines = '';
  for (const value of [now].flat()) {
    if (value === undefined || value === null) continue;
    const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    if (typeof text !== 'string' || !isFieldName(name) || !isFieldValue(text))
      throw new GatewayError(
        'internal',
        `the app made a header of the request that is none: ${JSON.stringify(name)}`,
      );
    lines += `${name}: ${text}\r\n`;
  }
  return lines;
}
