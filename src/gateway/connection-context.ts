import type { Downstream } from '../core/downstream.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Client, Exchange } from '../core/exchange.ts';
import type { Llhttp } from '../http1/llhttp.ts';
import type { Http1Request } from '../http1/request-head.ts';
import type { ServerConnection, ServerConnectionHandler } from '../http1/server-connection.ts';
import type { ServerSettings } from '../http1/server-settings.ts';
import type { TimerWheel } from '../core/timer-wheel.ts';
import type { Clock } from '../core/clock.ts';
import type { LoopTurn } from '../core/loop-turn.ts';
import type { ReadMemory } from '../http1/read-memory.ts';
import { problemOf } from '../core/problem.ts';
import { hostWithPort, removeForwarding } from './client-address.ts';
import type { ExchangeContext, RunningExchange } from './exchange-context.ts';
import { findRoute } from './find-route.ts';
import type { Nobody } from './nobody.ts';
import { GatewayExchange } from './gateway-exchange.ts';
import type { GatewayCore } from './gateway-core.ts';
import type { PolicyFailure } from './policy-failure.ts';
import type { PolicyStopwatch } from './policy-stopwatch.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * The gateway as one client connection sees it: what is the same for all requests of the connection is computed once
 * and kept here.
 */
export class ConnectionContext implements ServerConnectionHandler, ExchangeContext {
  readonly #core: GatewayCore;
  readonly #peerIp: string;
  readonly #scheme: Client['scheme'];
  readonly #onClose: (connection: ServerConnection) => void;
  /** The snapshot that the following were computed for. */
  #snapshot: Snapshot;
  #trusted: boolean;
  #client: Client;
  #lines = '';
  #linesHost: string | undefined;
  #linesPort: number | undefined;

  constructor(
    core: GatewayCore,
    peerIp: string,
    onClose: (connection: ServerConnection) => void,
    scheme: Client['scheme'] = 'http',
  ) {
    this.#core = core;
    this.#peerIp = peerIp;
    this.#scheme = scheme;
    this.#onClose = onClose;
    this.#snapshot = core.snapshot;
    this.#trusted = core.snapshot.forwarding.trusts(peerIp);
    this.#client = core.snapshot.forwarding.direct(peerIp, scheme);
  }

  get settings(): ServerSettings {
    return this.#core.snapshot.serverSettings;
  }

  get llhttp(): Llhttp {
    return this.#core.llhttp;
  }

  get wheel(): TimerWheel {
    return this.#core.wheel;
  }

  get readMemory(): ReadMemory {
    return this.#core.readMemory;
  }

  get turn(): LoopTurn {
    return this.#core.turn;
  }

  get nobodies(): Set<Nobody> {
    return this.#core.nobodies;
  }

  get draining(): boolean {
    return this.#core.draining;
  }

  get clock(): Clock {
    return this.#core.clock;
  }

  get via(): string {
    return this.#core.via;
  }

  get stopwatch(): PolicyStopwatch {
    return this.#core.stopwatch;
  }

  date(): string {
    return this.#core.date();
  }

  nextId(): string {
    return this.#core.ids.next();
  }

  /** @param part the names of the routes that count; all of them when left out. */
  onRequest(request: Http1Request, connection: Downstream, part?: ReadonlySet<string>): GatewayExchange {
    const { snapshot } = this.#core;
    if (snapshot !== this.#snapshot) this.#adopt(snapshot);
    const { forwarding } = snapshot;
    let client = this.#client;
    if (request.forwarded) {
      if (this.#trusted) client = forwarding.behindProxy(request.headers, this.#peerIp);
      else removeForwarding(request.headers);
    }
    // Before anything reads them: routes, policies and templates see no identity but that which a policy has established.
    const dropped = request.droppedNames + snapshot.identity.removeFrom(request.headers);
    if (dropped > 0) this.#core.metrics.headersDropped(dropped);
    let found = findRoute(snapshot, request);
    // It is still that route's request: a wider one, with fewer policies, must not get it instead.
    if (part !== undefined && !part.has(found.route.name))
      found = { route: snapshot.miss, params: undefined, preflight: false };
    snapshot.use();
    return new GatewayExchange(request, connection, found, client, snapshot, this);
  }

  onRefused(error: GatewayError, connection: ServerConnection, text: string): string {
    const id = this.nextId();
    this.#core.refused(error, id, connection.peerIp, text);
    const { body } = problemOf(error, id);
    return typeof body === 'string' ? body : '';
  }

  onClose(connection: ServerConnection): void {
    this.#onClose(connection);
  }

  forwardingLines(exchange: Exchange & { readonly request: Http1Request }): string {
    const { request, client } = exchange;
    const { forwarding } = this.#snapshot;
    if (this.#trusted && request.forwarded)
      return forwarding.extendedLines(client, request.headers, hostWithPort(request));
    // The connection hands out the same text for the same host.
    if (this.#linesHost !== request.host || this.#linesPort !== request.port) {
      this.#linesHost = request.host;
      this.#linesPort = request.port;
      this.#lines = forwarding.linesFor(this.#client, hostWithPort(request));
    }
    return this.#lines;
  }

  refusal(request: Http1Request): GatewayError | undefined {
    return this.#core.refusal(request);
  }

  allowedMethods(request: Http1Request): string[] {
    // A route that is not mounted is none here, whatever methods it has.
    return this.#snapshot.router.find(request) === undefined
      ? this.#snapshot.router.allowedMethods(request)
      : [];
  }

  started(): void {
    this.#core.started();
  }

  finished(exchange: RunningExchange, time: number): void {
    this.#core.finished(exchange, time);
  }

  policyFailed(failure: PolicyFailure, exchange: RunningExchange): void {
    this.#core.failures.note(failure, exchange.route.name, exchange.id);
  }

  #adopt(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#trusted = snapshot.forwarding.trusts(this.#peerIp);
    this.#client = snapshot.forwarding.direct(this.#peerIp, this.#scheme);
    this.#linesHost = undefined;
  }
}
