import type { BodySink, BodySource, BodyStage } from '../core/body.ts';
import { chainStages } from '../core/body-chain.ts';
import { guardStage } from '../core/guarded-stage.ts';
import { OnceSink } from '../core/once-sink.ts';
import type { Downstream, DownstreamHandler } from '../core/downstream.ts';
import { GatewayError } from '../core/errors.ts';
import type { Client, Consumer, Exchange, Outcome, Reply, ResponseHead } from '../core/exchange.ts';
import { problemOf } from '../core/problem.ts';
import { isBodyFeed } from '../core/reply-body.ts';
import type { UpstreamHandler, UpstreamResponse } from '../core/upstream-call.ts';
import { HeaderList } from '../http/header-list.ts';
import { commonMethods } from '../http/methods.ts';
import { canonicalPath, hasEncodedSeparator } from '../http/path.ts';
import type { Http1Request } from '../http1/request-head.ts';
import { allowedTrailers } from '../http1/trailers.ts';
import { UpstreamCall, type CallRequest } from '../upstream/upstream-call.ts';
import { tellsWhereFrom } from './client-address.ts';
import type { CompiledRoute } from './compiled-route.ts';
import type { FoundRoute } from './find-route.ts';
import type { Course, ExchangeContext, RunningExchange } from './exchange-context.ts';
import type { Snapshot } from './snapshot.ts';
import { buildCall, methodTakesNoTunnel, refusedUpgrade, targetPath } from './outgoing.ts';
import { FedBody } from './fed-body.ts';
import { Nobody } from './nobody.ts';
import type { AnswerBody, CheckedReply } from './policy-reply.ts';
import { answerBody, checkReply, isFinalStatus, ownedInAnswers } from './policy-reply.ts';

const noParams: Readonly<Record<string, string>> = Object.freeze(
  Object.create(null) as Record<string, string>,
);

type Phase = 'policies' | 'calling' | 'responding' | 'done';

/**
 * One exchange: the route's policies in order, the call to the upstream, the policies again in reverse, the relay of both
 * bodies, and the account of it all. It is what policies see as {@link Exchange}, and what stands between the client's
 * connection and the target's.
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
  id: string;
  consumer: Consumer | undefined = undefined;
  upstreamPath: string;
  requestBodyLimit: number;
  readonly #context: ExchangeContext;
  /** Nobody's, once the client is gone from an exchange that outlives it. */
  #downstream: Downstream;
  readonly #startedAt: number;
  readonly #time: number;
  #phase: Phase = 'policies';
  /** How many policies have been reached; answers go through these, in reverse. */
  #reached = 0;
  /** The policy that was asked last. */
  #asked = 0;
  /** The policy whose answer the client gets; −1 is none of them. */
  #answeredAt = -1;
  #call: UpstreamCall | undefined;
  #requestSink: BodySink | undefined;
  #responseSink: BodySink;
  /** What is paused and resumed for the client: the call, or a stage that holds chunks back. */
  #responseSource: BodySource | undefined;
  /** The same for the target: the client's connection, or a stage. */
  #requestSource: BodySource;
  #requestStages: BodyStage[] | undefined;
  #responseStages: BodyStage[] | undefined;
  /** What stands behind the stages of the answer. */
  #behindStages: OnceSink | undefined;
  #requestBytes = 0;
  #status = 0;
  #error: GatewayError | undefined;
  #refusal: Outcome['refusal'];
  #calledAt = 0;
  #upstreamDuration: number | undefined;
  #state: Map<object | symbol, unknown> | undefined;
  /** The answer on its way through the policies; another may take its place while one of them is waited for. */
  #answer: ResponseHead | undefined;
  /** The policy that is waited for in the middle of an answer; −1 is none. */
  #holdingAt = -1;
  /** The body ended meanwhile. */
  #endHeld = false;
  #heldTrailers: HeaderList | undefined;
  /** No time-out of the exchange is armed: policies that are waited for need one of their own. */
  #untimed: boolean;
  #clientGone = false;
  #tunnel = false;
  readonly background: boolean;
  /** The first policy that is asked: those before it have let the request pass already. */
  readonly #first: number;
  #outlives = false;
  /** The connection is about to say that it is over, and means the client alone. */
  #detaching = false;
  /** An answer of ours that comes as it is made. */
  #fed: FedBody | undefined;
  /** What is sent in place of the target's answer, which must come to its end first so that its connection is of use. */
  #replacement: (() => void) | undefined;
  /** Nothing more of the target's answer is for the client. */
  #replaced = false;

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
    this.#first = Math.max(0, first);
    this.request = request;
    const { route } = found;
    this.route = route;
    this.params = found.params ?? noParams;
    this.preflight = found.preflight;
    this.client = client;
    this.snapshot = snapshot;
    this.id = context.nextId();
    this.upstreamPath = request.path;
    this.requestBodyLimit = route.bodyLimit;
    this.#context = context;
    this.#downstream = downstream;
    this.#responseSink = downstream;
    this.#requestSource = downstream;
    this.#untimed = route.exchangeTimeout === 0;
    this.#startedAt = context.clock.monotonic();
    this.#time = context.clock.now();
  }

  get routeName(): string {
    return this.route.name;
  }

  get state(): Map<object | symbol, unknown> {
    return (this.#state ??= new Map());
  }

  get course(): Course {
    return { asked: this.#reached, answeredAt: this.#answeredAt };
  }

  get outcome(): Outcome {
    return {
      status: this.#status,
      error: this.#error,
      refusal: this.#refusal,
      duration: this.#context.clock.monotonic() - this.#startedAt,
      upstreamDuration: this.#upstreamDuration,
      requestBytes: this.#requestBytes,
      responseBytes: this.#downstream.bytesWritten,
      target: this.#call?.target?.label,
      attempts: this.#call?.attempts ?? 0,
    };
  }

  wrapRequestBody(stage: BodyStage): void {
    const at = this.#asked;
    const guarded = guardStage(stage, (thrown) => {
      this.#requestStageFailed(thrown, at);
    });
    (this.#requestStages ??= []).push(guarded);
  }

  wrapResponseBody(stage: BodyStage): void {
    const at = this.#asked;
    const guarded = guardStage(stage, (thrown) => {
      this.#responseStageFailed(thrown, at);
    });
    (this.#responseStages ??= []).push(guarded);
  }

  outliveClient(wanted = true): void {
    this.#outlives = wanted && !this.request.hasBody && this.request.upgrade === undefined;
    const nobody = this.#downstream;
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
    // The exchange that nobody waits for is its own downstream's handler.
    const handler: { exchange?: GatewayExchange } = {};
    const nobody = new Nobody(this.#context, {
      onClientError: (error) => handler.exchange?.onClientError(error),
      onExchangeTimeout: () => handler.exchange?.onExchangeTimeout(),
      onResponseSent: () => handler.exchange?.onResponseSent(),
    });
    const exchange = new GatewayExchange(
      withoutBody(this.request),
      nobody,
      { route, params, preflight: false },
      client,
      snapshot,
      this.#context,
      this.#asked,
    );
    handler.exchange = exchange;
    exchange.consumer = this.consumer;
    exchange.upstreamPath = this.upstreamPath;
    exchange.#reached = this.#asked + 1;
    prepare(exchange);
    snapshot.use();
    exchange.#startInBackground();
  }

  #startInBackground(): void {
    const { exchangeTimeout } = this.route;
    this.#context.started(this);
    this.#downstream.setExchangeTimeout(
      exchangeTimeout === 0 ? this.#context.policyPatience : exchangeTimeout,
    );
    const refusal = this.#context.refusal(this.request);
    if (refusal === undefined) this.#runRequestPolicies();
    else this.#answerError(refusal);
  }

  // The request, through the policies to the upstream.

  start(): void {
    const { route } = this;
    this.#context.started(this);
    this.#downstream.setExchangeTimeout(
      route.exchangeTimeout === 0 ? this.#context.policyPatience : route.exchangeTimeout,
    );
    this.#downstream.setBodyTimeouts(route.requestBodyTimeout, route.requestBodyIdleTimeout);
    const refusal = this.#context.refusal(this.request) ?? methodTakesNoTunnel(this.request);
    if (refusal !== undefined) {
      this.#answerError(refusal, refusal.code === 'method_not_allowed' ? [['allow', commonMethods]] : []);
      return;
    }
    try {
      if (route.rewrites) this.upstreamPath = targetPath(this);
    } catch (error) {
      this.#answerError(asGatewayError(error, 'rewriting the path'));
      return;
    }
    if (
      this.request.path.includes('%') &&
      route.config?.allowEncodedSeparators !== true &&
      hasEncodedSeparator(this.request.path)
    ) {
      this.#answerError(new GatewayError('bad_path', 'an encoded separator'));
      return;
    }
    this.#runRequestPolicies();
  }

  #runRequestPolicies(): void {
    const { policies } = this.route;
    try {
      while (this.#reached < policies.length) {
        this.#asked = this.#reached;
        const policy = policies[this.#reached++];
        const verdict = policy?.instance.onRequest?.(this);
        if (verdict === undefined) continue;
        if (isPromise(verdict)) {
          this.#await(verdict);
          return;
        }
        this.#answeredAt = this.#asked;
        this.#answerReply(verdict);
        return;
      }
    } catch (error) {
      this.#policyFailed(error, this.#reached - 1);
      return;
    }
    this.#proceed();
  }

  #await(verdict: Promise<Reply | undefined | void>): void {
    const at = this.#reached - 1;
    // A promise of another kind may settle twice, or before this returns.
    Promise.resolve(verdict).then(
      (reply) => {
        if (this.#phase !== 'policies') return;
        if (reply === undefined) this.#runRequestPolicies();
        else {
          this.#answeredAt = at;
          this.#answerReply(reply);
        }
        this.#call?.flush();
      },
      (error: unknown) => {
        if (this.#phase === 'policies') this.#policyFailed(error, at);
      },
    );
  }

  /** Every policy has let the request pass. */
  #proceed(): void {
    const { request, route } = this;
    const limit = this.requestBodyLimit;
    if (limit > 0 && request.contentLength > limit) {
      this.#answerError(new GatewayError('body_too_large', `${request.contentLength} octets announced`));
      return;
    }
    const upgradeRefusal = refusedUpgrade(request, route);
    if (upgradeRefusal !== undefined) {
      this.#answerError(upgradeRefusal.error, upgradeRefusal.headers);
      return;
    }
    if (route.upstream === undefined || this.preflight) {
      this.#answerMiss();
      return;
    }
    if (this.upstreamPath !== request.path && canonicalPath(this.upstreamPath) !== this.upstreamPath) {
      this.#answerError(new GatewayError('policy_failed', 'a policy made a path that is not canonical'));
      return;
    }
    let toSend: CallRequest;
    try {
      toSend = buildCall(this, this.#context, this.#requestStages !== undefined);
    } catch (error) {
      this.#answerError(asGatewayError(error, 'writing the head for the target'));
      return;
    }
    this.#phase = 'calling';
    this.#calledAt = this.#context.clock.monotonic();
    if (route.exchangeTimeout === 0) this.#downstream.setExchangeTimeout(0);
    const call = new UpstreamCall(route.upstream, toSend, this, route.clientSettings);
    this.#call = call;
    this.#requestSink = call;
    this.#responseSource = call;
    if (this.#requestStages !== undefined) {
      try {
        const chain = chainStages(this.#requestStages, this.#downstream, call);
        this.#requestSink = chain.sink;
        this.#requestSource = chain.source;
      } catch (error) {
        this.#requestSink = undefined;
        this.#policyFailed(error, this.#asked);
        return;
      }
    }
    call.start();
    if (this.#phase === 'calling' && request.hasBody) this.#downstream.startBody();
  }

  #answerMiss(): void {
    const { request } = this;
    if (request.path === '*') {
      this.#answerReply({
        status: 204,
        headers: [['allow', commonMethods]],
      });
      return;
    }
    const matched = this.route.config !== undefined && !this.preflight;
    const allowed = matched ? [] : this.#context.allowedMethods(request);
    if (allowed.length === 0) {
      this.#answerError(new GatewayError('route_not_found', 'no route'));
      return;
    }
    this.#answerError(new GatewayError('method_not_allowed', request.method), [
      ['allow', allowed.join(', ')],
    ]);
  }

  onRequestBody(chunk: Uint8Array): void {
    this.#requestBytes += chunk.length;
    if (this.#phase === 'done') return;
    const limit = this.requestBodyLimit;
    if (limit > 0 && this.#requestBytes > limit && !this.#tunnel) {
      this.#failRequest(new GatewayError('body_too_large', `more than ${limit} octets`));
      return;
    }
    if (this.#requestSink?.write(chunk) === false) this.#downstream.pause();
  }

  onRequestEnd(trailers: HeaderList | undefined): void {
    if (this.#phase === 'done') return;
    this.#requestSink?.end(allowedTrailers(trailers, this.route.requestTrailers));
  }

  onRequestFlush(): boolean {
    const taken = this.#call?.flush() ?? false;
    return taken && this.#requestStages === undefined;
  }

  onUpstreamDrain(taken: boolean): void {
    if (taken && this.#requestStages === undefined) this.#downstream.bodyTaken();
    this.#requestSource.resume();
  }

  onUpstreamBackpressure(): void {
    this.#requestSource.pause();
  }

  // The answer, from the upstream through the policies to the client.

  onInterim(status: number, headers: HeaderList): void {
    this.#downstream.sendInterim(status, headers);
  }

  onUpstreamHead(response: UpstreamResponse): void {
    const now = this.#context.clock.monotonic();
    this.#upstreamDuration = now - this.#calledAt;
    this.#phase = 'responding';
    const head: ResponseHead = { status: response.status, headers: response.headers, from: 'target' };
    if (response.isEventStream) {
      this.#untimed = true;
      this.#downstream.setExchangeTimeout(0);
    }
    this.#respond(head, response.length, response.hasBody);
  }

  onUpgrade(headers: HeaderList): void {
    this.#upstreamDuration = this.#context.clock.monotonic() - this.#calledAt;
    this.#phase = 'responding';
    this.#status = 101;
    this.#tunnel = true;
    this.#downstream.setExchangeTimeout(0);
    headers.append('Upgrade', 'websocket');
    headers.append('Connection', 'Upgrade');
    this.#downstream.sendUpgrade(headers);
  }

  onResponseBody(chunk: Uint8Array): void {
    if (this.#phase === 'done' || this.#replaced) return;
    if (!this.#responseSink.write(chunk)) this.#call?.pause();
  }

  onResponseEnd(trailers: HeaderList | undefined): void {
    if (this.#phase === 'done') return;
    if (this.#holdingAt !== -1) {
      this.#endHeld = true;
      this.#heldTrailers = trailers;
      return;
    }
    if (this.#replaced) {
      const send = this.#replacement;
      this.#replacement = undefined;
      send?.();
      return;
    }
    this.#responseSink.end(allowedTrailers(trailers, this.route.config?.trailers ?? []));
  }

  onBatchStart(): void {
    this.#downstream.cork();
  }

  onBatchEnd(): boolean {
    const taken = this.#downstream.uncork();
    if (!taken && this.#phase !== 'done') this.#responseSource?.pause();
    return taken && this.#responseStages === undefined;
  }

  onClientDrain(): void {
    if (this.#responseStages === undefined) this.#call?.bodyTaken();
    if (this.#holdingAt === -1) this.#responseSource?.resume();
  }

  onUpstreamError(error: GatewayError): void {
    if (this.#phase === 'done' || (this.#replaced && this.#replacement === undefined)) return;
    this.#error ??= error;
    this.#replaced = false;
    this.#replacement = undefined;
    if (this.#downstream.headSent && !this.#retract()) {
      this.#responseSink.abort(error);
      this.#downstream.abort(error);
      return;
    }
    this.#answerError(error);
  }

  /** An answer that breaks while none of it has left is replaced; stages that saw part of it must not see another. */
  #retract(): boolean {
    return this.#responseStages === undefined && this.#downstream.retractHead();
  }

  /** Runs the policies in reverse and sends the head; waits where one of them does. */
  #respond(head: ResponseHead, length: number, hasBody: boolean, body?: AnswerBody): void {
    if (!this.route.watchesResponses) {
      this.#sendHead(head, length, hasBody, body);
      return;
    }
    this.#answer = head;
    this.#holdingAt = -1;
    this.#endHeld = false;
    this.#runResponsePolicies(this.#reached - 1, head, length, hasBody, body);
  }

  #runResponsePolicies(
    from: number,
    head: ResponseHead,
    length: number,
    hasBody: boolean,
    body?: AnswerBody,
  ): void {
    const { policies } = this.route;
    for (let i = from; i >= this.#first; i--) {
      let waiting: void | Promise<void>;
      this.#asked = i;
      try {
        waiting = policies[i]?.instance.onResponse?.(this, head);
        // Whatever else a policy returns says nothing.
        if (!isPromise(waiting)) continue;
      } catch (error) {
        this.#responsePolicyFailed(error, i);
        return;
      }
      this.#hold(i);
      Promise.resolve(waiting).then(
        () => {
          this.#release(head, () => {
            this.#runResponsePolicies(i - 1, head, length, hasBody, body);
          });
        },
        (error: unknown) => {
          this.#release(head, () => {
            this.#responsePolicyFailed(error, i);
          });
        },
      );
      return;
    }
    this.#sendHead(head, length, hasBody, body);
  }

  /** Nothing of the body comes before the head has been sent. */
  #hold(at: number): void {
    this.#holdingAt = at;
    if (this.#untimed) this.#downstream.setExchangeTimeout(this.#context.policyPatience);
    this.#call?.hold();
  }

  /** Goes on with an answer, unless another has taken its place. */
  #release(head: ResponseHead, go: () => void): void {
    if (this.#phase === 'done' || this.#answer !== head) return;
    this.#holdingAt = -1;
    if (this.#untimed) this.#downstream.setExchangeTimeout(0);
    go();
    if (this.#holdingAt !== -1) return;
    if (this.#endHeld) this.onResponseEnd(this.#heldTrailers);
    else this.#call?.resume();
  }

  #sendHead(head: ResponseHead, length: number, hasBody: boolean, body?: AnswerBody): void {
    if (this.route.watchesResponses) {
      head.headers.deleteAdded(ownedInAnswers);
      // A policy may have changed the status.
      if (!isFinalStatus(head.status)) {
        this.#responsePolicyFailed(new RangeError(`the status ${String(head.status)}`), this.#asked);
        return;
      }
      if (head.body !== undefined) {
        this.#replaceBody(head, hasBody);
        return;
      }
      if (hasBody && isBodyless(head.status)) {
        head.headers.delete('content-length');
        this.#sendHead(head, -1, false);
        return;
      }
    }
    const downstream = this.#downstream;
    this.#status = head.status;
    const wrapped = this.#responseStages !== undefined && hasBody;
    const declared = this.route.watchesResponses ? this.#declaredLength(head, length, wrapped) : length;
    if (wrapped && this.#responseStages !== undefined) {
      this.#behindStages = new OnceSink(downstream);
      try {
        const chain = chainStages(this.#responseStages, this.#answerSource, this.#behindStages);
        this.#responseSink = chain.sink;
        this.#responseSource = chain.source;
      } catch (error) {
        this.#responsePolicyFailed(error, this.#asked);
        return;
      }
    }
    if (head.from === 'target') downstream.sendHead(head, declared, hasBody);
    else this.#sendOwn(head, declared, hasBody, body);
  }

  #sendOwn(head: ResponseHead, length: number, hasBody: boolean, body: AnswerBody | undefined): void {
    const downstream = this.#downstream;
    // Should a stage fail, the connection may be the next exchange's by the time that this comes to its end.
    const sink = this.#responseSink;
    downstream.cork();
    downstream.sendHead(head, length, hasBody);
    if (!hasBody) this.#fed?.cancel();
    else if (this.#fed !== undefined) {
      this.#startFeed(this.#fed, sink);
      downstream.uncork();
      return;
    } else if (body instanceof Uint8Array) sink.write(body);
    sink.end();
    downstream.uncork();
  }

  #startFeed(fed: FedBody, sink: BodySink): void {
    try {
      fed.start({
        sink,
        cork: () => {
          this.#downstream.cork();
        },
        uncork: () => this.#downstream.uncork(),
        onBroken: (error) => {
          this.onUpstreamError(error);
        },
      });
    } catch (error) {
      fed.cancel();
      this.#responseStageFailed(error, this.#asked);
    }
  }

  /** A policy has put another body in the place of the one that was answered. */
  #replaceBody(head: ResponseHead, hadBody: boolean): void {
    const { status, headers } = head;
    this.#answeredAt = this.#asked;
    const fromTarget = head.from === 'target';
    let body: AnswerBody | undefined;
    try {
      body = answerBody(head.body);
    } catch (error) {
      this.#responsePolicyFailed(error, this.#asked);
      return;
    }
    headers.delete('content-length');
    const send = (): void => {
      this.#sendAnswer({ status, headers, from: head.from === 'error' ? 'error' : 'reply' }, body);
    };
    if (fromTarget) this.#replaced = true;
    if (fromTarget && !hadBody) this.#replacement = send;
    else send();
  }

  /** Sends an answer of ours that has passed the policies. */
  #sendAnswer(head: ResponseHead, body: AnswerBody | undefined): void {
    const bodyless = isBodyless(head.status);
    const hasBody = !bodyless && this.request.method !== 'HEAD';
    this.#fed?.cancel();
    this.#fed = isBodyFeed(body) ? new FedBody(body) : undefined;
    this.#sendHead(head, bodyless ? -1 : lengthOf(body), hasBody, body);
  }

  /** What pushes the answer's body. */
  get #answerSource(): BodySource {
    return this.#fed ?? this.#call ?? idleSource;
  }

  /** The length after policies had their hands on the head: what a stage changed is chunked, anything else is as it was. */
  #declaredLength(head: ResponseHead, length: number, wrapped: boolean): number {
    const value = head.headers.get('content-length');
    if (value === undefined) return wrapped ? -1 : length;
    if (value === String(length)) return length;
    head.headers.delete('content-length');
    return wrapped ? -1 : length;
  }

  // Answers of our own.

  #answerReply(reply: Reply, from: 'reply' | 'error' = 'reply'): void {
    this.#phase = 'responding';
    let checked: CheckedReply;
    try {
      checked = checkReply(reply);
    } catch (error) {
      this.#policyFailed(error, this.#reached - 1);
      return;
    }
    const policy = this.route.policies[this.#asked];
    // For the log: which policy refuses the request, and how.
    if (from === 'reply' && typeof reply.code === 'string' && policy !== undefined)
      this.#refusal = { policy: policy.name, code: reply.code };
    const { status, headers, body } = checked;
    const bodyless = isBodyless(status);
    const hasBody = !bodyless && this.request.method !== 'HEAD';
    this.#fed?.cancel();
    if (isBodyFeed(body)) this.#responseSource = this.#fed = new FedBody(body);
    else this.#fed = undefined;
    this.#respond({ status, headers, from }, bodyless ? -1 : lengthOf(body), hasBody, body);
  }

  #answerError(error: GatewayError, headers: readonly (readonly [string, string])[] = []): void {
    if (this.#phase === 'done') return;
    this.#error ??= error;
    this.#status = error.status;
    this.#answeredAt = -1;
    if (this.#clientGone) return;
    // Stages were put there for another answer: an error passes none of them.
    this.#responseStages = undefined;
    const reply = problemOf(error, this.id);
    this.#answerReply({ ...reply, headers: [...(reply.headers ?? []), ...headers] }, 'error');
  }

  #policyFailed(thrown: unknown, at: number): void {
    const name = this.route.policies[at]?.name ?? '?';
    const error = asGatewayError(thrown, `the policy ${name} failed`);
    if (error.code === 'policy_failed') this.#context.policyFailed(name, this, thrown);
    this.#answerError(error);
  }

  /** A policy that cannot even look at an answer: the answer is replaced, and no policy is asked again. */
  #responsePolicyFailed(thrown: unknown, at: number): void {
    const name = this.route.policies[at]?.name ?? '?';
    const error = asGatewayError(thrown, `the policy ${name} failed on the answer`);
    this.#context.policyFailed(name, this, thrown);
    this.#error ??= error;
    this.#answeredAt = -1;
    this.#call?.abort();
    this.#fed?.cancel();
    this.#fed = undefined;
    this.#answer = undefined;
    this.#endHeld = false;
    this.#responseStages = undefined;
    this.#behindStages?.close();
    this.#responseSink = this.#downstream;
    const reply = problemOf(error, this.id);
    const body = Buffer.from(typeof reply.body === 'string' ? reply.body : '');
    const head: ResponseHead = {
      status: error.status,
      headers: HeaderList.from(reply.headers ?? []),
      from: 'error',
    };
    this.#sendHead(head, body.length, this.request.method !== 'HEAD', body);
  }

  /** A stage in the way of the request has thrown. */
  #requestStageFailed(thrown: unknown, at: number): void {
    if (this.#phase === 'done') return;
    const name = this.route.policies[at]?.name ?? '?';
    this.#context.policyFailed(name, this, thrown);
    this.#failRequest(asGatewayError(thrown, `a stage of the policy ${name} failed`));
  }

  /** A stage in the way of the answer has thrown: another takes its place as long as none of it has left. */
  #responseStageFailed(thrown: unknown, at: number): void {
    if (this.#phase === 'done') return;
    if (!this.#downstream.headSent || this.#downstream.retractHead()) {
      this.#responsePolicyFailed(thrown, at);
      return;
    }
    const name = this.route.policies[at]?.name ?? '?';
    this.#context.policyFailed(name, this, thrown);
    const error = asGatewayError(thrown, `a stage of the policy ${name} failed on the answer`);
    this.#error ??= error;
    this.#downstream.abort(error);
  }

  // Ends.

  /** The request cannot be completed, but the client is there to be told. */
  #failRequest(error: GatewayError): void {
    this.#error ??= error;
    this.#call?.abort();
    this.#requestSink?.abort(error);
    if (this.#downstream.headSent) this.#downstream.abort(error);
    else if (this.#phase !== 'done') this.#answerError(error);
  }

  onClientError(error: GatewayError): void {
    if (this.#phase === 'done') return;
    if (error.code !== 'client_aborted' && error.code !== 'response_write_timeout') {
      this.#failRequest(error);
      return;
    }
    this.#error ??= error;
    if (
      this.#outlives &&
      (this.#phase === 'calling' || (this.#phase === 'responding' && this.#answersFromTarget))
    ) {
      this.#detach();
      return;
    }
    this.#clientGone = true;
    this.#fed?.cancel();
    this.#requestSink?.abort(error);
    // Stages hold streams and buffers of their own.
    if (this.#responseStages !== undefined) this.#responseSink.abort(error);
    this.#call?.abort();
  }

  /** Whether the target's answer is what is under way. */
  get #answersFromTarget(): boolean {
    return this.#fed === undefined && !this.#replaced && this.#call?.done === false;
  }

  /** The client is gone, and the target's answer goes on without it. */
  #detach(): void {
    const { exchangeTimeout } = this.route;
    const nobody = new Nobody(this.#context, this, this.#downstream.headSent);
    if (this.#responseSink === this.#downstream) this.#responseSink = nobody;
    this.#behindStages?.redirect(nobody);
    this.#downstream = nobody;
    this.#detaching = true;
    this.#outlives = false;
    if (!this.#untimed) nobody.setExchangeTimeout(exchangeTimeout);
    if (this.#holdingAt === -1) this.#responseSource?.resume();
  }

  onExchangeTimeout(): void {
    if (this.#phase === 'done') return;
    this.#untimed = true;
    if (this.#phase === 'policies') {
      this.#policyFailed(new Error('it did not answer in time'), this.#reached - 1);
      return;
    }
    if (this.#holdingAt !== -1) {
      const at = this.#holdingAt;
      this.#holdingAt = -1;
      this.#responsePolicyFailed(new Error('it did not answer in time'), at);
      return;
    }
    const error = new GatewayError('exchange_timeout', `more than ${this.route.exchangeTimeout} ms`);
    this.#failRequest(error);
  }

  onResponseSent(): void {
    if (this.#phase === 'done') return;
    if (this.#detaching) {
      this.#detaching = false;
      return;
    }
    this.#phase = 'done';
    this.#call?.abort();
    this.#fed?.cancel();
    const { policies } = this.route;
    for (let i = this.#reached - 1; i >= this.#first; i--) {
      const policy = policies[i];
      try {
        const waiting: unknown = policy?.instance.onFinish?.(this);
        // Nobody waits for it, but nobody else would hear of its failure.
        if (isPromise(waiting)) this.#hearOf(waiting, policy?.name ?? '?');
      } catch (error) {
        this.#context.policyFailed(policy?.name ?? '?', this, error);
      }
    }
    this.#context.finished(this, this.#time);
  }

  #hearOf(waiting: Promise<unknown>, policy: string): void {
    Promise.resolve(waiting).catch((error: unknown) => {
      this.#context.policyFailed(policy, this, error);
    });
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

/** Octets of a body of ours; −1 when it comes as it is made. */
function lengthOf(body: AnswerBody | undefined): number {
  if (isBodyFeed(body)) return body.length ?? -1;
  return body?.length ?? 0;
}

const idleSource = { pause: () => undefined, resume: () => undefined };

/** Answers that never have a body, whatever was asked (RFC 9110 §6.4.1). */
function isBodyless(status: number): boolean {
  return status === 204 || status === 304;
}

function isPromise(value: unknown): value is Promise<Reply | undefined | void> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function asGatewayError(thrown: unknown, what: string): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError('policy_failed', what, { cause: thrown });
}
