import type { UpstreamConfig } from '../config/schema.ts';
import type { Random } from '../core/random.ts';
import type { TimerOwner, TimerWheel } from '../core/timer-wheel.ts';
import { WheelTimer } from '../core/timer-wheel.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Balancer } from './balancing/balancer.ts';
import { RoundRobin } from './balancing/round-robin.ts';
import { RetryBudget } from './retry-budget.ts';
import type { Target, TargetStates } from './target.ts';

/** Somebody who waits for a place. */
export interface Waiter {
  onAdmitted(): void;
  onQueueTimeout(): void;
}

/** What outlives a snapshot of an upstream: who is in, who waits, what may be retried. Keyed by the upstream's name. */
export class UpstreamState implements TimerOwner {
  readonly budget = new RetryBudget();
  readonly #queue: { readonly waiter: Waiter; readonly until: number }[] = [];
  readonly #timer: WheelTimer;
  readonly #wheel: TimerWheel;
  /** Places that were given back and pass on to those who wait, in a moment. */
  #passing = 0;
  inFlight = 0;
  /** How many may be in at once; the present snapshot's. */
  limit = Infinity;

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
    this.#timer = new WheelTimer(wheel, this);
  }

  /**
   * Takes a place, or queues for one.
   * @param patience milliseconds to wait at the most; 0 is not at all.
   * @returns whether there was a place at once; `refused` when nobody may wait either.
   */
  enter(waiter: Waiter, patience: number): 'admitted' | 'queued' | 'refused' {
    if (this.inFlight < this.limit) {
      this.inFlight++;
      return 'admitted';
    }
    if (patience <= 0 || this.#queue.length >= this.limit) return 'refused';
    const until = this.#wheel.now + patience;
    this.#queue.push({ waiter, until });
    this.#lookAt(until);
    return 'queued';
  }

  /**
   * Gives a place back. Whoever waited longest gets it, once the connection that it was used with has come to rest: else
   * each of them would open another.
   */
  leave(): void {
    if (this.#queue.length === 0) {
      this.inFlight--;
      return;
    }
    if (this.#passing++ === 0) queueMicrotask(() => this.#passOn());
  }

  #passOn(): void {
    this.inFlight -= this.#passing;
    this.#passing = 0;
    while (this.inFlight < this.limit) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.inFlight++;
      next.waiter.onAdmitted();
    }
  }

  /** Stops waiting. @returns whether the waiter was still waiting. */
  forget(waiter: Waiter): boolean {
    const at = this.#queue.findIndex((each) => each.waiter === waiter);
    if (at === -1) return false;
    this.#queue.splice(at, 1);
    return true;
  }

  onTimer(): void {
    const { now } = this.#wheel;
    // Patience may have been another before a reload, so that those who came first are not always the first to go.
    for (const { waiter } of this.#queue.filter((each) => each.until <= now)) {
      if (this.forget(waiter)) waiter.onQueueTimeout();
    }
    for (const { until } of this.#queue) this.#lookAt(until);
  }

  #lookAt(until: number): void {
    if (!this.#timer.armed || until < this.#timer.deadline) this.#timer.set(until - this.#wheel.now);
  }
}

/** What an upstream tells the outside. */
export interface UpstreamObserver {
  upstreamError(upstream: string, code: ErrorCode): void;
  retries(upstream: string): void;
}

/** What all upstreams share. */
export interface UpstreamEnvironment {
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly observer: UpstreamObserver;
}

/** An upstream in one snapshot. */
export class Upstream {
  readonly config: UpstreamConfig;
  readonly state: UpstreamState;
  readonly targets: readonly Target[];
  readonly environment: UpstreamEnvironment;
  readonly #balancer: Balancer<Target> = new RoundRobin();

  constructor(
    config: UpstreamConfig,
    state: UpstreamState,
    targets: TargetStates,
    environment: UpstreamEnvironment,
  ) {
    this.config = config;
    this.state = state;
    this.environment = environment;
    this.targets = config.targets.map((target) => targets.target(target, config));
  }

  /**
   * The next target.
   * @param tried targets that failed this request; chosen again only when there is no other.
   */
  pick(tried: readonly Target[]): Target | undefined {
    const { connections } = this.config.limits;
    if (tried.length === 0 && connections === undefined) return this.#balancer.pick(this.targets);
    let candidates = this.targets;
    // There are as many places as connections, so one of the targets has a connection left.
    if (connections !== undefined) {
      candidates = preferred(candidates, ({ state }) => state.pool.busy < connections);
    }
    return this.#balancer.pick(preferred(candidates, (target) => !tried.includes(target)));
  }
}

/** Those of the targets for which it holds; all of them when it holds for none. */
function preferred(targets: readonly Target[], holds: (target: Target) => boolean): readonly Target[] {
  const those = targets.filter(holds);
  return those.length === 0 ? targets : those;
}
