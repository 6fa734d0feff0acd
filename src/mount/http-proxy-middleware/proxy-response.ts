import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { STATUS_CODES } from 'node:http';
import type { ResponseHead } from '../../core/exchange.ts';
import type { HeaderList } from '../../http/header-list.ts';

/** The answer of the target: what listeners to `proxyRes` get. Its headers may be changed; its body flows when somebody reads it. */
export interface ProxyResponse
  extends
    Readable,
    Pick<
      IncomingMessage,
      'statusCode' | 'statusMessage' | 'httpVersion' | 'headers' | 'rawHeaders' | 'complete'
    > {
  /** The request that it answers. */
  readonly req?: AnsweredRequest;
}

/** What an answer says of its request. */
export interface AnsweredRequest {
  readonly method: string;
  readonly protocol: string;
  readonly host: string;
  /** Host, and port where it is not the usual one. */
  readonly authority: string;
  readonly path: string;
}

/** A {@link ProxyResponse} of the engine's. */
export class TargetResponse extends Readable implements ProxyResponse {
  statusCode: number;
  statusMessage: string;
  readonly httpVersion = '1.1';
  /** By name in lower case, lines of the same name joined; `set-cookie` is a list. */
  headers: IncomingHttpHeaders;
  /** Names and values in turns, as the target wrote them. */
  readonly rawHeaders: string[];
  /** Whether all of the body has come. */
  complete = false;
  readonly req: AnsweredRequest;
  readonly #onRead: () => void;
  readonly #onDestroy: () => void;

  /** @param length octets of the body; −1 when not known. */
  constructor(
    head: Pick<ResponseHead, 'status' | 'headers'>,
    length: number,
    req: AnsweredRequest,
    { onRead, onDestroy }: { readonly onRead: () => void; readonly onDestroy: () => void },
  ) {
    super({ autoDestroy: true });
    this.statusCode = head.status;
    this.statusMessage = STATUS_CODES[head.status] ?? '';
    this.headers = asNodeHeaders(head.headers);
    if (length >= 0 && head.status !== 204 && head.status !== 304)
      this.headers['content-length'] = String(length);
    this.rawHeaders = [...head.headers].flat();
    this.req = req;
    this.#onRead = onRead;
    this.#onDestroy = onDestroy;
    // Who does not read it must not learn of its failure by a crash.
    this.on('error', () => undefined);
  }

  /** Whether somebody reads the body. */
  get isRead(): boolean {
    return this.readableFlowing !== null || this.listenerCount('readable') > 0;
  }

  override _read(): void {
    this.#onRead();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.complete) this.#onDestroy();
    callback(error);
  }
}

/** Header lines as `IncomingMessage.headers` has them. */
function asNodeHeaders(list: HeaderList): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {};
  for (const [spelled, value] of list) {
    const name = spelled.toLowerCase();
    if (name === 'set-cookie') (headers[name] ??= []).push(value);
    else {
      const before = headers[name];
      headers[name] = before === undefined ? value : `${String(before)}, ${value}`;
    }
  }
  return headers;
}
