import type { Socket } from 'node:net';
import type { BodySink, BodySource } from '../core/body.ts';
import { GatewayError } from '../core/errors.ts';
import type { LoopTurn } from '../core/loop-turn.ts';
import type { TimerOwner } from '../core/timer-wheel.ts';
import { WheelTimer } from '../core/timer-wheel.ts';
import type { UpstreamHandler } from '../core/upstream-call.ts';
import type { HeaderList } from '../http/header-list.ts';
import { BodyWriter } from './body-writer.ts';
import type { ClientConnectionEnvironment, ClientSettings, OutgoingRequest } from './client-settings.ts';
import type { ResponseFlowOwner } from './response-flow.ts';
import { ResponseFlow } from './response-flow.ts';
import type { Http1Response } from './response-head.ts';
import type { ResponseReaderOwner } from './response-reader.ts';
import { ResponseReader } from './response-reader.ts';

/** Whoever keeps the connections. */
export interface ClientConnectionOwner {
  /** The exchange is over and the connection may serve another. `timeout` is what the target promised, in seconds. */
  onReusable(connection: ClientConnection, timeout: number | undefined): void;
  /** The connection is gone, or must not be used again. Called once. */
  onGone(connection: ClientConnection): void;
}

/** How long what is queued at the end of a raw relay may take to leave. */
const PARTING = 10_000;

/**
 * One HTTP/1 connection to a target: one exchange at a time, then back to its owner. As a {@link BodySink} it is the
 * request's body, as a {@link BodySource} the response's. When the socket is read is its {@link ResponseFlow}'s, what that
 * brought its {@link ResponseReader}'s; here are the request, the time-outs, and all the ways in which an exchange may end.
 */
export class ClientConnection
  implements BodySink, BodySource, TimerOwner, ResponseReaderOwner, ResponseFlowOwner
{
  readonly socket: Socket;
  readonly #owner: ClientConnectionOwner;
  readonly #turn: LoopTurn;
  readonly #responses: ResponseReader;
  readonly #flow: ResponseFlow;
  readonly #writer: BodyWriter;
  readonly #timer: WheelTimer;
  #settings: ClientSettings;
  #handler: UpstreamHandler | undefined;
  #response: Http1Response | undefined;
  #requestDone = true;
  #connected = false;
  #targetEnded = false;
  /** How the connection was lost, while what came before that is still waiting here. */
  #loss: GatewayError | undefined;
  #sentInTurn = -1;
  /** Whether this connection has served an exchange before the present one. */
  reused = false;
  /** Whether the target had closed before the request was written, so that it cannot have read it. */
  stale = false;

  constructor(
    socket: Socket,
    owner: ClientConnectionOwner,
    environment: ClientConnectionEnvironment,
    settings: ClientSettings,
    connectEvent: 'connect' | 'secureConnect',
  ) {
    this.socket = socket;
    this.#owner = owner;
    this.#settings = settings;
    this.#turn = environment.turn;
    this.#responses = new ResponseReader(environment.llhttp, this);
    this.#writer = new BodyWriter(socket);
    this.#timer = new WheelTimer(environment.wheel, this);
    this.#timer.set(settings.connectTimeout);
    socket.on(connectEvent, () => this.#onConnect());
    this.#flow = new ResponseFlow(socket, environment, this.#responses, this);
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.#onError(undefined));
  }

  /**
   * Sends a request. What happens next reaches the handler; nothing does after {@link destroy}, or after
   * `onResponseEnd` once the request is complete too.
   */
  start(request: OutgoingRequest, handler: UpstreamHandler, settings: ClientSettings): void {
    this.#handler = handler;
    this.#settings = settings;
    this.#response = undefined;
    this.#responses.start(request, settings.interimLimit);
    this.#flow.start();
    this.#requestDone = request.length === 0;
    this.#sentInTurn = this.reused ? this.#turn.current() : -1;
    const writer = this.#writer;
    writer.framing = request.length === 0 ? 'none' : request.length > 0 ? 'length' : 'chunked';
    writer.remaining = Math.max(0, request.length);
    writer.writes = 0;
    if (this.#connected && this.#requestDone) this.#timer.set(settings.headersTimeout);
    if (request.length !== 0) writer.cork();
    writer.head(request.head);
  }

  /** Sends what was gathered. Called when one read of the client has been handed over. */
  flush(): boolean {
    return this.#writer.uncork();
  }

  write(chunk: Uint8Array): boolean {
    if (this.#flow.gone) return true;
    if (this.#writer.framing === 'length' && chunk.length > this.#writer.remaining) {
      // What the client sent has been counted already: a stage in between has changed it.
      this.#fail(new GatewayError('policy_failed', 'a stage made more request body than announced'));
      return true;
    }
    // On a raw relay, what the client says shows that it is alive as well.
    if (this.#responses.phase === 'raw') this.#watchBody();
    const more = this.#writer.write(chunk);
    // A target that stops reading in the middle of a request has as long as one that stops writing.
    if (!more && this.#connected && this.#responses.phase === 'head')
      this.#timer.set(this.#settings.bodyIdleTimeout);
    return more;
  }

  end(trailers?: HeaderList): void {
    if (this.#flow.gone || this.#requestDone) return;
    this.#requestDone = true;
    if (this.#responses.phase === 'raw') {
      this.socket.end();
      if (this.#targetEnded) this.#part();
      return;
    }
    if (this.#writer.framing === 'length' && this.#writer.remaining > 0) {
      this.#fail(new GatewayError('policy_failed', 'a stage made less request body than announced'));
      return;
    }
    this.#writer.end(trailers);
    this.#writer.uncork();
    if (this.#responses.phase === 'done') this.#release();
    else if (this.#connected && this.#responses.phase === 'head')
      this.#timer.set(this.#settings.headersTimeout);
  }

  /** The request broke off, or the answer is not wanted any more. */
  abort(_error: GatewayError): void {
    this.destroy();
  }

  /** Drops the connection. The handler hears nothing more. */
  destroy(): void {
    this.#handler = undefined;
    this.#leave();
    if (!this.socket.destroyed) this.socket.destroy();
  }

  pause(): void {
    this.#stopClock();
    this.#flow.pause();
  }

  /** As `pause`, for a moment in which the answer waits for the gateway itself: a target that is lost is noticed. */
  hold(): void {
    this.#stopClock();
    this.#flow.hold();
  }

  /** The time that the client takes is not the target's. */
  #stopClock(): void {
    if (!this.#flow.paused && this.#responses.phase !== 'head') this.#timer.clear();
  }

  resume(): void {
    if (!this.#flow.paused) return;
    this.#flow.resume();
    this.#watchBody();
    this.#flow.goOn();
  }

  #onDrain(): void {
    if (this.#responses.phase === 'head' && !this.#requestDone) this.#timer.clear();
    this.#handler?.onUpstreamDrain(true);
  }

  /** Nothing of what was handed over so far is held any more: its memory may be used again. */
  bodyTaken(): void {
    this.#flow.release();
  }

  #onConnect(): void {
    this.#connected = true;
    this.socket.setNoDelay(true);
    this.#timer.set(this.#requestDone ? this.#settings.headersTimeout : 0);
  }

  get handler(): UpstreamHandler | undefined {
    return this.#handler;
  }

  onArrival(): boolean {
    const { phase } = this.#responses;
    if (phase === 'idle' || phase === 'done') {
      // Nobody asked: what follows cannot be told from an answer to the next request.
      this.#leave();
      this.socket.destroy();
      return false;
    }
    if (this.#sentInTurn !== -1) {
      if (this.#sentInTurn === this.#turn.current()) {
        // No answer to this request; but the target is alive, and may read it all the same.
        this.#fail(new GatewayError('upstream_closed', 'octets that were there before the request'));
        return false;
      }
      this.#sentInTurn = -1;
    }
    return true;
  }

  onCaughtUp(): boolean {
    if (this.#loss !== undefined) this.#fail(this.#loss);
    else if (this.#targetEnded) this.#endOfStream();
    else return false;
    return true;
  }

  onBatchEnd(): void {
    if (this.#flow.gone) return;
    if (this.#responses.phase !== 'done') this.#watchBody();
    else if (this.#requestDone) this.#release();
  }

  #watchBody(): void {
    if (!this.#responses.expectsBody || this.#flow.paused) return;
    const { streamIdleTimeout, bodyIdleTimeout } = this.#settings;
    this.#timer.set(this.#responses.streams ? streamIdleTimeout : bodyIdleTimeout);
  }

  onInterim(status: number, headers: HeaderList): void {
    this.#handler?.onInterim(status, headers);
  }

  onUpgrade(headers: HeaderList): void {
    this.#requestDone = false;
    this.#writer.framing = 'raw';
    this.#handler?.onUpgrade(headers);
  }

  onHead(response: Http1Response): void {
    this.#response = response;
    this.#timer.clear();
    this.#handler?.onUpstreamHead(response);
  }

  onBody(chunk: Buffer): void {
    this.#handler?.onResponseBody(chunk);
  }

  onSurplus(): void {
    // The answer is delivered, the connection is not used again.
    this.#leave();
    this.socket.destroySoon();
  }

  onMalformed(error: GatewayError): void {
    this.#fail(error);
  }

  /**
   * The answer is complete. The connection is released behind the present batch, so that octets behind the answer are
   * noticed first.
   */
  onComplete(trailers: HeaderList | undefined): void {
    this.#responses.done();
    this.#timer.clear();
    this.#handler?.onResponseEnd(trailers);
    // An answer before the whole request: the rest of it is not wanted, and the connection cannot be used again.
    if (!this.#requestDone) {
      this.#handler = undefined;
      this.#leave();
      this.socket.destroy();
    }
  }

  #release(): void {
    if (this.#flow.gone) return;
    const response = this.#response;
    this.#handler = undefined;
    this.#response = undefined;
    this.#flow.forget();
    // What waits here came behind the answer, while that was held up: nobody asked for it.
    const lost = this.#targetEnded || this.#loss !== undefined;
    const spent = lost || this.#flow.waiting || this.#writer.backlog;
    if (response?.keepAlive !== true || spent) {
      this.#leave();
      this.socket.destroySoon();
      return;
    }
    this.#responses.rest();
    this.reused = true;
    this.#flow.rest();
    this.#owner.onReusable(this, response.keepAliveTimeout);
  }

  #onEnd(): void {
    if (this.#flow.gone) return;
    this.#targetEnded = true;
    if ((!this.#flow.waiting && !this.#flow.paused) || this.#flow.isShort) this.#endOfStream();
  }

  /** The target has closed its side, and everything before that has been handed over. */
  #endOfStream(): void {
    switch (this.#responses.phase) {
      case 'close':
        this.onComplete(undefined);
        this.#leave();
        this.socket.destroySoon();
        return;
      case 'raw':
        this.#handler?.onResponseEnd(undefined);
        if (this.#requestDone) this.#part();
        return;
      case 'head':
        this.#fail(this.#closedEarly());
        return;
      case 'idle':
      case 'done':
        this.#leave();
        this.socket.destroySoon();
        return;
      default:
        this.#fail(new GatewayError('upstream_body_broken', 'the target closed in the middle of its answer'));
    }
  }

  #onError(cause: Error | undefined): void {
    if (this.#flow.gone) return;
    if (this.#handler === undefined || this.#responses.phase === 'done') {
      this.#leave();
      return;
    }
    // A reset may overtake what waits here; what is complete in front of it still counts.
    if (!this.#flow.waiting || this.#flow.isShort) this.#fail(this.#lossBy(cause));
    else this.#loss ??= this.#lossBy(cause);
  }

  #lossBy(cause: Error | undefined): GatewayError {
    if (!this.#connected) return new GatewayError('upstream_connect_failed', describe(cause), { cause });
    if (this.#responses.phase === 'head') return this.#closedEarly(cause);
    return new GatewayError('upstream_body_broken', cause?.message ?? 'the connection was lost', { cause });
  }

  /** Both sides of a raw relay have said everything: what is still queued for the target gets a moment to leave. */
  #part(): void {
    this.#handler = undefined;
    this.#responses.done();
    this.#timer.set(PARTING);
    this.socket.destroySoon();
  }

  #closedEarly(cause?: Error): GatewayError {
    if (this.#responses.answered)
      return new GatewayError('upstream_malformed', 'the target closed in the middle of its head', { cause });
    this.stale = this.#sentInTurn !== -1 && this.#sentInTurn === this.#turn.current() && this.#unread(cause);
    return new GatewayError('upstream_closed', cause?.message ?? 'the target closed before it answered', {
      cause,
    });
  }

  /** A write that fails says that nothing was read only when it was the first: with it, not an octet has left. */
  #unread(cause: Error | undefined): boolean {
    const failedWrite = cause !== undefined && 'syscall' in cause && cause.syscall === 'write';
    return !failedWrite || this.#writer.writes === 1;
  }

  onTimer(): void {
    if (this.#flow.gone) return;
    if (!this.#connected) this.#fail(new GatewayError('upstream_connect_timeout', 'no connection in time'));
    else if (this.#responses.phase === 'head')
      this.#fail(new GatewayError('upstream_headers_timeout', 'no answer in time'));
    else if (this.#responses.phase !== 'idle')
      this.#fail(new GatewayError('upstream_body_timeout', 'the answer stalled'));
  }

  #fail(error: GatewayError): void {
    const handler = this.#handler;
    this.#handler = undefined;
    this.#leave();
    if (!this.socket.destroyed) this.socket.destroy();
    handler?.onUpstreamError(error);
  }

  #leave(): void {
    if (this.#flow.gone) return;
    this.#flow.close();
    this.#responses.close();
    this.#timer.dispose();
    this.#owner.onGone(this);
  }
}

/** Failing on several addresses of a name leaves a message empty and says more in the code. */
function describe(cause: Error | undefined): string {
  if (cause === undefined) return 'closed while connecting';
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return cause.message === '' ? code : cause.message;
}
