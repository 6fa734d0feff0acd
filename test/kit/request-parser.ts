import { ByteQueue } from './byte-queue.ts';
import { ChunkedReader, withoutLineEnd } from './chunked-reader.ts';
import { isToken, readHeaderLine, valuesOf } from './header-line.ts';
import type { HeaderLine } from './header-line.ts';

/** How the end of a request's body is told. */
export type Framing = 'none' | 'length' | 'chunked';

/** One request as it arrived at a target. Grows while it arrives. */
export class RecordedRequest {
  /** Where in the bytes of its connection the request line starts. */
  readonly start: number;
  /** Where the request ends in the bytes of its connection; undefined until it is complete. */
  end: number | undefined;
  /** Latin1, as received. Empty when there was no request line to speak of. */
  method = '';
  target = '';
  version = '';
  readonly headers: HeaderLine[] = [];
  framing: Framing = 'none';
  /** Whether the header section is complete. */
  headComplete = false;
  /** Octets of content, without chunk framing. */
  bodyLength = 0;
  /** The extensions of each chunk that carried some: everything behind the size, as received. */
  chunkExtensions: readonly string[] = [];
  trailers: readonly HeaderLine[] = [];
  /** Everything that is not as RFC 9112 wants it, or that two readers could read differently. */
  readonly irregularities: string[] = [];
  /** Resolves when it is complete; stays pending when it breaks off. */
  readonly whole: Promise<void>;
  readonly #body: Buffer[] = [];
  readonly #complete: () => void;

  constructor(start: number) {
    this.start = start;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.whole = promise;
    this.#complete = resolve;
  }

  get complete(): boolean {
    return this.end !== undefined;
  }

  /** The content, without chunk framing. */
  get body(): Buffer {
    return Buffer.concat(this.#body);
  }

  /** The value of the first line of that name. */
  header(name: string): string | undefined {
    return valuesOf(this.headers, name)[0];
  }

  /** The values of all lines of that name. */
  all(name: string): string[] {
    return valuesOf(this.headers, name);
  }

  /** @internal */
  addBody(data: Buffer, keep: boolean): void {
    this.bodyLength += data.length;
    if (keep) this.#body.push(data);
  }

  /** @internal */
  finish(end: number): void {
    this.end = end;
    this.#complete();
  }
}

/** What a {@link RequestParser} tells. */
export interface RequestParserEvents {
  /** The header section is complete. */
  onHead(request: RecordedRequest): void;
  /** Content arrived. */
  onBody?(request: RecordedRequest, data: Buffer): void;
  /** The request is complete. */
  onRequest(request: RecordedRequest): void;
}

/**
 * Splits the bytes of one connection into requests. It is neither llhttp nor the gateway's, so that it can judge both:
 * it reads as leniently as can be, so that what was smuggled is seen, and tells every irregularity.
 */
export class RequestParser {
  readonly #queue = new ByteQueue();
  readonly #events: RequestParserEvents;
  readonly #keepBodies: boolean;
  #consumed = 0;
  #request: RecordedRequest | undefined;
  #chunked: ChunkedReader | undefined;
  #left = 0;
  /** Bytes follow that cannot be split into requests. */
  #lost = false;
  /** Requests in the order of arrival, the one that is arriving included. */
  readonly requests: RecordedRequest[] = [];
  /** What stood between requests and is none. */
  readonly irregularities: string[] = [];

  /** @param keepBodies whether {@link RecordedRequest.body} is wanted; the length is always counted. */
  constructor(events: RequestParserEvents, keepBodies = true) {
    this.#events = events;
    this.#keepBodies = keepBodies;
  }

  push(chunk: Uint8Array): void {
    this.#queue.push(chunk);
    this.#consumed += chunk.length;
    while (!this.#lost && this.#step()) {
      // Every step that got what it needed is followed by the next.
    }
    if (this.#lost) this.#queue.take();
  }

  /** The offset in the connection's bytes of what is read next. */
  get #offset(): number {
    return this.#consumed - this.#queue.length;
  }

  /** One step; false when it needs more bytes. */
  #step(): boolean {
    const request = this.#request;
    if (request === undefined) return this.#readRequestLine();
    if (!request.headComplete) return this.#readHeader(request);
    if (request.framing === 'chunked') return this.#readChunked(request);
    return this.#readLength(request);
  }

  #readRequestLine(): boolean {
    if (this.#startsWithLineEnd()) return this.#skipEmptyLine();
    const start = this.#offset;
    const raw = this.#queue.takeLine();
    if (raw === undefined) return false;
    const request = new RecordedRequest(start);
    this.#request = request;
    this.requests.push(request);
    readRequestLine(request, withoutLineEnd(raw, note(request)));
    if (request.version !== '') return true;
    // Without a request line nothing that follows can be told apart.
    request.headComplete = true;
    this.#lost = true;
    this.#events.onHead(request);
    return false;
  }

  #startsWithLineEnd(): boolean {
    const first = this.#queue.peek()[0];
    return first === 0x0d || first === 0x0a;
  }

  #skipEmptyLine(): boolean {
    const next = this.#queue.peek();
    if (next[0] === 0x0d && next.length === 1) return false;
    this.#queue.take(next[0] === 0x0d && next[1] === 0x0a ? 2 : 1);
    this.irregularities.push('empty line before a request line');
    return true;
  }

  #readHeader(request: RecordedRequest): boolean {
    const raw = this.#queue.takeLine();
    if (raw === undefined) return false;
    const text = withoutLineEnd(raw, note(request));
    if (text !== '') {
      const { line, wrong } = readHeaderLine(text);
      request.headers.push(line);
      request.irregularities.push(...wrong);
      return true;
    }
    request.headComplete = true;
    const { framing, length } = readFraming(request);
    request.framing = framing;
    this.#left = length;
    if (framing === 'chunked') {
      this.#chunked = new ChunkedReader((data) => this.#body(request, data), note(request));
    }
    this.#events.onHead(request);
    return true;
  }

  #readChunked(request: RecordedRequest): boolean {
    const chunked = this.#chunked;
    if (chunked === undefined) return false;
    const done = chunked.read(this.#queue);
    request.chunkExtensions = chunked.extensions;
    request.trailers = chunked.trailers;
    if (done) this.#finish(request);
    return done;
  }

  #readLength(request: RecordedRequest): boolean {
    if (this.#left > 0) {
      if (this.#queue.length === 0) return false;
      const data = this.#queue.take(this.#left);
      this.#left -= data.length;
      this.#body(request, data);
    }
    if (this.#left > 0) return false;
    this.#finish(request);
    return true;
  }

  #body(request: RecordedRequest, data: Buffer): void {
    request.addBody(data, this.#keepBodies);
    this.#events.onBody?.(request, data);
  }

  #finish(request: RecordedRequest): void {
    request.finish(this.#offset);
    this.#request = undefined;
    this.#chunked = undefined;
    this.#events.onRequest(request);
  }
}

function note(request: RecordedRequest): (what: string) => void {
  return (what) => void request.irregularities.push(what);
}

/** Takes the request line apart as well as it can be, and notes what is wrong with it (RFC 9112 §3). */
function readRequestLine(request: RecordedRequest, line: string): void {
  const wrong = note(request);
  const match = /^(\S+)[ \t]+(.*?)[ \t]+(HTTP\/\S+)[ \t]*$/.exec(line);
  const [, method, target, version] = match ?? [];
  if (method === undefined || target === undefined || version === undefined) {
    wrong(`request line ${JSON.stringify(line.slice(0, 80))}`);
    return;
  }
  request.method = method;
  request.target = target;
  request.version = version;
  if (line !== `${method} ${target} ${version}`) wrong('white space in the request line');
  if (!isToken(method)) wrong(`method ${JSON.stringify(method)}`);
  if (!/^[\x21\x22\x24-\x7e]+$/.test(target)) wrong('byte in the target that must not be there');
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') wrong(`version ${JSON.stringify(version)}`);
}

/** Decides how long the body is, and notes every way in which it could be read otherwise (RFC 9112 §6.3). */
function readFraming(request: RecordedRequest): { readonly framing: Framing; readonly length: number } {
  const wrong = note(request);
  const hosts = request.all('host');
  if (hosts.length !== 1) wrong(`${hosts.length} Host lines`);
  for (const host of hosts) if (/[,@/\\?#\s]/.test(host)) wrong(`Host ${JSON.stringify(host)}`);
  const lengths = request.all('content-length');
  const codings = request.all('transfer-encoding');
  if (lengths.length > 1) wrong(`${lengths.length} Content-Length lines`);
  if (codings.length > 1) wrong(`${codings.length} Transfer-Encoding lines`);
  if (lengths.length > 0 && codings.length > 0) wrong('Content-Length and Transfer-Encoding');
  for (const length of lengths) {
    if (!/^\d+$/.test(length) || !Number.isSafeInteger(Number(length))) {
      wrong(`Content-Length ${JSON.stringify(length)}`);
    }
  }
  for (const coding of codings) {
    if (coding.toLowerCase() !== 'chunked') wrong(`Transfer-Encoding ${JSON.stringify(coding)}`);
    if (request.version === 'HTTP/1.0') wrong('Transfer-Encoding on HTTP/1.0');
  }
  if (codings.some((coding) => /chunked/i.test(coding))) return { framing: 'chunked', length: 0 };
  const length = Number.parseInt(lengths[0] ?? '', 10);
  if (Number.isSafeInteger(length) && length >= 0 && lengths.length > 0) return { framing: 'length', length };
  return { framing: 'none', length: 0 };
}
