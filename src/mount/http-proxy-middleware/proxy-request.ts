import { ClientRequest } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import { UnsupportedError } from './unsupported-error.ts';

/** The request for the target, before it is sent: what listeners to `proxyReq` may read and change. */
export interface ProxyRequest {
  readonly method: string;
  /** Path and query as the target gets them. */
  path: string;
  readonly protocol: string;
  readonly host: string;
  readonly destroyed: boolean;
  getHeader(name: string): OutgoingHttpHeader | undefined;
  getHeaders(): OutgoingHttpHeaders;
  getHeaderNames(): string[];
  hasHeader(name: string): boolean;
  setHeader(name: string, value: OutgoingHttpHeader): this;
  appendHeader(name: string, value: string | readonly string[]): this;
  removeHeader(name: string): void;
  /** Sends this in place of the request's body, which must have been read already. */
  write(chunk: string | Uint8Array, encoding?: BufferEncoding): boolean;
  /** The same, for the last of it. */
  end(chunk?: string | Uint8Array, encoding?: BufferEncoding): this;
  /** Does not send it; `error` is told to listeners to `error`. */
  destroy(error?: Error): this;
}

/** What the engine sends, and what a {@link ProxyRequest} is about. */
export class RequestDraft implements ProxyRequest {
  readonly method: string;
  path: string;
  readonly protocol: string;
  readonly host: string;
  readonly #headers = new Map<string, OutgoingHttpHeader>();
  readonly #chunks: Buffer[] = [];
  #sent = false;
  destroyed = false;
  /** Why it is not sent. */
  failure: Error | undefined;

  constructor(method: string, path: string, secure: boolean, host: string, headers: IncomingHttpHeaders) {
    this.method = method;
    this.path = path;
    this.protocol = secure ? 'https:' : 'http:';
    this.host = host;
    for (const name of Object.keys(headers)) {
      const value = headers[name];
      if (value !== undefined) this.#headers.set(name, value);
    }
  }

  getHeader(name: string): OutgoingHttpHeader | undefined {
    return this.#headers.get(name.toLowerCase());
  }

  getHeaders(): Record<string, OutgoingHttpHeader> {
    return Object.fromEntries(this.#headers);
  }

  getHeaderNames(): string[] {
    return [...this.#headers.keys()];
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(name.toLowerCase());
  }

  setHeader(name: string, value: OutgoingHttpHeader): this {
    this.#check();
    this.#headers.set(name.toLowerCase(), value);
    return this;
  }

  appendHeader(name: string, value: string | readonly string[]): this {
    const before = this.getHeader(name);
    const lines = before === undefined ? [] : [before].flat().map(String);
    return this.setHeader(name, [...lines, ...[value].flat()]);
  }

  removeHeader(name: string): void {
    this.#check();
    this.#headers.delete(name.toLowerCase());
  }

  write(chunk: string | Uint8Array, encoding?: BufferEncoding): boolean {
    this.#check();
    this.#chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk));
    return true;
  }

  end(chunk?: string | Uint8Array, encoding?: BufferEncoding): this {
    if (chunk !== undefined) this.write(chunk, encoding);
    return this;
  }

  destroy(error?: Error): this {
    this.#check();
    this.destroyed = true;
    this.failure ??= error ?? Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    return this;
  }

  /** What was written in place of the body. */
  get written(): Buffer | undefined {
    return this.#chunks.length === 0 ? undefined : Buffer.concat(this.#chunks);
  }

  /** The lines of the head, each with its CRLF, without those about framing. Nothing can be changed from here on. */
  seal(): string {
    this.#sent = true;
    let lines = '';
    for (const [name, value] of this.#headers) {
      if (framing.has(name)) continue;
      for (const one of Array.isArray(value) ? (value as readonly string[]) : [value])
        lines += `${name}: ${String(one)}\r\n`;
    }
    return lines;
  }

  #check(): void {
    if (this.#sent)
      throw new UnsupportedError(
        'changing a request for the target after listeners to proxyReq have returned',
        'change it before, without waiting for anything',
      );
  }
}

/** Said by the engine, and by nobody else. */
const framing: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'keep-alive', 'expect']);

/** What listeners get: what a `ClientRequest` has beyond it is refused, rather than being undefined. */
export function guarded(draft: RequestDraft): ProxyRequest {
  return new Proxy(draft, {
    get(target, key) {
      if (key in target) {
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      }
      if (typeof key === 'string' && key in ClientRequest.prototype)
        throw new UnsupportedError(
          `proxyReq.${key}`,
          'a listener may read and change method, path, headers and body; for errors listen to "error", for the answer to "proxyRes"',
        );
      return undefined;
    },
    set(target, key, value) {
      if (key === 'path') return Reflect.set(target, key, value, target);
      throw new UnsupportedError(`setting proxyReq.${String(key)}`, 'set a header, or the path');
    },
  });
}
