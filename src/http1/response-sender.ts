import type { Socket } from 'node:net';
import type { BodySink } from '../core/body.ts';
import { GatewayError } from '../core/errors.ts';
import type { ResponseHead } from '../core/exchange.ts';
import type { TimerOwner } from '../core/timer-wheel.ts';
import { WheelTimer } from '../core/timer-wheel.ts';
import type { HeaderList } from '../http/header-list.ts';
import { commonMethods } from '../http/methods.ts';
import { BodyWriter } from './body-writer.ts';
import type { Http1Request } from './request-head.ts';
import type { RequestReader } from './request-reader.ts';
import type { Framing } from './response-writer.ts';
import { statusLine, writeResponseHead } from './response-writer.ts';
import type { ServerEnvironment } from './server-settings.ts';

/** The connection, as the sending of its answers sees it. */
type ResponseSenderOwner = TimerOwner & Pick<BodySink, 'abort'>;

/** How long an answer may make no progress once the client has closed its side (a client that only half-closed reads on). */
const HALF_CLOSED_PATIENCE = 500;

/** The answers of one connection: how each is framed, whether another may follow it, and how long it may take to leave. */
export class ResponseSender {
  readonly #socket: Socket;
  readonly #environment: ServerEnvironment;
  readonly #requests: RequestReader;
  readonly #owner: ResponseSenderOwner;
  readonly #writer: BodyWriter;
  /** Runs while the client does not take what was written. */
  readonly timer: WheelTimer;
  /** Whether another request may follow the present one. */
  keepAlive = true;
  headSent = false;
  bytesWritten = 0;

  constructor(
    socket: Socket,
    environment: ServerEnvironment,
    requests: RequestReader,
    owner: ResponseSenderOwner,
  ) {
    this.#socket = socket;
    this.#environment = environment;
    this.#requests = requests;
    this.#owner = owner;
    this.#writer = new BodyWriter(socket);
    this.timer = new WheelTimer(environment.wheel, owner);
  }

  get framing(): Framing {
    return this.#writer.framing;
  }

  get backlog(): boolean {
    return this.#writer.backlog;
  }

  /** An exchange begins. */
  begin(keepAlive: boolean): void {
    this.headSent = false;
    this.bytesWritten = 0;
    this.keepAlive = keepAlive;
  }

  interim(status: number, headers: HeaderList): void {
    this.#socket.write(`${statusLine(status)}${headers.serialize()}\r\n`, 'latin1');
  }

  head(request: Http1Request, head: ResponseHead, length: number, hasBody: boolean): void {
    this.headSent = true;
    const http10 = request.httpVersion === '1.0';
    const writer = this.#writer;
    if (!hasBody || length === 0) writer.framing = 'none';
    else if (length > 0) writer.framing = 'length';
    else if (http10) writer.framing = 'close';
    else writer.framing = 'chunked';
    writer.remaining = Math.max(0, length);
    const open = writer.framing !== 'close' && this.#requests.mayGoOn(head.from === 'target');
    if (!open || this.#environment.draining) this.keepAlive = false;
    writer.head(
      writeResponseHead(head, {
        framing: writer.framing,
        length,
        keepAlive: this.keepAlive,
        http10,
        date: this.#environment.date(),
      }),
    );
  }

  retractHead(): boolean {
    if (!this.headSent || !this.#writer.retract()) return false;
    this.headSent = false;
    this.bytesWritten = 0;
    return true;
  }

  /** The head of a 101; a raw relay follows. */
  upgrade(headers: HeaderList): void {
    this.headSent = true;
    this.keepAlive = false;
    this.#writer.framing = 'raw';
    this.#writer.head(`${statusLine(101)}${headers.serialize()}\r\n`);
  }

  write(chunk: Uint8Array): boolean {
    const writer = this.#writer;
    if (writer.framing === 'none') return true;
    if (writer.framing === 'length' && chunk.length > writer.remaining) {
      this.#owner.abort(new GatewayError('upstream_body_broken', 'more body than announced'));
      return true;
    }
    this.bytesWritten += chunk.length;
    const more = writer.write(chunk);
    this.#watchBacklog();
    return more;
  }

  /** @returns false when the body was less than announced: the answer was aborted. */
  end(trailers: HeaderList | undefined): boolean {
    const writer = this.#writer;
    if (writer.framing === 'length' && writer.remaining > 0) {
      this.#owner.abort(new GatewayError('upstream_body_broken', 'less body than announced'));
      return false;
    }
    writer.end(trailers);
    if (writer.framing !== 'raw') this.#watchBacklog();
    return true;
  }

  cork(): void {
    this.#writer.cork();
  }

  uncork(): boolean {
    const more = this.#writer.uncork();
    this.#watchBacklog();
    return more;
  }

  /** Answers what is not a request. @param body the problem, as JSON. */
  refuse(error: GatewayError, body: string): void {
    // RFC 9110 §15.5.6: a 405 says what is allowed.
    const allow = error.code === 'method_not_allowed' ? `Allow: ${commonMethods}\r\n` : '';
    this.#socket.write(
      `${statusLine(error.status)}Content-Type: application/problem+json\r\nContent-Length: ${body.length}\r\n` +
        `Date: ${this.#environment.date()}\r\n${allow}Cache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
      'latin1',
    );
  }

  /** The client has closed its side in the middle of an answer: only progress shows that it still reads. */
  hurry(): void {
    this.timer.set(HALF_CLOSED_PATIENCE);
  }

  #watchBacklog(): void {
    if (!this.#writer.backlog) this.timer.clear();
    else if (!this.timer.armed) {
      this.timer.set(this.#requests.ended ? HALF_CLOSED_PATIENCE : this.#environment.settings.writeTimeout);
    }
  }
}
