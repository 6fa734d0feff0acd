import type { BodyStage } from '../core/body.ts';
import type { Downstream, DownstreamHandler } from '../core/downstream.ts';
import { GatewayError } from '../core/errors.ts';
import type { Client, Consumer, Exchange, Outcome, ResponseHead } from '../core/exchange.ts';
import type { UpstreamHandler, UpstreamResponse } from '../core/upstream-call.ts';
import { HeaderList } from '../http/header-list.ts';
import { commonMethods } from '../http/methods.ts';
import { canonicalPath, hasEncodedSeparator } from '../http/path.ts';
import type { Http1Request } from '../http1/request-head.ts';
import { AnswerWay } from './answer-way.ts';
import { tellsWhereFrom } from './client-address.ts';
import type { CompiledRoute } from './compiled-route.ts';
import { ExchangeProgress } from './exchange-progress.ts';
import type { FoundRoute } from './find-route.ts';
import type { Course, ExchangeContext, RunningExchange } from './exchange-context.ts';
import type { Snapshot } from './snapshot.ts';
import { methodTakesNoTunnel, targetPath } from './outgoing.ts';
import { Nobody } from './nobody.ts';
import { asGatewayError, inTheLog, NonsenseError } from './policy-failure.ts';
import { PolicyRun } from './policy-run.ts';
import { RequestWay } from './request-way.ts';

const noParams: Readonly<Record<string, string>> = Object.freeze(
  Object.create(null) as Record<string, string>,
);

/**
 * One exchange: the route's policies in order, the call to the upstream, the policies again in reverse, the relay of both
 * bodies, and the account of it all. It is what policies see as {@link Exchange}, and what stands between the client's
 * connection and the target's. The work is that of its parts, which are made with it: {@link PolicyRun}, {@link RequestWay},
 * {@link AnswerWay}; what they have in common is its {@link ExchangeProgress}.
 */
export class GatewayExchange implements RunningExchange, DownstreamHandler, UpstreamHandler {
  readonly request: Http1Request;
  readonly route: CompiledRoute;
  /** See {@link FoundRoute}: what no policy answers is not for the target. */
  readonly preflight: boolean;
  readonly params: Readonly<Record<string, string>>;
  readonly client: Client;
  /** The configuration that the exchange began on, and ends on. */
  readonly snapshot: Snapshot;
  readonly background: boolean;
  readonly #context: ExchangeContext;
  readonly #progress: ExchangeProgress;
  readonly #policies: PolicyRun;
  readonly #up: RequestWay;
  readonly #answer: AnswerWay;
  readonly #time: number;
  #id: string;
  #consumer: Consumer | undefined;
  #upstreamPath: string;
  #requestBodyLimit: number;
  #state: Map<object | symbol, unknown> | undefined;
  #outlives = false;
  /** The connection is about to say that it is over, and means the client alone. */
  #detaching = false;

  constructor(
    request: Http1Request,
    downstream: Downstream,
    found: FoundRoute,
    client: Client,
    snapshot: Snapshot,
    context: ExchangeContext,
    first = -1,
  ) {
    this.background = first !== -1;
    this.request = request;
    const { route } = found;
    this.route = route;
    this.params = found.params ?? noParams;
    this.preflight = found.preflight;
    this.client = client;
    this.snapshot = snapshot;
    this.#id = context.nextId();
    this.#upstreamPath = request.path;
    this.#requestBodyLimit = route.bodyLimit;
    this.#context = context;
    const progress = new ExchangeProgress(this, downstream, context);
    this.#progress = progress;
    this.#policies = new PolicyRun(progress, Math.max(0, first));
    this.#answer = new AnswerWay(progress, this.#policies);
    this.#up = new RequestWay(progress, this.#policies, this.#answer, this, this.preflight);
    this.#time = context.clock.now();
  }

  // What policies may set. They may be written without types: what makes no sense is thrown back at the one that set it.

  get id(): string {
    return this.#id;
  }

  set id(id: string) {
    if (typeof id !== 'string')
      throw new NonsenseError(`${inTheLog(id)} as the id of an exchange: it is a text`);
    this.#id = id;
  }

  get consumer(): Consumer | undefined {
    return this.#consumer;
  }

  set consumer(consumer: Consumer | undefined) {
    if (consumer !== undefined && (typeof consumer !== 'object' || typeof consumer?.id !== 'string'))
      throw new NonsenseError(`${inTheLog(consumer)} as a consumer: it is an object with an id, a text`);
    this.#consumer = consumer;
  }

  get upstreamPath(): string {
    return this.#upstreamPath;
  }

  set upstreamPath(path: string) {
    if (typeof path !== 'string' || canonicalPath(path) !== path)
      throw new NonsenseError(
        `${inTheLog(path)} as the path for the target: it is canonical, and begins with a slash`,
      );
    this.#upstreamPath = path;
  }

  get requestBodyLimit(): number {
    return this.#requestBodyLimit;
  }

  set requestBodyLimit(limit: number) {
    if (typeof limit !== 'number' || !(limit >= 0))
      throw new NonsenseError(
        `${inTheLog(limit)} as the limit of a body: it is a number of octets, 0 for none`,
      );
    this.#requestBodyLimit = limit;
  }

  get routeName(): string {
    return this.route.name;
  }

  get state(): Map<object | symbol, unknown> {
    return (this.#state ??= new Map());
  }

  get outcome(): Outcome {
    return this.#progress.outcome;
  }

  get course(): Course {
    return { asked: this.#policies.reached, answeredAt: this.#progress.answeredAt };
  }

  get failedPolicy(): string | undefined {
    return this.#progress.failedPolicy;
  }

  wrapRequestBody(stage: BodyStage): void {
    this.#up.wrap(stage);
  }

  wrapResponseBody(stage: BodyStage): void {
    this.#answer.wrap(stage);
  }

  outliveClient(wanted = true): void {
    this.#outlives = wanted && !this.request.hasBody && this.request.upgrade === undefined;
    const nobody = this.#progress.downstream;
    if (wanted || !(nobody instanceof Nobody)) return;
    // Not in the middle of what the policy is doing.
    queueMicrotask(() => {
      nobody.lose();
    });
  }

  writesHeader(name: string): boolean {
    return this.snapshot.identity.owns(name) || tellsWhereFrom(name);
  }

  startBackground(prepare: (exchange: Exchange) => void): void {
    const { snapshot, route, params, client } = this;
    const { asked } = this.#policies;
    // The exchange that nobody waits for is its own downstream's handler.
    const handler: { exchange?: GatewayExchange } = {};
    const nobody = new Nobody(this.#context, {
      onClientError: (error) => handler.exchange?.onClientError(error),
      onExchangeTimeout: () => handler.exchange?.onExchangeTimeout(),
      onResponseSent: () => handler.exchange?.onResponseSent(),
    });
    const found = { route, params, preflight: false };
    const request = withoutBody(this.request);
    const exchange = new GatewayExchange(request, nobody, found, client, snapshot, this.#context, asked);
    handler.exchange = exchange;
    exchange.consumer = this.consumer;
    exchange.#upstreamPath = this.#upstreamPath;
    exchange.#policies.reached = asked + 1;
    prepare(exchange);
    snapshot.use();
    exchange.#startInBackground();
  }

  #startInBackground(): void {
    this.#begin();
    const refusal = this.#context.refusal(this.request);
    if (refusal === undefined) this.#policies.askRequest(0);
    else this.#answer.error(refusal);
  }

  // The request, through the policies to the upstream.

  start(): void {
    const { route, request } = this;
    this.#begin();
    this.#progress.downstream.setBodyTimeouts(route.requestBodyTimeout, route.requestBodyIdleTimeout);
    const refusal = this.#context.refusal(request) ?? methodTakesNoTunnel(request);
    if (refusal !== undefined) {
      const allow = [['allow', commonMethods]] as const;
      this.#answer.error(refusal, refusal.code === 'method_not_allowed' ? allow : []);
      return;
    }
    try {
      if (route.rewrites) this.#upstreamPath = targetPath(this);
    } catch (error) {
      this.#answer.error(asGatewayError(error, 'rewriting the path'));
      return;
    }
    if (
      request.path.includes('%') &&
      route.config?.allowEncodedSeparators !== true &&
      hasEncodedSeparator(request.path)
    ) {
      this.#answer.error(new GatewayError('bad_path', 'an encoded separator'));
      return;
    }
    this.#policies.askRequest(this.#progress.startedAt);
  }

  #begin(): void {
    this.#context.started(this);
    this.#progress.downstream.setExchangeTimeout(this.route.exchangeTimeout);
  }

  onRequestBody(chunk: Uint8Array): void {
    this.#up.write(chunk);
  }

  onRequestEnd(trailers: HeaderList | undefined): void {
    if (this.#progress.phase !== 'done') this.#up.end(trailers);
  }

  onRequestFlush(): boolean {
    return this.#up.flush();
  }

  onUpstreamDrain(taken: boolean): void {
    this.#up.onDrain(taken);
  }

  onUpstreamBackpressure(): void {
    this.#up.onBackpressure();
  }

  // The answer, from the upstream through the policies to the client.

  onInterim(status: number, headers: HeaderList): void {
    this.#progress.downstream.sendInterim(status, headers);
  }

  onUpstreamHead(response: UpstreamResponse): void {
    const progress = this.#progress;
    const now = this.#context.clock.monotonic();
    progress.upstreamDuration = now - progress.calledAt;
    progress.phase = 'responding';
    const head: ResponseHead = { status: response.status, headers: response.headers, from: 'target' };
    if (response.isEventStream) {
      progress.untimed = true;
      progress.downstream.setExchangeTimeout(0);
    }
    this.#answer.fromTarget(head, response.length, response.hasBody, now);
  }

  onUpgrade(headers: HeaderList): void {
    const progress = this.#progress;
    progress.upstreamDuration = this.#context.clock.monotonic() - progress.calledAt;
    progress.phase = 'responding';
    progress.status = 101;
    progress.tunnel = true;
    progress.downstream.setExchangeTimeout(0);
    headers.append('Upgrade', 'websocket');
    headers.append('Connection', 'Upgrade');
    progress.downstream.sendUpgrade(headers);
  }

  onResponseBody(chunk: Uint8Array): void {
    if (this.#progress.phase !== 'done') this.#answer.write(chunk);
  }

  onResponseEnd(trailers: HeaderList | undefined): void {
    if (this.#progress.phase !== 'done') this.#answer.end(trailers);
  }

  onBatchStart(): void {
    this.#progress.downstream.cork();
  }

  onBatchEnd(): boolean {
    const taken = this.#progress.downstream.uncork();
    if (!taken && this.#progress.phase !== 'done') this.#answer.source?.pause();
    return taken && this.#answer.isDirect;
  }

  onClientDrain(): void {
    if (this.#answer.isDirect) this.#progress.call?.bodyTaken();
    if (!this.#answer.isHeld) this.#answer.source?.resume();
  }

  onUpstreamError(error: GatewayError): void {
    if (this.#progress.phase !== 'done') this.#answer.broken(error);
  }

  // Ends.

  onClientError(error: GatewayError): void {
    const progress = this.#progress;
    const { phase } = progress;
    if (phase === 'done') return;
    if (error.code !== 'client_aborted' && error.code !== 'response_write_timeout') {
      this.#up.fail(error);
      return;
    }
    progress.error ??= error;
    if (this.#outlives && (phase === 'calling' || (phase === 'responding' && this.#answer.isFromTarget))) {
      this.#detach();
      return;
    }
    progress.clientGone = true;
    this.#up.lost(error);
    this.#answer.lost(error);
    progress.call?.abort();
  }

  /** The client is gone, and the target's answer goes on without it. */
  #detach(): void {
    const progress = this.#progress;
    const nobody = new Nobody(this.#context, this, progress.downstream.headSent);
    this.#answer.detach(nobody);
    progress.downstream = nobody;
    this.#detaching = true;
    this.#outlives = false;
    if (!progress.untimed) nobody.setExchangeTimeout(this.route.exchangeTimeout);
    if (!this.#answer.isHeld) this.#answer.source?.resume();
  }

  onExchangeTimeout(): void {
    const progress = this.#progress;
    if (progress.phase === 'done') return;
    progress.untimed = true;
    if (this.#policies.waiting) this.#policies.giveUp();
    else this.#up.fail(new GatewayError('exchange_timeout', `more than ${this.route.exchangeTimeout} ms`));
  }

  onResponseSent(): void {
    const progress = this.#progress;
    if (progress.phase === 'done') return;
    if (this.#detaching) {
      this.#detaching = false;
      return;
    }
    progress.phase = 'done';
    progress.call?.abort();
    this.#up.finish();
    this.#answer.finish();
    this.#policies.finish();
    this.#context.finished(this, this.#time);
  }
}

/** The same request for a target, without what belongs to its client's connection. */
function withoutBody(request: Http1Request): Http1Request {
  const headers = HeaderList.from(request.headers);
  return {
    ...request,
    headers,
    contentLength: 0,
    hasBody: false,
    expectContinue: false,
    upgrade: undefined,
    acceptsTrailers: false,
  };
}
