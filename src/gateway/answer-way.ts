import type { BodySink, BodySource, BodyStage } from '../core/body.ts';
import { GatewayError } from '../core/errors.ts';
import type { Reply, ResponseHead } from '../core/exchange.ts';
import { OnceSink } from '../core/once-sink.ts';
import { problemOf } from '../core/problem.ts';
import { isBodyFeed } from '../core/reply-body.ts';
import { HeaderList } from '../http/header-list.ts';
import { allowedTrailers } from '../http1/trailers.ts';
import type { ExchangeProgress } from './exchange-progress.ts';
import { FedBody, type FeedTarget } from './fed-body.ts';
import type { Nobody } from './nobody.ts';
import {
  type FailureKind,
  inTheLog,
  kindOfThrown,
  NonsenseError,
  type PolicyPhase,
} from './policy-failure.ts';
import type { AnswerBody, CheckedReply } from './policy-reply.ts';
import {
  answerBody,
  checkReply,
  isFinalStatus,
  isWritable,
  lengthOf,
  ownedInAnswers,
} from './policy-reply.ts';
import type { AnswerSteps, PolicyRun } from './policy-run.ts';
import { Stages, type StagesOwner } from './stages.ts';

/** What an answer has beside its head. */
interface AnswerRest {
  /** Octets of the body; −1 is not known. */
  readonly length: number;
  readonly hasBody: boolean;
  /** What is sent, unless it comes from the target. */
  readonly body: AnswerBody | undefined;
}

/**
 * The way of an answer, from the target, a policy or the gateway itself, through the policies in reverse and the stages in
 * its body's way to the client. There may be several in one exchange: each takes the place of the one before, as long as
 * nothing of that has left.
 */
export class AnswerWay implements AnswerSteps, StagesOwner, FeedTarget {
  readonly #progress: ExchangeProgress;
  readonly #policies: PolicyRun;
  /** What the body is pushed into: the client's connection, or the first stage. */
  sink: BodySink;
  /** What is paused and resumed for the client: the call, or a stage that holds chunks back. */
  source: BodySource | undefined = undefined;
  #stages: Stages | undefined;
  /** What stands behind the stages. */
  #behindStages: OnceSink | undefined;
  /** An answer of ours that comes as it is made. */
  #fed: FedBody | undefined;
  /** Which of the policies it is of. */
  #fedAt = 0;
  /** The answer on its way through the policies; another may take its place while one of them is waited for. */
  #head: ResponseHead | undefined;
  /** What it was before policies had their hands on it: they may be written without types. */
  #headers: HeaderList | undefined;
  #from: ResponseHead['from'] = 'target';
  /** The rest of the answer that a policy is waited for with; undefined is none. */
  #held: AnswerRest | undefined;
  /** The body ended meanwhile. */
  #endHeld = false;
  #heldTrailers: HeaderList | undefined;
  /** What is sent in place of the target's answer, which must come to its end first so that its connection is of use. */
  #replacement: (() => void) | undefined;
  /** Nothing more of the target's answer is for the client. */
  #replaced = false;
  /** The head has left for the client: no stage comes into the body's way any more. */
  #decided = false;

  constructor(progress: ExchangeProgress, policies: PolicyRun) {
    this.#progress = progress;
    this.#policies = policies;
    this.sink = progress.downstream;
    policies.answer = this;
  }

  /** Nothing has ever stood between the target and the client that may hold octets: what is taken may be used again. */
  isDirect = true;

  /** Whether a policy is waited for, so that the body has to wait too. */
  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** Whether the target's answer is what is under way. */
  get isFromTarget(): boolean {
    return this.#fed === undefined && !this.#replaced && this.#progress.call?.done === false;
  }

  /** See `Exchange.wrapResponseBody`. */
  wrap(stage: BodyStage): void {
    if (typeof stage !== 'function') throw new NonsenseError('a body stage that is no function');
    if (this.#decided || this.#progress.phase === 'done')
      throw new NonsenseError(
        'a stage for an answer whose head has been sent: wrapResponseBody is for onRequest and onResponse',
      );
    const { context, route } = this.#progress;
    const { wheel, stopwatch } = context;
    this.isDirect = false;
    this.#stages ??= new Stages({ wheel, stopwatch, patience: route.policyTimeout }, this);
    this.#stages.add(stage, this.#policies.asked);
  }

  // Answers of a target.

  /** @param since milliseconds of the monotonic clock, just now. */
  fromTarget(head: ResponseHead, length: number, hasBody: boolean, since: number): void {
    if (this.#progress.route.watchesResponses) this.#ask(head, { length, hasBody, body: undefined }, since);
    else this.#sendHead(head, { length, hasBody, body: undefined });
  }

  write(chunk: Uint8Array): void {
    if (this.#replaced) return;
    if (!this.sink.write(chunk)) {
      this.#progress.call?.pause();
      this.#stages?.expect();
    }
  }

  end(trailers: HeaderList | undefined): void {
    if (this.#held !== undefined) {
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
    this.sink.end(allowedTrailers(trailers, this.#progress.route.config?.trailers ?? []));
    this.#stages?.expect();
  }

  /** What is under way breaks off. */
  broken(error: GatewayError): void {
    const progress = this.#progress;
    if (this.#replaced && this.#replacement === undefined) return;
    progress.error ??= error;
    this.#replaced = false;
    this.#replacement = undefined;
    if (progress.downstream.headSent && !this.#retract()) {
      this.sink.abort(error);
      progress.downstream.abort(error);
      return;
    }
    this.error(error);
  }

  /** An answer that breaks while none of it has left is replaced; stages that saw part of it must not see another. */
  #retract(): boolean {
    return this.#stages === undefined && this.#progress.downstream.retractHead();
  }

  // Answers of our own.

  reply(reply: Reply, from: 'reply' | 'error' = 'reply'): void {
    const progress = this.#progress;
    const asked = this.#policies.asked;
    progress.phase = 'responding';
    let checked: CheckedReply;
    try {
      checked = checkReply(reply);
    } catch (thrown) {
      this.error(progress.policyFailed(thrown, asked, 'nonsense', 'onRequest'));
      return;
    }
    const { status, headers, body, code } = checked;
    // For the log: which policy refuses the request, and how.
    if (from === 'reply' && code !== undefined && asked < progress.route.policies.length)
      progress.refusal = { policy: progress.policyName(asked), code };
    this.#fed?.cancel();
    if (isBodyFeed(body)) this.source = this.#fed = new FedBody(body);
    else this.#fed = undefined;
    this.#fedAt = asked;
    const head: ResponseHead = { status, headers, from };
    const rest = this.#restOf(status, body);
    if (progress.route.watchesResponses) this.#ask(head, rest, 0);
    else this.#sendHead(head, rest);
  }

  error(error: GatewayError, headers: readonly (readonly [string, string])[] = []): void {
    const progress = this.#progress;
    if (progress.phase === 'done') return;
    progress.error ??= error;
    progress.status = error.status;
    progress.answeredAt = -1;
    if (progress.clientGone) return;
    // Stages were put there for another answer: an error passes none of them.
    this.#dropStages();
    const reply = problemOf(error, progress.exchange.id);
    this.reply({ ...reply, headers: [...(reply.headers ?? []), ...headers] }, 'error');
  }

  #restOf(status: number, body: AnswerBody | undefined): AnswerRest {
    const bodyless = isBodyless(status);
    return {
      length: bodyless ? -1 : lengthOf(body),
      hasBody: !bodyless && this.#progress.request.method !== 'HEAD',
      body,
    };
  }

  // Through the policies.

  #ask(head: ResponseHead, rest: AnswerRest, since: number): void {
    this.#head = head;
    this.#headers = head.headers;
    this.#from = head.from;
    this.#held = undefined;
    this.#endHeld = false;
    this.#askFrom(this.#policies.reached - 1, head, rest, since);
  }

  #askFrom(from: number, head: ResponseHead, rest: AnswerRest, since: number): void {
    const verdict = this.#policies.askResponse(from, head, since);
    if (verdict === 'passed') this.#sendHead(head, rest);
    else if (verdict === 'waits') {
      // Nothing of the body comes before the head has been sent.
      this.#held = rest;
      this.#progress.call?.hold();
    }
  }

  onAnswerWaited(head: ResponseHead, next: number): void {
    const rest = this.#held;
    if (this.#progress.phase === 'done' || this.#head !== head || rest === undefined) return;
    this.#held = undefined;
    this.#askFrom(next, head, rest, 0);
    this.#release();
  }

  /** A policy that cannot even look at an answer: the answer is replaced, and no policy is asked again. */
  onAnswerPolicyFailed(head: ResponseHead, thrown: unknown, at: number, kind: FailureKind): void {
    if (this.#progress.phase === 'done' || this.#head !== head) return;
    const waited = this.#held !== undefined;
    this.#held = undefined;
    this.#replaceByError(this.#progress.policyFailed(thrown, at, kind, 'onResponse'));
    if (waited) this.#release();
  }

  /** Goes on with the body that had to wait, unless it has to wait for the next one. */
  #release(): void {
    if (this.#held !== undefined || this.#progress.phase === 'done') return;
    if (this.#endHeld) this.end(this.#heldTrailers);
    else this.#progress.call?.resume();
  }

  /** Nothing that a policy has done is taken for granted; what it has done wrong is a failure of the one asked last. */
  #checked(head: ResponseHead): boolean {
    const { headers, status } = head;
    let wrong: string | undefined;
    if (headers !== this.#headers) wrong = 'headers that are another object';
    else if (!isFinalStatus(status)) wrong = 'a status that is no whole number from 200 to 599';
    else if (!this.#progress.route.onlyOurs) {
      const name = headers.refusedAddition(isWritable);
      if (name !== undefined) wrong = `the malformed header ${inTheLog(name)}`;
    }
    if (wrong === undefined) {
      headers.deleteAdded(ownedInAnswers);
      return true;
    }
    this.#failed(new NonsenseError(`it, or a policy asked before it, gave an answer ${wrong}`), 'nonsense');
    return false;
  }

  #failed(
    thrown: unknown,
    kind: FailureKind,
    at = this.#policies.asked,
    phase: PolicyPhase = 'onResponse',
  ): void {
    this.#replaceByError(this.#progress.policyFailed(thrown, at, kind, phase));
  }

  // To the client.

  #sendHead(head: ResponseHead, rest: AnswerRest): void {
    const { downstream, route } = this.#progress;
    const { hasBody } = rest;
    let { length } = rest;
    if (route.watchesResponses) {
      if (!this.#checked(head)) return;
      if (head.body !== undefined) {
        this.#replaceBody(head, hasBody);
        return;
      }
      if (hasBody && isBodyless(head.status)) {
        head.headers.delete('content-length');
        this.#sendHead(head, { length: -1, hasBody: false, body: undefined });
        return;
      }
      length = this.#declaredLength(head, length, this.#stages !== undefined && hasBody);
    }
    this.#progress.status = head.status;
    this.#decided = true;
    if (this.#stages !== undefined && hasBody && !this.#join(this.#stages)) return;
    if (this.#sourceIsTarget(head)) downstream.sendHead(head, length, hasBody);
    else this.#sendOwn(head, { length, hasBody, body: rest.body });
  }

  #sourceIsTarget(head: ResponseHead): boolean {
    return (this.#head === head ? this.#from : head.from) === 'target';
  }

  /** @returns whether the stages could be made. */
  #join(stages: Stages): boolean {
    const behind = new OnceSink(this.#progress.downstream);
    this.#behindStages = behind;
    try {
      const chain = stages.chain(this.#fed ?? this.#progress.call ?? idleSource, behind);
      this.sink = chain.sink;
      this.source = chain.source;
      return true;
    } catch (thrown) {
      this.#failed(thrown, kindOfThrown(thrown, 'threw'), stages.making, 'response body');
      return false;
    }
  }

  #sendOwn(head: ResponseHead, { length, hasBody, body }: AnswerRest): void {
    const { downstream } = this.#progress;
    // Should a stage fail, the connection may be the next exchange's by the time that this comes to its end.
    const sink = this.sink;
    downstream.cork();
    downstream.sendHead(head, length, hasBody);
    if (!hasBody) this.#fed?.cancel();
    else if (this.#fed !== undefined) {
      this.#startFeed(this.#fed);
      downstream.uncork();
      return;
    } else if (body instanceof Uint8Array) sink.write(body);
    sink.end();
    this.#stages?.expect();
    downstream.uncork();
  }

  #startFeed(fed: FedBody): void {
    const { context, route, untimed } = this.#progress;
    const { stopwatch, wheel } = context;
    const since = stopwatch.now();
    fed.start(this, { wheel, idle: untimed ? route.clientSettings.streamIdleTimeout : 0 });
    const held = stopwatch.held(since, stopwatch.now());
    if (held > 0) this.#progress.policyHeld(this.#progress.policyName(this.#fedAt), held, 'reply body');
  }

  cork(): void {
    this.#progress.downstream.cork();
  }

  uncork(): boolean {
    return this.#progress.downstream.uncork();
  }

  onBroken(error: GatewayError): void {
    if (this.#progress.phase !== 'done') this.broken(error);
  }

  onFailed(thrown: unknown, kind: FailureKind): void {
    this.#bodyFailed(thrown, this.#fedAt, kind, 'reply body');
  }

  stageFailed(thrown: unknown, at: number, kind: FailureKind): void {
    this.#bodyFailed(thrown, at, kind, 'response body');
  }

  stageHeld(at: number, held: number): void {
    this.#progress.policyHeld(this.#progress.policyName(at), held, 'response body');
  }

  /** A policy's share in the body has failed: another answer takes its place as long as none of it has left. */
  #bodyFailed(thrown: unknown, at: number, kind: FailureKind, phase: PolicyPhase): void {
    const progress = this.#progress;
    if (progress.phase === 'done') return;
    const error = progress.policyFailed(thrown, at, kind, phase);
    if (!progress.downstream.headSent || progress.downstream.retractHead()) {
      this.#replaceByError(error);
      return;
    }
    progress.error ??= error;
    progress.call?.abort();
    this.#fed?.cancel();
    this.#dropStages();
    progress.downstream.abort(error);
  }

  /** An error in place of the answer, past all policies and stages. */
  #replaceByError(error: GatewayError): void {
    const progress = this.#progress;
    progress.error ??= error;
    progress.answeredAt = -1;
    progress.call?.abort();
    this.#fed?.cancel();
    this.#fed = undefined;
    this.#head = undefined;
    this.#endHeld = false;
    this.#dropStages();
    if (progress.clientGone) return;
    const reply = problemOf(error, progress.exchange.id);
    const body = Buffer.from(typeof reply.body === 'string' ? reply.body : '');
    const headers = HeaderList.from(reply.headers ?? []);
    progress.status = error.status;
    this.#decided = true;
    this.#sendOwn({ status: error.status, headers, from: 'error' }, this.#restOf(error.status, body));
  }

  /** What the stages hold goes nowhere; they are told, for they hold streams and buffers of their own. */
  #dropStages(): void {
    const stages = this.#stages;
    if (stages === undefined) return;
    this.#stages = undefined;
    stages.close();
    const behind = this.#behindStages;
    if (behind === undefined) return;
    behind.close();
    const sink = this.sink;
    this.sink = this.#progress.downstream;
    if (sink !== this.sink)
      sink.abort(this.#progress.error ?? new GatewayError('internal', 'the exchange is over'));
  }

  /** A policy has put another body in the place of the one that was answered. */
  #replaceBody(head: ResponseHead, hadBody: boolean): void {
    const { status, headers } = head;
    const fromTarget = this.#from === 'target';
    const from = this.#from === 'error' ? 'error' : 'reply';
    this.#progress.answeredAt = this.#policies.asked;
    let body: AnswerBody | undefined;
    try {
      body = answerBody(head.body);
    } catch (thrown) {
      this.#failed(thrown, 'nonsense');
      return;
    }
    headers.delete('content-length');
    const send = (): void => {
      this.#fed?.cancel();
      this.#fed = isBodyFeed(body) ? new FedBody(body) : undefined;
      this.#fedAt = this.#policies.asked;
      const own: ResponseHead = { status, headers, from };
      this.#head = own;
      this.#from = from;
      this.#sendHead(own, this.#restOf(status, body));
    };
    if (fromTarget) this.#replaced = true;
    if (fromTarget && !hadBody) this.#replacement = send;
    else send();
  }

  /** The length after policies had their hands on the head: what a stage changed is chunked, anything else is as it was. */
  #declaredLength(head: ResponseHead, length: number, wrapped: boolean): number {
    const value = head.headers.get('content-length');
    if (value === undefined) return wrapped ? -1 : length;
    if (value === String(length)) return length;
    head.headers.delete('content-length');
    return wrapped ? -1 : length;
  }

  // Ends.

  /** The client is gone, and nobody wants the answer. */
  lost(error: GatewayError): void {
    this.#fed?.cancel();
    if (this.#stages !== undefined) this.sink.abort(error);
  }

  /** The client is gone, and the target's answer goes on without it. */
  detach(nobody: Nobody): void {
    if (this.sink === this.#progress.downstream) this.sink = nobody;
    this.#behindStages?.redirect(nobody);
  }

  /** The exchange is over. */
  finish(): void {
    this.#fed?.cancel();
    this.#dropStages();
  }
}

const idleSource = { pause: () => undefined, resume: () => undefined };

/** Answers that never have a body, whatever was asked (RFC 9110 §6.4.1). */
function isBodyless(status: number): boolean {
  return status === 204 || status === 304;
}
