import type { ResponseHead } from '../core/exchange.ts';
import { statusText } from '../http/status-text.ts';

/** How the end of a body is told to the other side (RFC 9112 §6). */
export type Framing = 'none' | 'length' | 'chunked' | 'close' | 'raw';

/** Status lines by status, made on first use. */
const statusLines: (string | undefined)[] = [];

/**
 * The status line; our version is always 1.1 (RFC 9112 §2.3). The reason phrase is the registered one: a target's own is
 * not passed on.
 */
export function statusLine(status: number): string {
  return (statusLines[status] ??= `HTTP/1.1 ${status} ${statusText(status)}\r\n`);
}

/** What a server connection decides about a final head. */
export interface ResponseHeadFraming {
  readonly framing: Framing;
  /** For `length`, and for an answer to HEAD or a 304 that names the length it would have. */
  readonly length: number;
  readonly keepAlive: boolean;
  /** HTTP/1.0 clients need to be told that the connection stays open. */
  readonly http10: boolean;
  /** For an answer without a Date (RFC 9110 §6.6.1). */
  readonly date: string;
}

/**
 * A final head as text, with the empty line. The caller has seen to it that a Content-Length among the headers is the
 * length given here, and that there is none when none is given.
 */
export function writeResponseHead(head: ResponseHead, framing: ResponseHeadFraming): string {
  let text = statusLine(head.status) + head.headers.serialize();
  if (framing.length >= 0) {
    if (!head.headers.has('content-length')) text += `Content-Length: ${framing.length}\r\n`;
  } else if (framing.framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n';
  if (!head.headers.has('date')) text += `Date: ${framing.date}\r\n`;
  if (!framing.keepAlive) text += 'Connection: close\r\n';
  else if (framing.http10) text += 'Connection: keep-alive\r\n';
  return `${text}\r\n`;
}
