import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayError } from '../../core/errors.ts';
import type { ResponseHead } from '../../core/exchange.ts';
import type { TimerWheel } from '../../core/timer-wheel.ts';
import { HeaderList } from '../../http/header-list.ts';
import { NodeDownstream, type MountedHandler, type NodeRequest } from '../node-downstream.ts';
import type { AnswerRewrite } from './answer-rewrites.ts';
import { asProxyError } from './proxy-error.ts';
import type { ProxyHub } from './proxy-events.ts';
import type { ProxyRequest } from './proxy-request.ts';
import { TargetResponse } from './proxy-response.ts';
import { TargetSocket } from './proxy-socket.ts';
import type { ProxyTarget } from './proxy-target.ts';

/** What a proxy does with the answer to one request. */
export interface AnswerWork {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: ProxyTarget;
  readonly sent: ProxyRequest;
  readonly hub: ProxyHub;
  readonly rewrite: AnswerRewrite | undefined;
  /** The program answers by itself. */
  readonly selfHandled: boolean;
  /** Takes a redirect in place of the client; undefined where it is the client's. */
  readonly follow:
    ((status: number, location: string, body: Buffer | undefined) => (() => void) | undefined) | undefined;
  readonly fail: (error: unknown) => void;
}

/** The client's side of an exchange of a proxy: tells listeners of the target's answer before the client gets it. */
export class ProxyDownstream extends NodeDownstream {
  readonly #node: NodeRequest;
  readonly #work: AnswerWork;
  #answer: TargetResponse | undefined;
  #socket: TargetSocket | undefined;
  /** Goes on with another target once this answer is over. */
  #redirect: (() => void) | undefined;
  #selfHandled = false;
  #readerKeepsUp = true;
  /** The request's body, as far as a redirect may need it again. */
  readonly #kept: Buffer[] = [];

  constructor(node: NodeRequest, wheel: TimerWheel, work: AnswerWork) {
    super(node, wheel);
    this.#node = node;
    this.#work = work;
  }

  override begin(handler: MountedHandler): void {
    const { hub, request, response, target } = this.#work;
    if (hub.hears('econnreset'))
      response.on('close', () => {
        if (this.headSent || response.writableFinished || this.#redirect !== undefined) return;
        const error = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
        hub.notify('econnreset', error, request, response, target.input);
      });
    super.begin(handler);
  }

  override startBody(): void {
    const { request, readBefore } = this.#node;
    super.startBody();
    if (this.#work.follow === undefined) return;
    if (readBefore === undefined) request.on('data', (chunk: Buffer) => this.#kept.push(chunk));
    else this.#kept.push(Buffer.from(readBefore));
  }

  override sendHead(head: ResponseHead, length: number, hasBody: boolean): void {
    const { hub, rewrite, selfHandled, request, response, target } = this.#work;
    if (head.from !== 'target' || this.#node.upgrade !== undefined) {
      super.sendHead(head, length, hasBody);
      return;
    }
    if (response.headersSent) {
      // Somebody else has answered by now.
      this.headSent = true;
      this.#selfHandled = true;
      return;
    }
    if (this.#follows(head)) return;
    if (!selfHandled && rewrite === undefined && !hub.hears('proxyRes') && !hub.hears('end')) {
      super.sendHead(head, length, hasBody);
      return;
    }
    const answer = this.#open(head, length);
    try {
      hub.tell('proxyRes', answer, request, response);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (selfHandled) {
      this.headSent = true;
      this.#selfHandled = true;
      return;
    }
    rewrite?.(answer.headers, answer.statusCode, request, target);
    if (response.headersSent) this.headSent = true;
    else this.#sendChanged(answer, head, hasBody);
  }

  /** Sends what listeners have made of the head. */
  #sendChanged(answer: TargetResponse, head: ResponseHead, hasBody: boolean): void {
    const { 'content-length': declared, ...headers } = answer.headers;
    const spelled = new Map(answer.rawHeaders.map((name) => [name.toLowerCase(), name]));
    const list = new HeaderList();
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined) continue;
      for (const line of [value].flat()) list.append(spelled.get(name) ?? name, line);
    }
    if (answer.statusMessage !== '') this.#work.response.statusMessage = answer.statusMessage;
    const length = declared === undefined ? -1 : Number(declared);
    super.sendHead({ status: answer.statusCode, headers: list, from: head.from }, length, hasBody);
  }

  #open(head: ResponseHead, length: number): TargetResponse {
    const { sent, target } = this.#work;
    const { method, protocol, host, path } = sent;
    return (this.#answer = new TargetResponse(
      head,
      length,
      { method, protocol, host, authority: target.host, path },
      {
        onRead: () => {
          if (this.#readerKeepsUp) return;
          this.#readerKeepsUp = true;
          if (this.#selfHandled) this.takeMore();
        },
        onDestroy: () => {
          if (this.#selfHandled && !this.#work.response.writableEnded) super.abort();
        },
      },
    ));
  }

  #follows({ status, headers }: ResponseHead): boolean {
    const { follow, request } = this.#work;
    const location = headers.get('location');
    if (follow === undefined || location === undefined) return false;
    const whole = this.#node.readBefore !== undefined || request.complete;
    this.#redirect = follow(status, location, whole ? Buffer.concat(this.#kept) : undefined);
    if (this.#redirect !== undefined) this.headSent = true;
    return this.#redirect !== undefined;
  }

  override sendUpgrade(headers: HeaderList): void {
    const { hub, target } = this.#work;
    super.sendUpgrade(headers);
    if (!hub.hears('open') && !hub.hears('close')) return;
    this.#socket = new TargetSocket(target.origin);
    this.#answer = this.#open({ status: 101, headers, from: 'target' }, -1);
    hub.notify('open', this.#socket);
    this.#node.upgrade?.socket.on('close', () => {
      this.#closeSocket();
    });
  }

  override write(chunk: Uint8Array): boolean {
    if (this.#redirect !== undefined) return true;
    this.#socket?.emit('data', Buffer.from(chunk));
    const answer = this.#socket === undefined ? this.#answer : undefined;
    // The memory of the chunk is used again; a reader may hold on to it.
    if (answer !== undefined && !answer.destroyed && (this.#selfHandled || answer.isRead))
      this.#readerKeepsUp = answer.push(Buffer.from(chunk));
    if (this.#selfHandled) return this.#readerKeepsUp;
    return super.write(chunk);
  }

  override end(trailers?: HeaderList): void {
    const { hub, request, response } = this.#work;
    if (this.#redirect !== undefined) {
      this.release();
      this.#redirect();
      return;
    }
    if (this.#socket !== undefined) this.#closeSocket();
    else if (this.#answer !== undefined) {
      this.#answer.complete = true;
      this.#answer.push(null);
    }
    if (!this.#selfHandled) super.end(trailers);
    if (this.#answer !== undefined && this.#socket === undefined && this.headSent)
      hub.notify('end', request, response, this.#answer);
  }

  override abort(error?: GatewayError): void {
    const { hub, request, response, target } = this.#work;
    const known = error === undefined ? undefined : asProxyError(error);
    this.#answer?.destroy(known);
    super.abort();
    if (known !== undefined && this.#socket === undefined && hub.hears('error'))
      hub.notify('error', known, request, response, target.input);
  }

  override uncork(): boolean {
    const room = super.uncork();
    return this.#selfHandled ? this.#readerKeepsUp : room;
  }

  #closeSocket(): void {
    const socket = this.#socket;
    if (socket === undefined || this.#answer === undefined || this.#answer.complete) return;
    this.#answer.complete = true;
    socket.emit('end');
    socket.emit('close');
    this.#work.hub.notify('close', this.#answer, socket, Buffer.alloc(0));
  }

  /** A listener has thrown: nothing of the answer has left. */
  #fail(error: unknown): void {
    this.#answer = undefined;
    this.headSent = true;
    this.release();
    this.#work.fail(error);
  }
}
