import { RequestParser } from '../../kit/request-parser.ts';
import type { RecordedRequest } from '../../kit/request-parser.ts';
import { expectedPath } from './canonical-path.ts';

/**
 * What must become of a request: it arrives at the target (`forward`); it is answered with an error, and nothing behind
 * it is read any more (`refuse`); it is answered with an error, and as its end is beyond doubt the connection may go on
 * (`decline`); or it arrives or is refused, but consistently so (`either`).
 */
export type Fate = 'forward' | 'refuse' | 'decline' | 'either';

/** One request of a stream, and what must become of it. */
export interface ExpectedRequest {
  readonly fate: Fate;
  /** Why it is not simply to be forwarded. */
  readonly why: string;
  readonly method: string;
  /** Path and query as they must arrive; undefined where nothing is said about it. */
  readonly target: string | undefined;
  readonly body: Buffer;
  /** Whether the connection ends with it, so that nothing behind it is read. */
  readonly closes: boolean;
  /** Whether a gateway may answer it well by itself, as it may `OPTIONS *`. */
  readonly ownAnswer: boolean;
  /** Whether its head does not end, so that a gateway may wait for the rest before it refuses. */
  readonly waits: boolean;
}

/** What must become of the bytes of one connection. */
export interface Expectation {
  readonly requests: readonly ExpectedRequest[];
  /** Whether the bytes end in the middle of a request, which then must not arrive as a whole one. */
  readonly unfinished: boolean;
}

/** Methods that every service knows, and that the gateway forwards. */
const ordinaryMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']);
/** Methods that never pass (HARDENING F17). */
const refusedMethods = new Set(['CONNECT', 'TRACE', 'TRACK']);

/**
 * Says what must become of a stream. It is read by a parser that shares nothing with the gateway's; from the first
 * request on that is not exactly as RFC 9112 wants it, nothing may arrive.
 */
export function expectStream(bytes: string): Expectation {
  const parser = new RequestParser({ onHead() {}, onRequest() {} });
  const octets = Buffer.from(bytes, 'latin1');
  parser.push(octets);
  const requests: ExpectedRequest[] = [];
  let end = 0;
  for (const request of parser.requests) {
    const emptyLines = request.start > end;
    if (!request.complete && onlyExtensions(request)) break;
    const expected = expectRequest(
      request,
      emptyLines,
      bytes.slice(request.start, request.end ?? bytes.length),
    );
    requests.push(expected);
    end = request.end ?? end;
    if (expected.fate === 'refuse' || expected.closes) return { requests, unfinished: false };
  }
  return { requests, unfinished: end < octets.length };
}

function expectRequest(request: RecordedRequest, emptyLines: boolean, raw: string): ExpectedRequest {
  const target = expectTarget(request);
  let { fate, why } = judge(request, target, emptyLines);
  // llhttp takes no tab behind a length or a coding, which RFC 9112 §5 allows: refusing is safe too.
  if (fate === 'forward' && /^(?:content-length|transfer-encoding):[ \t]*\w+ *\t/im.test(raw)) {
    fate = 'either';
    why = 'a tab behind the length or the coding';
  }
  return {
    fate,
    why,
    method: request.method,
    target,
    body: request.body,
    closes: closes(request),
    ownAnswer: request.method === 'OPTIONS' && request.target === '*',
    waits: !/\r?\n\r?\n/.test(raw),
  };
}

function judge(
  request: RecordedRequest,
  target: string | undefined,
  emptyLines: boolean,
): { fate: Fate; why: string } {
  const refuse = (why: string): { fate: Fate; why: string } => ({ fate: 'refuse', why });
  const decline = (why: string): { fate: Fate; why: string } => ({ fate: 'decline', why });
  const either = (why: string): { fate: Fate; why: string } => ({ fate: 'either', why });
  const [irregularity] = request.irregularities;
  const { method } = request;
  if (irregularity !== undefined) {
    if (onlyHttp10(request)) return either('HTTP/1.0 without Host');
    return onlyExtensions(request) ? either('an odd chunk extension') : refuse(irregularity);
  }
  if (refusedMethods.has(method)) return decline(`method ${method}`);
  if (method === 'OPTIONS' && request.target === '*') return either('asterisk-form');
  if (target === undefined) return decline(`target ${request.target}`);
  const host = judgeHost(request);
  if (host !== 'forward') return { fate: host, why: 'Host' };
  if (request.all('authorization').length > 1) return decline('two Authorization lines');
  if (request.all('expect').some((value) => value.toLowerCase() !== '100-continue')) return decline('Expect');
  if (/^0\d/.test(request.header('content-length') ?? '')) return either('Content-Length with leading zeros');
  if (request.all('expect').length > 1) return either('Expect twice');
  if (
    request.trailers.some(([name]) => /^(content-length|transfer-encoding|host|authorization)$/i.test(name))
  ) {
    return either('a trailer that is refused or dropped');
  }
  // RFC 9112 §7.1.1 allows white space around the parts of an extension, and llhttp does not.
  if (request.chunkExtensions.some((extension) => /[ \t]/.test(extension)))
    return either('white space in an extension');
  if (emptyLines) return either('empty lines before the request line');
  if (!ordinaryMethods.has(method)) return either(`method ${method}`);
  if (request.header('upgrade') !== undefined) return either('Upgrade');
  if (
    request.headers.some(([, value]) => /[\x80-\xff]/.test(value)) &&
    /[\x80-\xff]/.test(request.header('host') ?? '')
  ) {
    return either('obs-text in Host');
  }
  return { fate: 'forward', why: '' };
}

/** Nothing is wrong with it but that it names no host, which HTTP/1.0 allows. */
function onlyHttp10(request: RecordedRequest): boolean {
  return request.version === 'HTTP/1.0' && request.irregularities.every((what) => what === '0 Host lines');
}

/**
 * Nothing is wrong with it but the grammar of chunk extensions, printable and in their place, which do not go on: llhttp
 * lets `;a=` and `;=b` pass.
 */
function onlyExtensions(request: RecordedRequest): boolean {
  return request.irregularities.every((what) =>
    /^chunk size line "[0-9A-Fa-f]{1,16};[\x20-\x7e]*"$/.test(what),
  );
}

/** Path and query as they must arrive (RFC 9112 §3.2); undefined for a target that is to be refused. */
function expectTarget({ target }: RecordedRequest): string | undefined {
  const absolute = /^https?:\/\/[^/?]+/i.exec(target);
  const rest = absolute === null ? target : target.slice(absolute[0].length);
  const mark = rest.indexOf('?');
  const raw = mark === -1 ? rest : rest.slice(0, mark);
  const path = expectedPath(absolute !== null && raw === '' ? '/' : raw);
  return path === undefined ? undefined : path + (mark === -1 ? '' : rest.slice(mark));
}

function judgeHost(request: RecordedRequest): Fate {
  const host = request.header('host') ?? '';
  const [authority] = /^https?:\/\/([^/?]*)/i.exec(request.target)?.slice(1) ?? [];
  if (authority !== undefined) {
    if (authority.includes('@')) return 'decline';
    if (plainHost(authority) === undefined || plainHost(host) === undefined) return 'either';
    if (plainHost(authority) !== plainHost(host)) return 'decline';
    // What `https` means on a plain port is not said.
    if (/^https/i.test(request.target)) return 'either';
  }
  if (host === '' || /[^\x21-\x7e]/.test(host) || /[,@/\\?#]/.test(host)) return 'decline';
  return plainHost(host) === undefined ? 'either' : 'forward';
}

/** A host and port that nobody could doubt, in one spelling; undefined for any other. */
function plainHost(value: string): string | undefined {
  const match = /^((?:[a-z0-9-]+\.)*[a-z0-9-]+)\.?(?::([1-9]\d{0,3}))?$/i.exec(value);
  return match === null ? undefined : `${match[1]?.toLowerCase()}:${match[2] ?? '80'}`;
}

/** RFC 9112 §9.3. */
function closes(request: RecordedRequest): boolean {
  const options = request
    .all('connection')
    .join(',')
    .toLowerCase()
    .split(/[\s,]+/);
  return options.includes('close') || (request.version === 'HTTP/1.0' && !options.includes('keep-alive'));
}
