import type { Reply, ResponseHead } from '../core/exchange.ts';
import { type TimerOwner, WheelTimer } from '../core/timer-wheel.ts';
import type { NamedPolicy } from './compiled-route.ts';
import type { ExchangeProgress } from './exchange-progress.ts';
import { type FailureKind, kindOfThrown, type PolicyPhase } from './policy-failure.ts';

/** What becomes of a request when its policies have been asked. */
export interface RequestSteps {
  /** Every policy has let it pass. @param now milliseconds of the monotonic clock. */
  onRequestPassed(now: number): void;
  onReply(reply: Reply): void;
  onRequestPolicyFailed(thrown: unknown, at: number, kind: FailureKind): void;
}

/** What becomes of an answer on whose policies somebody waited. */
export interface AnswerSteps {
  /** The policy before this one in the list is next; the last is −1. */
  onAnswerWaited(head: ResponseHead, next: number): void;
  onAnswerPolicyFailed(head: ResponseHead, thrown: unknown, at: number, kind: FailureKind): void;
}

/** How far the policies have come with an answer, for now. */
export type AnswerVerdict = 'passed' | 'waits' | 'failed';

/**
 * The route's policies, in order for the request, in reverse for the answer and the end. A policy that returns a promise is
 * waited for, and no longer than the route says; whatever it does afterwards is not heard. As long as none does, nothing is made
 * here for a request.
 */
export class PolicyRun {
  readonly #progress: ExchangeProgress;
  readonly #policies: readonly NamedPolicy[];
  readonly #first: number;
  #wait: PolicyWait | undefined;
  /** How many policies have been reached; answers go through these, in reverse. */
  reached = 0;
  /** The policy that was asked last. */
  asked = 0;
  /** Set by whoever these are. */
  request: RequestSteps | undefined = undefined;
  answer: AnswerSteps | undefined = undefined;

  /** @param first the first policy that is asked: those before it have let the request pass already. */
  constructor(progress: ExchangeProgress, first: number) {
    this.#progress = progress;
    this.#policies = progress.route.policies;
    this.#first = first;
    this.reached = first;
  }

  /** Whether a policy is waited for. */
  get waiting(): boolean {
    return this.#wait !== undefined;
  }

  /**
   * Asks the policies that have not been asked yet about the request.
   * @param since milliseconds of the monotonic clock, just now; 0 where nobody has read it.
   */
  askRequest(since: number): void {
    const policies = this.#policies;
    const { exchange } = this.#progress;
    let from = since;
    try {
      while (this.reached < policies.length) {
        this.asked = this.reached;
        const policy = policies[this.reached++];
        if (policy?.instance.onRequest === undefined) continue;
        from = this.#before(policy, from);
        const verdict = policy.instance.onRequest(exchange);
        from = this.#after(policy, from, 'onRequest');
        if (verdict === undefined) continue;
        if (isPromise(verdict)) {
          this.#waitFor(verdict, this.asked, undefined);
          return;
        }
        this.request?.onReply(verdict);
        return;
      }
    } catch (thrown) {
      const at = this.reached - 1;
      this.#after(policies[at], from, 'onRequest');
      this.request?.onRequestPolicyFailed(thrown, at, kindOfThrown(thrown, 'threw'));
      return;
    }
    this.request?.onRequestPassed(from === 0 ? this.#progress.context.stopwatch.now() : from);
  }

  /**
   * Asks the policies about an answer.
   * @param from the first of them: which in the list, counted down.
   * @param since milliseconds of the monotonic clock, just now; 0 where nobody has read it.
   */
  askResponse(from: number, head: ResponseHead, since: number): AnswerVerdict {
    const policies = this.#policies;
    const { exchange } = this.#progress;
    let now = since;
    for (let i = from; i >= this.#first; i--) {
      const policy = policies[i];
      if (policy?.instance.onResponse === undefined) continue;
      this.asked = i;
      now = this.#before(policy, now);
      try {
        const waiting: unknown = policy.instance.onResponse(exchange, head);
        now = this.#after(policy, now, 'onResponse');
        // Whatever else a policy returns says nothing.
        if (!isPromise(waiting)) continue;
        this.#waitFor(waiting, i, head);
        return 'waits';
      } catch (thrown) {
        this.#after(policy, now, 'onResponse');
        this.answer?.onAnswerPolicyFailed(head, thrown, i, kindOfThrown(thrown, 'threw'));
        return 'failed';
      }
    }
    return 'passed';
  }

  /** Tells them that the exchange is over. */
  finish(): void {
    this.#wait?.end();
    this.#wait = undefined;
    const progress = this.#progress;
    let since = 0;
    for (let i = this.reached - 1; i >= this.#first; i--) {
      const policy = this.#policies[i];
      if (policy?.instance.onFinish === undefined) continue;
      since = this.#before(policy, since);
      try {
        const waiting: unknown = policy.instance.onFinish(progress.exchange);
        // Nobody waits for it, but nobody else would hear of its failure.
        if (isPromise(waiting)) void this.#hearOf(waiting, i);
      } catch (thrown) {
        progress.policyFailed(thrown, i, kindOfThrown(thrown, 'threw'), 'onFinish');
      }
      since = this.#after(policy, since, 'onFinish');
    }
  }

  /** The exchange's own time is over while a policy is waited for. */
  giveUp(): void {
    this.#wait?.onTimer();
  }

  /** @param known the time, if it has just been read; 0 otherwise. @returns the time before a policy is called. */
  #before(policy: NamedPolicy, known: number): number {
    return known === 0 && !policy.isOurs ? this.#progress.context.stopwatch.now() : known;
  }

  /** @returns the time after a policy was called; 0 where nobody has looked. */
  #after(policy: NamedPolicy | undefined, since: number, phase: PolicyPhase): number {
    if (policy === undefined || policy.isOurs) return 0;
    const { stopwatch } = this.#progress.context;
    const now = stopwatch.now();
    const held = stopwatch.held(since, now);
    if (held > 0) this.#progress.policyHeld(policy.name, held, phase);
    return now;
  }

  #waitFor(promise: Promise<unknown>, at: number, head: ResponseHead | undefined): void {
    const wait = new PolicyWait(this.#progress, () => {
      this.#over(wait, at, head, undefined, new Error('it did not answer in time'), 'timed_out');
    });
    this.#wait = wait;
    void this.#follow(promise, wait, at, head);
  }

  /** `await` takes a promise of any kind, asks it once, and hears one answer. */
  async #follow(
    promise: Promise<unknown>,
    wait: PolicyWait,
    at: number,
    head: ResponseHead | undefined,
  ): Promise<void> {
    let value: unknown;
    try {
      value = await promise;
    } catch (thrown) {
      this.#over(wait, at, head, undefined, thrown, kindOfThrown(thrown, 'rejected'));
      return;
    }
    this.#over(wait, at, head, value);
  }

  #over(
    wait: PolicyWait,
    at: number,
    head: ResponseHead | undefined,
    value: unknown,
    thrown?: unknown,
    failed?: FailureKind,
  ): void {
    if (this.#wait !== wait) return;
    this.#wait = undefined;
    wait.end();
    if (head !== undefined) {
      if (failed === undefined) this.answer?.onAnswerWaited(head, at - 1);
      else this.answer?.onAnswerPolicyFailed(head, thrown, at, failed);
      return;
    }
    if (failed !== undefined) {
      this.request?.onRequestPolicyFailed(thrown, at, failed);
      return;
    }
    if (value === undefined) this.askRequest(0);
    else this.request?.onReply(value as Reply);
    this.#progress.call?.flush();
  }

  async #hearOf(waiting: Promise<unknown>, at: number): Promise<void> {
    try {
      await waiting;
    } catch (thrown) {
      this.#progress.policyFailed(thrown, at, kindOfThrown(thrown, 'rejected'), 'onFinish');
    }
  }
}

/** A promise of a policy that is waited for. */
class PolicyWait implements TimerOwner {
  readonly #timer: WheelTimer;
  readonly #late: () => void;

  constructor({ context, route }: ExchangeProgress, late: () => void) {
    this.#timer = new WheelTimer(context.wheel, this);
    this.#timer.set(route.policyTimeout);
    this.#late = late;
  }

  end(): void {
    this.#timer.dispose();
  }

  onTimer(): void {
    this.#late();
  }
}

/** @throws whatever looking at the value does. */
function isPromise(value: unknown): value is Promise<Reply | undefined | void> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
