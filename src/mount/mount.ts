import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { GatewayError } from '../core/errors.ts';
import type { Reply } from '../core/exchange.ts';
import type { Logger } from '../core/logger.ts';
import { problemOf } from '../core/problem.ts';
import { mistakeLine } from '../config/format-mistakes.ts';
import { ConfigError } from '../gateway/config-error.ts';
import type { Gateway, GatewayOptions } from '../gateway/gateway-options.ts';
import type { TimerWheel } from '../core/timer-wheel.ts';
import type { Refusal } from '../gateway/receiver.ts';
import { mountGateway, type MountedGateway, type MountedOptions } from '../gateway/mounted-gateway.ts';
import { createLogger } from '../observe/operational-log.ts';
import { LiveExchanges } from './live-exchanges.ts';
import { NodeDownstream, type NodeRequest } from './node-downstream.ts';
import { checkFraming, headOf } from './request-head.ts';
import { isAnswered } from './response-head.ts';

/** How a gateway is mounted in an app. Its configuration needs no `listen`. */
export interface MountOptions extends Omit<GatewayOptions, 'listen'> {
  /**
   * The names of the routes that are mounted; all of them when left out. What another route of the configuration matches is left to the
   * app, as what none matches. A name that the configuration does not have is a ConfigError, also at a reload.
   */
  readonly routes?: readonly string[];
  /** What no route matches: `next` leaves it to the app, `answer` answers 404. `next` when left out. */
  readonly otherwise?: 'next' | 'answer';
  /**
   * What the gateway itself refuses, and what goes wrong on the way to a service: `answer` answers it as a gateway of its own
   * does, `next` hands a `GatewayError` to the app's error handler as long as nothing of the answer has left. `answer` when left out.
   */
  readonly onError?: 'answer' | 'next';
}

/** A request for a {@link Mount}, and what the app does with what the gateway leaves to it. */
export interface Arrival extends NodeRequest {
  /** The target of the request that routes are matched against. */
  readonly url: string;
  /** Answers what no route matches; without it the gateway answers 404. */
  readonly otherwise: (() => void) | undefined;
  /** Answers an error that no exchange has: the gateway did not start, or is closed. */
  readonly fail: (error: unknown) => void;
  /** The head as it would stand on the wire, where it is not simply that of the request. */
  readonly head?: string;
  /** Makes the client's side of the exchange, where it is not the usual one. */
  readonly open?: (wheel: TimerWheel) => NodeDownstream;
}

/** A gateway inside an app of `node:http`: what all kinds of apps have in common. */
export class Mount {
  /** Resolves when the gateway serves; rejects with a ConfigError when its configuration has mistakes. */
  readonly ready: Promise<Gateway>;
  readonly #mounting: Promise<MountedGateway>;
  readonly #logger: Logger;
  readonly #sockets = new Set<Duplex>();
  /** Connections on which something came that is no request. */
  readonly #refused = new WeakSet<Duplex>();
  readonly #exchanges = new LiveExchanges();
  #mounted: MountedGateway | undefined;
  #closed = false;
  #unheardUpgrade = false;

  constructor(options: MountedOptions) {
    this.#logger = options.logger ?? createLogger({ level: 'info', pretty: process.stderr.isTTY });
    this.#mounting = mountGateway({ ...options, logger: this.#logger });
    this.ready = this.#mounting.then(({ gateway }) => gateway);
    // Whoever does not look at `ready` learns of a failure with the first request.
    this.ready.catch(() => undefined);
    this.#mounting.then(
      (mounted) => (this.#mounted = mounted),
      () => undefined,
    );
  }

  /** Takes a request in; one that comes before the gateway serves waits for it. */
  take(arrival: Arrival): void {
    if (this.#closed) {
      arrival.fail(new GatewayError('upstream_unavailable', 'the gateway is closed'));
      return;
    }
    if (this.#mounted !== undefined) this.#handle(this.#mounted, arrival);
    else void this.#takeLater(arrival);
  }

  /** Nothing of a body goes by while the gateway starts. */
  async #takeLater(arrival: Arrival): Promise<void> {
    const { request } = arrival;
    const flowed = request.readableFlowing === true;
    if (flowed) request.pause();
    let mounted: MountedGateway;
    try {
      mounted = await this.#mounting;
    } catch (error) {
      arrival.fail(error);
      return;
    }
    if (flowed) request.resume();
    if (this.#closed) this.take(arrival);
    else this.#handle(mounted, arrival);
  }

  #handle(mounted: MountedGateway, arrival: Arrival): void {
    const { request, response, readBefore, url, otherwise, upgrade } = arrival;
    // Nobody is there to be answered any more, or somebody has answered already.
    if (request.socket.destroyed || isAnswered(response)) return;
    // Node has read on already: what follows a request that is none may be a part of it, and is not answered either.
    if (this.#refused.has(request.socket)) return;
    const peerIp = request.socket.remoteAddress ?? '127.0.0.1';
    let head: string;
    try {
      checkFraming(request);
      head = arrival.head ?? headOf(request, url, readBefore?.length, upgrade !== undefined);
    } catch (error) {
      if (!(error instanceof GatewayError)) arrival.fail(error);
      else this.#refuse(arrival, mounted.refuse(error, peerIp, `${request.method} ${url} `));
      return;
    }
    const downstream = arrival.open?.(mounted.wheel) ?? new NodeDownstream(arrival, mounted.wheel);
    const scheme = request.socket instanceof TLSSocket ? 'https' : 'http';
    const reception = mounted.receive({ head, peerIp, scheme, downstream }, otherwise !== undefined);
    if (reception.kind === 'exchange') {
      if (upgrade !== undefined) this.#keep(upgrade.socket);
      this.#exchanges.add(downstream);
      downstream.begin(reception.handler);
    } else if (reception.kind === 'no-route') otherwise?.();
    else this.#refuse(arrival, reception);
  }

  /** Answers what is no request, and closes its connection, as a gateway of its own does. */
  #refuse({ request, response, onAnswer, onError }: Arrival, { error, reply }: Refusal): void {
    if (error.side === 'client') this.#refused.add(request.socket);
    response.shouldKeepAlive = false;
    if (onError !== undefined) onError(error);
    else {
      onAnswer?.();
      writeReply(response, reply);
    }
  }

  /** Answers what is nobody's to answer, and tells the operator what the client is not told. */
  answerFailure(response: ServerResponse, error: unknown): void {
    if (!(error instanceof GatewayError))
      this.#logger.error({ err: error }, 'a request could not be taken in');
    writeFailure(response, error);
  }

  /** Tells the operator that the gateway did not start. */
  tellFailure(error: unknown): void {
    const why = error instanceof ConfigError ? { mistakes: error.mistakes.map(mistakeLine) } : { err: error };
    this.#logger.error(why, 'the gateway in this app does not serve, and every request to it is an error');
  }

  /** Tells the operator, once, that a handshake came as a request: Node does that where nobody listens to the server's `upgrade`. */
  tellUnheardUpgrade(): void {
    if (this.#unheardUpgrade) return;
    this.#unheardUpgrade = true;
    this.#logger.warn(
      {},
      "a WebSocket handshake, or another upgrade, goes to its service as an ordinary request: for it to work, write server.on('upgrade', gateway.upgrade)",
    );
  }

  /** Whether it serves, and nothing is under way. */
  get idle(): boolean {
    return this.#mounted?.gateway.stats.inFlight === 0;
  }

  /** Ends what has no end of its own: connections that speak another protocol by now, and event streams. */
  endEndless(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#exchanges.endEndless();
  }

  /** Ends at once, and leaves nothing behind. Whoever waits for an answer is answered 503. */
  async close(): Promise<void> {
    this.#closed = true;
    this.endEndless();
    const mounted = await this.#mounting.catch(() => undefined);
    await this.#exchanges.end();
    await mounted?.gateway.close();
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

/** Answers with a reply that no exchange has made. */
function writeReply(response: ServerResponse, { status, headers = [], body }: Reply): void {
  if (isAnswered(response)) {
    // Somebody else's answer is left as it is, unless it could not come to an end any more.
    if (!response.writableEnded) response.destroy();
    return;
  }
  for (const [name, value] of headers) response.setHeader(name, value);
  response.statusCode = status;
  response.end(typeof body === 'string' ? body : undefined);
}

/** What is answered where the gateway could not even take the request in. */
export function writeFailure(response: ServerResponse, error: unknown): void {
  const known = error instanceof GatewayError ? error : new GatewayError('internal', String(error));
  writeReply(response, problemOf(known, ''));
}
