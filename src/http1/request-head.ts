import type { IncomingRequest } from '../core/downstream.ts';
import { GatewayError } from '../core/errors.ts';
import { parseTokenList } from '../http/field.ts';
import { HeaderList } from '../http/header-list.ts';
import type { HostAndPort } from '../http/host.ts';
import { parseHost } from '../http/host.ts';
import { isReservedName } from '../http/look-alikes.ts';
import { canonicalPath } from '../http/path.ts';
import type { RequestTarget } from '../http/request-target.ts';
import { emptyRequestTarget, readRequestTarget } from '../http/request-target.ts';
import {
  checkLines,
  classify,
  isRemovable,
  LINES_OK,
  parseContentLength,
  resemblesKnown,
  SEEN,
  spells,
} from './header-lines.ts';

/** Limits on a request head; sizes in octets. */
export interface HeadLimits {
  readonly headerBytes: number;
  readonly headerCount: number;
  readonly targetBytes: number;
}

/** A canonical request as it came over HTTP/1, with what the connection needs to know beyond that. */
export interface Http1Request extends IncomingRequest {
  readonly httpVersion: '1.0' | '1.1';
  /** What the client and the version say about the connection; the server may still close it. */
  readonly keepAlive: boolean;
  /** Some forwarding header (`X-Forwarded-*`, `Forwarded`, `X-Real-IP`) is among the headers. */
  readonly forwarded: boolean;
  readonly via: boolean;
}

/** Where in a head the parser stopped. */
interface RawHead {
  readonly text: string;
  readonly spans: number[];
  readonly targetStart: number;
  readonly targetEnd: number;
}

/** What a connection remembers from one head to the next: the same client usually asks for the same host again. */
export interface HeadMemory {
  method: string;
  hostText: string;
  host: HostAndPort | undefined;
  readonly target: RequestTarget;
}

/** An empty {@link HeadMemory}. */
export function createHeadMemory(): HeadMemory {
  return { method: 'GET', hostText: '', host: undefined, target: emptyRequestTarget() };
}

/**
 * From the head that llhttp has accepted to the canonical request, or to the reason why not. Hop-by-hop lines and what
 * a `Connection` header nominates are gone from the result (RFC 9110 §7.6.1), so are names with an underscore and those that
 * are reserved for the gateway.
 * @throws GatewayError with side `client`; the connection is to be closed.
 */
export function readRequestHead(head: RawHead, limits: HeadLimits, memory: HeadMemory): Http1Request {
  const { text, spans, targetStart, targetEnd } = head;
  const methodStart = text.startsWith('\r\n') ? 2 : 0;
  const method = readMethod(text, methodStart, targetStart - 1, memory);
  if (targetEnd - targetStart > limits.targetBytes) {
    throw new GatewayError('target_too_long', `${targetEnd - targetStart} octets`);
  }
  const version = checkRequestLine(text, methodStart, targetStart, targetEnd, method);
  if (text.length - targetEnd > limits.headerBytes) {
    throw new GatewayError('headers_too_large', `${text.length - targetEnd} octets`);
  }
  if (spans.length > limits.headerCount * 4)
    throw new GatewayError('headers_too_large', `${spans.length / 4} lines`);
  const stray = checkLines(text, spans, targetEnd + 11);
  if (stray !== LINES_OK) throw new GatewayError('bad_request', `octet ${stray} of the head is out of place`);
  const lines = sortLines(text, spans, version === '1.0');
  const target = checkTarget(text.slice(targetStart, targetEnd), method, memory);
  const host = checkHost(text, lines, target.authority, version, memory);
  return {
    method,
    path: target.path,
    query: target.query,
    host: host?.host ?? '',
    port: host?.port,
    httpVersion: version,
    headers: new HeaderList(text, spans),
    contentLength: lines.chunked ? -1 : lines.contentLength,
    hasBody: lines.chunked || lines.contentLength > 0,
    keepAlive: lines.keepAlive,
    expectContinue: lines.expectContinue && version === '1.1',
    upgrade: lines.upgrade,
    acceptsTrailers: lines.acceptsTrailers,
    forwarded: (lines.seen & SEEN.FORWARDED) !== 0,
    via: (lines.seen & SEEN.VIA) !== 0,
    droppedNames: lines.droppedNames,
  };
}

/** The same text for the same method, so that comparing and looking it up takes no look at its characters. */
function readMethod(text: string, start: number, end: number, memory: HeadMemory): string {
  if (end - start !== memory.method.length || !text.startsWith(memory.method, start))
    memory.method = text.slice(start, end);
  return memory.method;
}

/** `method SP request-target SP HTTP-version CRLF`, single spaces, nothing more (RFC 9112 §3). */
function checkRequestLine(
  text: string,
  methodStart: number,
  targetStart: number,
  targetEnd: number,
  method: string,
): '1.0' | '1.1' {
  for (let i = methodStart; i < targetStart - 1; i++) {
    const code = text.charCodeAt(i);
    if ((code < 0x41 || code > 0x5a) && code !== 0x2d) {
      throw new GatewayError('bad_request', 'the request line does not begin with a method');
    }
  }
  if (method === '' || text.charCodeAt(targetStart - 1) !== 0x20) {
    throw new GatewayError('bad_request', 'no single space between method and target');
  }
  if (!text.startsWith(' HTTP/', targetEnd))
    throw new GatewayError('bad_request', 'no version behind the target');
  const major = text.charCodeAt(targetEnd + 6);
  const minor = text.charCodeAt(targetEnd + 8);
  if (text.charCodeAt(targetEnd + 7) !== 0x2e || !text.startsWith('\r\n', targetEnd + 9)) {
    throw new GatewayError('bad_request', 'the version is not well-formed');
  }
  if (major === 0x31 && minor === 0x31) return '1.1';
  if (major === 0x31 && minor === 0x30) return '1.0';
  throw new GatewayError('version_not_supported', `version ${text.slice(targetEnd + 1, targetEnd + 9)}`);
}

interface SortedLines {
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

/** One pass over the lines: framing, connection, and the removal of what ends here. */
function sortLines(text: string, spans: number[], http10: boolean): SortedLines {
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

function checkTarget(raw: string, method: string, memory: HeadMemory): RequestTarget {
  const { target } = memory;
  if (method === 'CONNECT') throw new GatewayError('method_not_allowed', 'CONNECT');
  if (!readRequestTarget(raw, target)) throw new GatewayError('bad_path', 'the request target is not valid');
  if (target.path === '*') {
    if (method !== 'OPTIONS') throw new GatewayError('bad_path', `the target * with ${method}`);
    return target;
  }
  const path = canonicalPath(target.path);
  if (path === undefined) throw new GatewayError('bad_path', 'the path is not valid');
  target.path = path;
  return target;
}

/** One Host, which an absolute target must not contradict (RFC 9112 §3.2). */
function checkHost(
  text: string,
  { hostStart, hostEnd }: SortedLines,
  authority: string | undefined,
  version: '1.0' | '1.1',
  memory: HeadMemory,
): HostAndPort | undefined {
  if (hostStart === -1) {
    if (version === '1.1') throw new GatewayError('bad_host', 'no Host header');
    return authority === undefined ? undefined : readHost(authority);
  }
  const { hostText } = memory;
  if (
    memory.host === undefined ||
    hostEnd - hostStart !== hostText.length ||
    !text.startsWith(hostText, hostStart)
  ) {
    memory.hostText = text.slice(hostStart, hostEnd);
    memory.host = undefined;
    memory.host = readHost(memory.hostText);
  }
  const { host } = memory;
  if (authority !== undefined) {
    const named = readHost(authority);
    if (named.host !== host.host || (named.port ?? 80) !== (host.port ?? 80)) {
      throw new GatewayError('bad_host', 'the target names another host than the Host header');
    }
  }
  return host;
}

function readHost(value: string): HostAndPort {
  const host = parseHost(value);
  if (host === undefined) throw new GatewayError('bad_host', 'the host is not valid');
  return host;
}

function joined(list: string | undefined, value: string): string {
  return list === undefined ? value : `${list}, ${value}`;
}
