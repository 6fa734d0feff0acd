import { GatewayError } from '../core/errors.ts';
import type { UpstreamResponse } from '../core/upstream-call.ts';
import { parseTokenList } from '../http/field.ts';
import { HeaderList } from '../http/header-list.ts';
import {
  checkLines,
  classify,
  isRemovable,
  LINES_OK,
  parseContentLength,
  SEEN,
  spells,
} from './header-lines.ts';

/** A target's head, with what the connection needs to know beyond what the gateway is told. */
export interface Http1Response extends UpstreamResponse {
  readonly body: 'none' | 'length' | 'chunked' | 'close';
  readonly keepAlive: boolean;
  /** Seconds that the target promises to keep an idle connection, or undefined. */
  readonly keepAliveTimeout: number | undefined;
  /** The Upgrade header of a 101, lower-case. */
  readonly upgrade: string | undefined;
}

/** No header line is longer, in octets: the whole head of what many clients take. */
const LINE_LIMIT = 16 * 1024;

interface RawHead {
  readonly text: string;
  readonly spans: number[];
  readonly status: number;
}

/**
 * From the head that llhttp has accepted to the answer, or to the reason why not.
 * @param toHead whether it answers a HEAD request.
 * @throws GatewayError `upstream_malformed`.
 */
export function readResponseHead(head: RawHead, toHead: boolean): Http1Response {
  const { text, spans, status } = head;
  const lineEnd = text.indexOf('\r\n');
  if (!isStatusLine(text, lineEnd)) throw malformed('the status line is not well-formed');
  const http10 = text.charCodeAt(7) === 0x30;
  if (checkLines(text, spans, lineEnd + 2) !== LINES_OK)
    throw malformed('an octet of the head is out of place');
  const lines = sortLines(text, spans, http10, status);
  const bodyless = toHead || status < 200 || status === 204 || status === 304;
  let body: Http1Response['body'] = 'close';
  if (bodyless || (lines.contentLength === 0 && !lines.chunked)) body = 'none';
  else if (lines.chunked) body = 'chunked';
  else if (lines.contentLength > 0) body = 'length';
  const headers = new HeaderList(text, spans);
  return {
    status,
    headers,
    isEventStream: body !== 'none' && isEventStream(headers.get('content-type')),
    // RFC 9110 §8.6: none in a 204.
    length: status === 204 || lines.chunked ? -1 : lines.contentLength,
    hasBody: !bodyless,
    body,
    keepAlive: lines.keepAlive && body !== 'close',
    keepAliveTimeout: lines.keepAliveTimeout,
    upgrade: lines.upgrade,
  };
}

/** `HTTP-version SP status-code [ SP reason-phrase ] CRLF` (RFC 9112 §4), which llhttp reads more leniently. */
function isStatusLine(text: string, end: number): boolean {
  if (end < 12 || !text.startsWith('HTTP/1.')) return false;
  const minor = text.charCodeAt(7);
  if ((minor !== 0x30 && minor !== 0x31) || text.charCodeAt(8) !== 0x20) return false;
  const first = text.charCodeAt(9);
  if (first < 0x31 || first > 0x35 || !isDigit(text.charCodeAt(10)) || !isDigit(text.charCodeAt(11)))
    return false;
  if (end === 12) return true;
  if (text.charCodeAt(12) !== 0x20) return false;
  for (let i = 13; i < end; i++) {
    const code = text.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) return false;
  }
  return true;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isEventStream(contentType: string | undefined): boolean {
  if (contentType === undefined || contentType.length < 17) return false;
  return spells(contentType, 0, 'text/event-stream') && !/^\w/.test(contentType.slice(17));
}

interface SortedLines {
  contentLength: number;
  chunked: boolean;
  keepAlive: boolean;
  keepAliveTimeout: number | undefined;
  upgrade: string | undefined;
}

function sortLines(text: string, spans: number[], http10: boolean, status: number): SortedLines {
  const out: SortedLines = {
    contentLength: -1,
    chunked: false,
    keepAlive: !http10,
    keepAliveTimeout: undefined,
    upgrade: undefined,
  };
  let connection: string | undefined;
  for (let i = 0; i < spans.length; i += 4) {
    const start = spans[i] as number;
    if ((spans[i + 3] as number) - start > LINE_LIMIT) throw malformed('a header line is too long');
    const bit = classify(text, start, spans[i + 1] as number);
    const acted =
      bit &
      (SEEN.CONNECTION |
        SEEN.KEEP_ALIVE |
        SEEN.TRANSFER_ENCODING |
        SEEN.CONTENT_LENGTH |
        SEEN.UPGRADE |
        SEEN.TE |
        SEEN.HOP);
    if (acted === 0) continue;
    const valueStart = spans[i + 2] as number;
    const valueEnd = spans[i + 3] as number;
    switch (bit) {
      case SEEN.CONNECTION:
        connection =
          connection === undefined
            ? text.slice(valueStart, valueEnd)
            : `${connection}, ${text.slice(valueStart, valueEnd)}`;
        break;
      case SEEN.KEEP_ALIVE:
        out.keepAliveTimeout = keepAliveTimeout(text.slice(valueStart, valueEnd));
        break;
      case SEEN.CONTENT_LENGTH:
        if (out.contentLength !== -1) throw malformed('two Content-Length headers');
        out.contentLength = parseContentLength(text, valueStart, valueEnd);
        if (out.contentLength === -1) throw malformed('Content-Length is not a plain number');
        // RFC 9110 §8.6: none in a 1xx or a 204. Elsewhere it stays: policies may want to know.
        if (status >= 200 && status !== 204) continue;
        break;
      case SEEN.TRANSFER_ENCODING:
        if (out.chunked || http10 || valueEnd - valueStart !== 7 || !spells(text, valueStart, 'chunked')) {
          throw malformed('Transfer-Encoding is not exactly "chunked"');
        }
        out.chunked = true;
        break;
      case SEEN.UPGRADE:
        out.upgrade = text.slice(valueStart, valueEnd).toLowerCase();
        break;
      case SEEN.HOP:
        // Proxy-Authenticate belongs to a 407, which is the client's to see only from its own proxy.
        break;
      default:
        break;
    }
    spans[i] = -1;
  }
  if (out.chunked && out.contentLength !== -1)
    throw malformed('Content-Length and Transfer-Encoding together');
  if (connection !== undefined) applyConnection(connection, text, spans, out, http10);
  if (status !== 101) out.upgrade = undefined;
  return out;
}

function applyConnection(
  value: string,
  text: string,
  spans: number[],
  out: SortedLines,
  http10: boolean,
): void {
  // What nearly every target says, and nothing to do.
  if (value === 'keep-alive' && !http10) return;
  const options = parseTokenList(value);
  if (options.includes('close')) out.keepAlive = false;
  else if (http10 && options.includes('keep-alive')) out.keepAlive = true;
  for (const name of options) {
    if (name === 'close' || name === 'keep-alive' || name === 'upgrade' || !isRemovable(name)) continue;
    for (let i = 0; i < spans.length; i += 4) {
      const start = spans[i] as number;
      if (start !== -1 && (spans[i + 1] as number) - start === name.length && spells(text, start, name))
        spans[i] = -1;
    }
  }
}

/** `timeout=5` of a Keep-Alive header, in seconds. */
function keepAliveTimeout(value: string): number | undefined {
  const match = /(?:^|[,;\s])timeout=(\d{1,6})(?:$|[,;\s])/i.exec(value);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

function malformed(detail: string): GatewayError {
  return new GatewayError('upstream_malformed', detail);
}
