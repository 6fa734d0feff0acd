import type { BodySink, BodySource, BodyStage } from '../core/body.ts';
import { GatewayError } from '../core/errors.ts';
import type { Reply } from '../core/exchange.ts';
import type { UpstreamHandler } from '../core/upstream-call.ts';
import type { HeaderList } from '../http/header-list.ts';
import { commonMethods } from '../http/methods.ts';
import { allowedTrailers } from '../http1/trailers.ts';
import { UpstreamCall, type CallRequest } from '../upstream/upstream-call.ts';
import type { AnswerWay } from './answer-way.ts';
import type { ExchangeProgress } from './exchange-progress.ts';
import { buildCall, refusedUpgrade } from './outgoing.ts';
import { type FailureKind, inTheLog, kindOfThrown, NonsenseError } from './policy-failure.ts';
import { isWritable } from './policy-reply.ts';
import type { PolicyRun, RequestSteps } from './policy-run.ts';
import { Stages, type StagesOwner } from './stages.ts';

/**
 * The way of a request once its policies have been asked: the checks behind them, the call to the upstream, and the body
 * through the stages in its way. Attempts and retries are the call's.
 */
export class RequestWay implements RequestSteps, StagesOwner {
  readonly #progress: ExchangeProgress;
  readonly #policies: PolicyRun;
  readonly #answer: AnswerWay;
  readonly #handler: UpstreamHandler;
  readonly #preflight: boolean;
  #sink: BodySink | undefined;
  /** What is paused and resumed for the target: the client's connection, or a stage. */
  #source: BodySource;
  #stages: Stages | undefined;
  /** Stages are being told that it is over; what they do wrong meanwhile changes nothing. */
  #failing = false;

  /** @param handler hears what becomes of the call. @param preflight what no policy answers is not for the target. */
  constructor(
    progress: ExchangeProgress,
    policies: PolicyRun,
    answer: AnswerWay,
    handler: UpstreamHandler,
    preflight: boolean,
  ) {
    this.#progress = progress;
    this.#policies = policies;
    this.#answer = answer;
    this.#handler = handler;
    this.#preflight = preflight;
    this.#source = progress.downstream;
    policies.request = this;
  }

  /** See `Exchange.wrapRequestBody`. */
  wrap(stage: BodyStage): void {
    const { context, phase, route } = this.#progress;
    if (typeof stage !== 'function') throw new NonsenseError('a body stage that is no function');
    if (phase !== 'policies')
      throw new NonsenseError('a stage for a request that is on its way: wrapRequestBody is for onRequest');
    const { wheel, stopwatch } = context;
    this.#stages ??= new Stages({ wheel, stopwatch, patience: route.policyTimeout }, this);
    this.#stages.add(stage, this.#policies.asked);
  }

  onReply(reply: Reply): void {
    if (this.#progress.phase !== 'policies') return;
    this.#progress.answeredAt = this.#policies.asked;
    this.#answer.reply(reply);
  }

  onRequestPolicyFailed(thrown: unknown, at: number, kind: FailureKind): void {
    if (this.#progress.phase === 'policies')
      this.#answer.error(this.#progress.policyFailed(thrown, at, kind, 'onRequest'));
  }

  /** Every policy has let the request pass. */
  onRequestPassed(now: number): void {
    const progress = this.#progress;
    const { request, route, exchange } = progress;
    if (progress.phase !== 'policies') return;
    const limit = exchange.requestBodyLimit;
    if (limit > 0 && request.contentLength > limit) {
      this.#answer.error(new GatewayError('body_too_large', `${request.contentLength} octets announced`));
      return;
    }
    const upgradeRefusal = refusedUpgrade(request, route);
    if (upgradeRefusal !== undefined) {
      this.#answer.error(upgradeRefusal.error, upgradeRefusal.headers);
      return;
    }
    if (route.upstream === undefined || this.#preflight) {
      this.#answerMiss();
      return;
    }
    let toSend: CallRequest;
    try {
      const name = route.onlyOurs ? undefined : request.headers.refusedAddition(isWritable);
      if (name !== undefined) throw new NonsenseError(`the malformed header ${inTheLog(name)}`);
      toSend = buildCall(exchange, progress.context, this.#stages !== undefined);
    } catch (error) {
      this.#notBuilt(error);
      return;
    }
    progress.phase = 'calling';
    progress.calledAt = now;
    const call = new UpstreamCall(route.upstream, toSend, this.#handler, route.clientSettings);
    progress.call = call;
    this.#sink = call;
    this.#answer.source = call;
    if (this.#stages !== undefined && !this.#join(this.#stages, call)) return;
    call.start();
    if (progress.phase === 'calling' && request.hasBody) progress.downstream.startBody();
  }

  /** A policy has left something behind of which no head can be written: the one asked last, or one before it. */
  #notBuilt(thrown: unknown): void {
    const kind = kindOfThrown(thrown, 'threw');
    this.onRequestPolicyFailed(thrown, this.#policies.asked, kind);
  }

  /** @returns whether the stages could be made. */
  #join(stages: Stages, call: UpstreamCall): boolean {
    const progress = this.#progress;
    try {
      const chain = stages.chain(progress.downstream, call);
      this.#sink = chain.sink;
      this.#source = chain.source;
      return true;
    } catch (thrown) {
      this.#sink = undefined;
      stages.close();
      const kind = kindOfThrown(thrown, 'threw');
      this.#answer.error(progress.policyFailed(thrown, stages.making, kind, 'request body'));
      return false;
    }
  }

  #answerMiss(): void {
    const { request, route, context } = this.#progress;
    if (request.path === '*') {
      this.#answer.reply({ status: 204, headers: [['allow', commonMethods]] });
      return;
    }
    const matched = route.config !== undefined && !this.#preflight;
    const allowed = matched ? [] : context.allowedMethods(request);
    if (allowed.length === 0) {
      this.#answer.error(new GatewayError('route_not_found', 'no route'));
      return;
    }
    const error = new GatewayError('method_not_allowed', request.method);
    this.#answer.error(error, [['allow', allowed.join(', ')]]);
  }

  // The body.

  write(chunk: Uint8Array): void {
    const progress = this.#progress;
    progress.requestBytes += chunk.length;
    if (progress.phase === 'done') return;
    const limit = progress.exchange.requestBodyLimit;
    if (limit > 0 && progress.requestBytes > limit && !progress.tunnel) {
      this.fail(new GatewayError('body_too_large', `more than ${limit} octets`));
      return;
    }
    if (this.#sink?.write(chunk) === false) {
      progress.downstream.pause();
      this.#stages?.expect();
    }
  }

  end(trailers: HeaderList | undefined): void {
    this.#sink?.end(allowedTrailers(trailers, this.#progress.route.requestTrailers));
    this.#stages?.expect();
  }

  /** @returns whether nothing of what was written is held any more. */
  flush(): boolean {
    const taken = this.#progress.call?.flush() ?? false;
    return taken && this.#stages === undefined;
  }

  onDrain(taken: boolean): void {
    if (taken && this.#stages === undefined) this.#progress.downstream.bodyTaken();
    this.#source.resume();
  }

  onBackpressure(): void {
    this.#source.pause();
  }

  stageFailed(thrown: unknown, at: number, kind: FailureKind): void {
    if (this.#progress.phase === 'done') return;
    this.fail(this.#progress.policyFailed(thrown, at, kind, 'request body'));
  }

  stageHeld(at: number, held: number): void {
    this.#progress.policyHeld(this.#progress.policyName(at), held, 'request body');
  }

  // Ends.

  /** The request cannot be completed, but the client is there to be told. */
  fail(error: GatewayError): void {
    const progress = this.#progress;
    if (this.#failing) return;
    progress.error ??= error;
    progress.call?.abort();
    this.#failing = true;
    this.#sink?.abort(error);
    this.#failing = false;
    if (progress.downstream.headSent) progress.downstream.abort(error);
    else this.#answer.error(error);
  }

  /** The client is gone. */
  lost(error: GatewayError): void {
    this.#sink?.abort(error);
  }

  /** The exchange is over. */
  finish(): void {
    if (this.#stages === undefined) return;
    this.#stages.close();
    this.#failing = true;
    // They may hold streams and buffers of their own.
    this.#sink?.abort(this.#progress.error ?? new GatewayError('internal', 'the exchange is over'));
  }
}
