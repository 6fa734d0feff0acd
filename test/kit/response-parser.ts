import type { ByteQueue } from './byte-queue.ts';
import { ChunkedReader, withoutLineEnd } from './chunked-reader.ts';
import { readHeaderLine, valuesOf } from './header-line.ts';
import type { HeaderLine } from './header-line.ts';

/** How the end of a response's body is told. */
export type ResponseFraming = 'none' | 'length' | 'chunked' | 'close';

/** One response as a client received it. */
export class ReceivedResponse {
  readonly status: number;
  readonly reason: string;
  readonly version: string;
  readonly headers: HeaderLine[] = [];
  framing: ResponseFraming = 'none';
  trailers: readonly HeaderLine[] = [];
  /** The interim (1xx) responses that came before it. */
  readonly interim: ReceivedResponse[] = [];
  /** Whether its end was told, rather than guessed from a connection that broke. */
  complete = false;
  /** Octets of content, without chunk framing. */
  bodyLength = 0;
  readonly #body: Buffer[] = [];

  constructor(version: string, status: number, reason: string) {
    this.version = version;
    this.status = status;
    this.reason = reason;
  }

  /** The content, without chunk framing. */
  get body(): Buffer {
    return Buffer.concat(this.#body);
  }

  /** The content as UTF-8. */
  get text(): string {
    return this.body.toString('utf8');
  }

  /** The value of the first line of that name. */
  header(name: string): string | undefined {
    return valuesOf(this.headers, name)[0];
  }

  /** The values of all lines of that name. */
  all(name: string): string[] {
    return valuesOf(this.headers, name);
  }

  /** Whether it says that the connection ends with it. */
  get saysClose(): boolean {
    const tokens = this.all('connection')
      .join(',')
      .toLowerCase()
      .split(/[\s,]+/);
    if (this.version === 'HTTP/1.0') return !tokens.includes('keep-alive');
    return tokens.includes('close');
  }

  /** @internal */
  addBody(data: Buffer, keep: boolean): void {
    this.bodyLength += data.length;
    if (keep) this.#body.push(data);
  }
}

/** What came from the gateway is not a well-formed response. */
export class MalformedResponse extends Error {
  override readonly name = 'MalformedResponse';
}

/**
 * Reads one response, with the interim ones before it, and nothing further. Independent of llhttp and of the gateway's
 * code, and strict: whatever the gateway sends has to be exactly right.
 */
export class ResponseParser {
  readonly #method: string;
  readonly #keepBody: boolean;
  readonly #interim: ReceivedResponse[] = [];
  #head: ReceivedResponse | undefined;
  #headComplete = false;
  #chunked: ChunkedReader | undefined;
  #left = 0;

  /** @param method of the request that it answers: the answer to a HEAD has no body. */
  constructor(method: string, keepBody = true) {
    this.#method = method;
    this.#keepBody = keepBody;
  }

  /** The response as far as it has arrived, once its status line has. */
  get partial(): ReceivedResponse | undefined {
    return this.#head;
  }

  /** Statuses of the interim responses so far. */
  get interimSoFar(): readonly number[] {
    return this.#interim.map(({ status }) => status);
  }

  /** Whether the header section is complete. */
  get headComplete(): boolean {
    return this.#headComplete;
  }

  /**
   * Reads from the queue, and returns the response once it is complete. What follows stays in the queue.
   * @throws MalformedResponse
   */
  read(queue: ByteQueue): ReceivedResponse | undefined {
    for (;;) {
      if (!this.#headComplete) {
        if (!this.#readHead(queue)) return undefined;
        continue;
      }
      const response = this.#head;
      if (response === undefined || !this.#readBody(response, queue)) return undefined;
      response.complete = true;
      return response;
    }
  }

  /**
   * The connection has ended. Returns a response that ends with the connection; undefined when none was under way
   * or it broke off.
   */
  end(): ReceivedResponse | undefined {
    const response = this.#head;
    if (!this.#headComplete || response?.framing !== 'close') return undefined;
    response.complete = true;
    return response;
  }

  #readHead(queue: ByteQueue): boolean {
    const raw = queue.takeLine();
    if (raw === undefined) return false;
    const line = withoutLineEnd(raw, malformed);
    if (this.#head === undefined) this.#head = readStatusLine(line);
    else if (line === '') this.#endOfHead(this.#head);
    else {
      const header = readHeaderLine(line);
      for (const what of header.wrong) malformed(what);
      this.#head.headers.push(header.line);
    }
    return true;
  }

  #endOfHead(response: ReceivedResponse): void {
    if (response.status < 200 && response.status !== 101) {
      this.#interim.push(response);
      this.#head = undefined;
      return;
    }
    response.interim.push(...this.#interim);
    this.#headComplete = true;
    const { framing, length } = readFraming(response, this.#method);
    response.framing = framing;
    this.#left = length;
    if (framing === 'chunked') {
      this.#chunked = new ChunkedReader((data) => response.addBody(data, this.#keepBody), malformed);
      response.trailers = this.#chunked.trailers;
    }
  }

  /** Whether the body is complete. */
  #readBody(response: ReceivedResponse, queue: ByteQueue): boolean {
    if (this.#chunked !== undefined) return this.#chunked.read(queue);
    if (response.framing === 'close') {
      response.addBody(queue.take(), this.#keepBody);
      return false;
    }
    const data = queue.take(this.#left);
    this.#left -= data.length;
    response.addBody(data, this.#keepBody);
    return this.#left === 0;
  }
}

function readStatusLine(line: string): ReceivedResponse {
  const match = /^(HTTP\/1\.[01]) ([1-9]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/.exec(line);
  const [, version, status, reason] = match ?? [];
  if (version === undefined || status === undefined || reason === undefined) {
    throw new MalformedResponse(`status line ${JSON.stringify(line.slice(0, 80))}`);
  }
  return new ReceivedResponse(version, Number(status), reason);
}

/** How the end of the body is told (RFC 9112 §6.3); a response that tells it in two ways is malformed. */
function readFraming(
  response: ReceivedResponse,
  method: string,
): { framing: ResponseFraming; length: number } {
  const lengths = response.all('content-length');
  const codings = response.all('transfer-encoding');
  if (lengths.length > 1 || codings.length > 1) malformed('framing headers more than once');
  if (lengths.length > 0 && codings.length > 0) malformed('Content-Length and Transfer-Encoding');
  const [length] = lengths;
  if (length !== undefined && !/^\d+$/.test(length)) malformed(`Content-Length ${JSON.stringify(length)}`);
  const [coding] = codings;
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') malformed(`Transfer-Encoding ${coding}`);
  const bare = response.status === 101 || response.status === 204;
  // RFC 9110 §8.6, RFC 9112 §6.1: neither framing header belongs on a 1xx or a 204.
  if (bare && (length !== undefined || coding !== undefined))
    malformed(`framing headers on a ${response.status}`);
  if (bare || response.status === 304 || method === 'HEAD') return { framing: 'none', length: 0 };
  if (coding !== undefined) return { framing: 'chunked', length: 0 };
  if (length !== undefined) return { framing: 'length', length: Number(length) };
  return { framing: 'close', length: 0 };
}

function malformed(what: string): never {
  throw new MalformedResponse(what);
}
