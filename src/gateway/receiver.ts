import type { Downstream, DownstreamHandler } from '../core/downstream.ts';
import { GatewayError } from '../core/errors.ts';
import { problemOf } from '../core/problem.ts';
import type { Client, Exchange, Reply } from '../core/exchange.ts';
import { normalizeIp } from '../http/ip.ts';
import { REQUEST } from '../http1/llhttp.ts';
import { malformedRequest } from '../http1/malformed-request.ts';
import { COMPLETE, MessageReader } from '../http1/message-reader.ts';
import type { Http1Request } from '../http1/request-head.ts';
import { createHeadMemory, readRequestHead } from '../http1/request-head.ts';
import { ConnectionContext } from './connection-context.ts';
import type { RunningExchange } from './exchange-context.ts';
import type { GatewayCore } from './gateway-core.ts';

/** A request that came in another way than over a listener of ours. */
export interface ReceivedRequest {
  /** Its head as it would stand on the wire, latin1, with the empty line: it is read as strictly as any other. */
  readonly head: string;
  /** The address of the connection's other end. */
  readonly peerIp: string;
  /** The scheme of that connection; `http` when left out. */
  readonly scheme?: Client['scheme'];
  readonly downstream: Downstream;
}

/** What becomes of it. */
export type Reception =
  /** Its exchange begins with `start`. */
  | { readonly kind: 'exchange'; readonly handler: DownstreamHandler & Pick<Exchange, 'outcome'> }
  | { readonly kind: 'no-route' }
  | Refusal;

/** It is no request, and this is the answer. */
export interface Refusal {
  readonly kind: 'refused';
  readonly error: GatewayError;
  readonly reply: Reply;
}

/** Takes in requests that come from an app which the gateway is mounted in, or from a program. */
export class Receiver {
  readonly #core: GatewayCore;
  readonly #memory = createHeadMemory();
  /** The contexts of the last few peers: what is the same for all requests of one is computed once. */
  readonly #contexts = new Map<string, ConnectionContext>();
  /** The exchanges under way: they are in no connection of ours, which would end them. */
  readonly #live = new Map<RunningExchange, Live>();
  readonly #emptyWaiters: (() => void)[] = [];

  constructor(core: GatewayCore) {
    this.#core = core;
  }

  /**
   * @param elsewhere whether somebody else answers what no route matches.
   * @param part the names of the routes that count; all of them when left out.
   */
  receive(
    { head, peerIp, scheme = 'http', downstream }: ReceivedRequest,
    elsewhere: boolean,
    part?: ReadonlySet<string>,
  ): Reception {
    const context = this.#contextOf(normalizeIp(peerIp) ?? peerIp, scheme);
    let request: Http1Request;
    try {
      request = readHead(this.#core, head, this.#memory);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return this.refuse(error, peerIp, head);
    }
    const handler = context.onRequest(request, downstream, part);
    if (elsewhere && handler.route.config === undefined) {
      handler.snapshot.leave();
      return { kind: 'no-route' };
    }
    this.#live.set(handler, { handler, downstream });
    return { kind: 'exchange', handler };
  }

  /** What is no request, for a reason that its head does not show. @param text what is known of it, for the access log. */
  refuse(error: GatewayError, peerIp: string, text: string): Refusal {
    const id = this.#core.ids.next();
    this.#core.refused(error, id, peerIp, text.slice(0, 256));
    return { kind: 'refused', error, reply: problemOf(error, id) };
  }

  /** Resolves when nothing is under way any more, or after so many milliseconds. */
  async whenEmpty(patience: number): Promise<void> {
    if (this.#live.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, patience);
    this.#emptyWaiters.push(resolve);
    await promise;
    clearTimeout(timer);
  }

  /** The gateway closes: whoever waits for an answer is told so, and answers that have begun break off. Resolves when none is left. */
  async close(): Promise<void> {
    const error = new GatewayError('upstream_unavailable', 'the gateway is closed');
    for (const { handler } of [...this.#live.values()]) handler.onClientError(error);
    await this.whenEmpty(PATIENCE);
    // Some policy still thinks about that answer.
    for (const { downstream } of [...this.#live.values()]) downstream.abort(error);
  }

  #contextOf(peerIp: string, scheme: Client['scheme']): ConnectionContext {
    const key = scheme === 'http' ? peerIp : `${scheme}://${peerIp}`;
    let context = this.#contexts.get(key);
    if (context === undefined) {
      if (this.#contexts.size >= MOST_CONTEXTS) this.#contexts.clear();
      context = new ReceivingContext(this.#core, peerIp, scheme, (exchange) => {
        this.#live.delete(exchange);
        if (this.#live.size === 0) for (const resolve of this.#emptyWaiters.splice(0)) resolve();
      });
      this.#contexts.set(key, context);
    }
    return context;
  }
}

/** An exchange, and its client's side. */
interface Live {
  readonly handler: DownstreamHandler;
  readonly downstream: Downstream;
}

/** The other end of connections that somebody else has. */
class ReceivingContext extends ConnectionContext {
  readonly #onFinished: (exchange: RunningExchange) => void;

  constructor(
    core: GatewayCore,
    peerIp: string,
    scheme: Client['scheme'],
    onFinished: (exchange: RunningExchange) => void,
  ) {
    super(core, peerIp, () => undefined, scheme);
    this.#onFinished = onFinished;
  }

  override finished(exchange: RunningExchange, time: number): void {
    super.finished(exchange, time);
    this.#onFinished(exchange);
  }
}

/** How long answers to exchanges that are cut off may take, in milliseconds. */
const PATIENCE = 1000;

const MOST_CONTEXTS = 1000;

/**
 * Reads a head as if it had come over a connection.
 * @throws GatewayError when it is not well-formed.
 */
export function readHead(core: GatewayCore, text: string, memory = createHeadMemory()): Http1Request {
  const settings = core.snapshot.serverSettings;
  const reader = new MessageReader(core.llhttp, REQUEST);
  try {
    const result = reader.readHead(Buffer.from(text, 'latin1'), 0);
    if (result !== COMPLETE) throw malformedRequest(reader, settings);
    return readRequestHead(reader, settings, memory);
  } finally {
    reader.close();
  }
}
