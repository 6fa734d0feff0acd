import { GatewayError } from '../core/errors.ts';
import { parseTokenList } from '../http/field.ts';
import { isReservedName } from '../http/look-alikes.ts';
import { classify, isRemovable, parseContentLength, resemblesKnown, SEEN, spells } from './header-lines.ts';

/** What the lines of a request's head come to. */
export interface SortedLines {
  seen: number;
  /** Where the host is; a start of −1 is no host. */
  hostStart: number;
  hostEnd: number;
  contentLength: number;
  chunked: boolean;
  keepAlive: boolean;
  expectContinue: boolean;
  upgrade: string | undefined;
  acceptsTrailers: boolean;
  droppedNames: number;
}

/**
 * One pass over the lines: framing, connection, and the removal of what ends here.
 * @param spans four offsets into `text` a line, as in `HeaderList`; the first of a line that is removed becomes −1.
 * @throws GatewayError when lines contradict each other, or mean what we do not do.
 */
export function sortLines(text: string, spans: number[], http10: boolean): SortedLines {
  const out: SortedLines = {
    seen: 0,
    hostStart: -1,
    hostEnd: -1,
    contentLength: 0,
    chunked: false,
    keepAlive: !http10,
    expectContinue: false,
    upgrade: undefined,
    acceptsTrailers: false,
    droppedNames: 0,
  };
  let connection: string | undefined;
  for (let i = 0; i < spans.length; i += 4) {
    const start = spans[i] as number;
    const end = spans[i + 1] as number;
    const bit = classify(text, start, end);
    if (bit === 0) {
      if (isDropped(text, start, end)) {
        spans[i] = -1;
        out.droppedNames++;
      }
      continue;
    }
    const repeated = (out.seen & bit) !== 0;
    out.seen |= bit;
    if (bit === SEEN.VIA || bit === SEEN.FORWARDED || bit === SEEN.DATE) continue;
    if (bit === SEEN.AUTHORIZATION) {
      if (repeated) throw new GatewayError('bad_request', 'two Authorization headers');
      continue;
    }
    const valueStart = spans[i + 2] as number;
    const valueEnd = spans[i + 3] as number;
    switch (bit) {
      case SEEN.CONNECTION:
        connection = joined(connection, text.slice(valueStart, valueEnd));
        break;
      case SEEN.HOST:
        if (repeated) throw new GatewayError('bad_host', 'two Host headers');
        out.hostStart = valueStart;
        out.hostEnd = valueEnd;
        break;
      case SEEN.CONTENT_LENGTH:
        if (repeated) throw new GatewayError('bad_framing', 'two Content-Length headers');
        out.contentLength = parseContentLength(text, valueStart, valueEnd);
        if (out.contentLength === -1)
          throw new GatewayError('bad_framing', 'Content-Length is not a plain number');
        // The one framing line that stays: policies may want to know.
        continue;
      case SEEN.TRANSFER_ENCODING:
        if (repeated) throw new GatewayError('bad_framing', 'two Transfer-Encoding headers');
        checkTransferEncoding(text, valueStart, valueEnd, http10);
        out.chunked = true;
        break;
      case SEEN.EXPECT:
        if (repeated || valueEnd - valueStart !== 12 || !spells(text, valueStart, '100-continue')) {
          throw new GatewayError('expectation_failed', 'an expectation other than 100-continue');
        }
        out.expectContinue = true;
        break;
      case SEEN.UPGRADE:
        out.upgrade = joined(out.upgrade, text.slice(valueStart, valueEnd).toLowerCase());
        break;
      case SEEN.TE:
        // RFC 9110 §10.1.4: `trailers` has no weight, other members do.
        out.acceptsTrailers ||= parseTokenList(text.slice(valueStart, valueEnd)).includes('trailers');
        break;
      default:
        break;
    }
    spans[i] = -1;
  }
  if (out.chunked && (out.seen & SEEN.CONTENT_LENGTH) !== 0) {
    throw new GatewayError('bad_framing', 'Content-Length and Transfer-Encoding together');
  }
  if (connection !== undefined) applyConnection(connection, text, spans, out, http10);
  else out.upgrade = undefined;
  return out;
}

/** Exactly one `chunked`, on HTTP/1.1 (RFC 9112 §6.1). */
function checkTransferEncoding(text: string, start: number, end: number, http10: boolean): void {
  if (http10) throw new GatewayError('bad_framing', 'Transfer-Encoding on HTTP/1.0');
  if (end - start === 7 && spells(text, start, 'chunked')) return;
  const value = text.slice(start, end).toLowerCase();
  // A coding we do not know is 501 (RFC 9112 §6.1); anything that plays with `chunked` is an attack.
  if (/^(gzip|deflate|compress|identity|br|zstd)$/.test(value)) {
    throw new GatewayError('transfer_coding_not_implemented', `Transfer-Encoding: ${value}`);
  }
  throw new GatewayError('bad_framing', 'Transfer-Encoding is not exactly "chunked"');
}

/** What the Connection header says, and the removal of the fields it nominates (RFC 9110 §7.6.1). */
function applyConnection(
  value: string,
  text: string,
  spans: number[],
  out: SortedLines,
  http10: boolean,
): void {
  let upgrade = false;
  for (const option of parseTokenList(value)) {
    if (option === 'close') out.keepAlive = false;
    else if (option === 'keep-alive') out.keepAlive ||= http10 && !/close/i.test(value);
    else if (option === 'upgrade') upgrade = true;
    else if (option !== 'te' && isRemovable(option)) removeLines(text, spans, option);
  }
  // RFC 9110 §7.8: an Upgrade that Connection does not nominate is not one, and HTTP/1.0 knows none.
  if (!upgrade || http10) out.upgrade = undefined;
}

function removeLines(text: string, spans: number[], name: string): void {
  for (let i = 0; i < spans.length; i += 4) {
    const start = spans[i] as number;
    if (start !== -1 && (spans[i + 1] as number) - start === name.length && spells(text, start, name))
      spans[i] = -1;
  }
}

/**
 * Names that servers behind us read as another name that means something here (`Content_Length`, `X.Forwarded.For`), and
 * names that are for the gateway alone.
 */
function isDropped(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (text.charCodeAt(i) === 0x5f) return true;
  return resemblesKnown(text, start, end) || isReservedName(text, start, end);
}

function joined(list: string | undefined, value: string): string {
  return list === undefined ? value : `${list}, ${value}`;
}
