import type { IncomingRequest } from '../core/downstream.ts';
import { GatewayError } from '../core/errors.ts';
import { HeaderList } from '../http/header-list.ts';
import type { HostAndPort } from '../http/host.ts';
import { parseHost } from '../http/host.ts';
import { canonicalPath } from '../http/path.ts';
import type { RequestTarget } from '../http/request-target.ts';
import { emptyRequestTarget, readRequestTarget } from '../http/request-target.ts';
import { checkLines, LINES_OK, SEEN } from './header-lines.ts';
import type { SortedLines } from './sort-lines.ts';
import { sortLines } from './sort-lines.ts';

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
