import type { Logger } from '../core/logger.ts';
import type { TimerOwner, TimerWheel } from '../core/timer-wheel.ts';
import { WheelTimer } from '../core/timer-wheel.ts';
import type { FailureKind, PolicyFailure } from './policy-failure.ts';
import { loggableError } from './policy-failure.ts';

/** So many lines of a kind, for one policy on one route, are written in so many milliseconds; the rest is only counted. */
export const LINES = 5;
export const WINDOW = 10_000;

/** What is told of failures beyond the log. */
export interface FailureCounts {
  /** @param route '' for what no route matched. */
  policyFailed(policy: string, route: string, kind: FailureKind): void;
}

/**
 * What becomes known of policies that misbehave: each failure is counted, and a line of the operational log names policy,
 * route and what it did. A policy that fails for every request does not bury the log.
 */
export class PolicyFailures {
  readonly #logger: Logger;
  readonly #wheel: TimerWheel;
  readonly #counts: FailureCounts;
  readonly #floods = new Map<string, Flood>();

  constructor(logger: Logger, wheel: TimerWheel, counts: FailureCounts) {
    this.#logger = logger;
    this.#wheel = wheel;
    this.#counts = counts;
  }

  /** @param id of the exchange that it happened in, if it was in one. */
  note(failure: PolicyFailure, route: string, id?: string): void {
    const { policy, kind, phase } = failure;
    this.#counts.policyFailed(policy, route, kind);
    const key = `${policy}\n${route}\n${kind}`;
    let flood = this.#floods.get(key);
    if (flood === undefined) {
      flood = new Flood(this.#wheel, (more) => {
        if (more === 0) this.#floods.delete(key);
        else this.#write(kind, { policy, route, kind, more }, 'a policy failed more often than is logged');
      });
      this.#floods.set(key, flood);
    }
    if (!flood.admits()) return;
    const fields = { policy, route, ...(id === undefined ? {} : { id }), phase, kind };
    if (kind === 'blocked')
      this.#write(kind, { ...fields, milliseconds: failure.held }, 'a policy held the event loop');
    else this.#write(kind, { ...fields, err: loggableError(failure.error) }, 'a policy failed');
  }

  /** Says what has not been said yet. */
  close(): void {
    for (const flood of this.#floods.values()) flood.end();
    this.#floods.clear();
  }

  #write(kind: FailureKind, fields: Readonly<Record<string, unknown>>, message: string): void {
    try {
      this.#logger[kind === 'blocked' ? 'warn' : 'error'](fields, message);
    } catch {
      // A program's own log may fail as well; the exchange is not to suffer for it, and there is nobody left to tell.
    }
  }
}

/** The lines of one kind, one policy, one route. */
class Flood implements TimerOwner {
  readonly #timer: WheelTimer;
  readonly #tell: (more: number) => void;
  #lines = 0;
  #more = 0;

  constructor(wheel: TimerWheel, tell: (more: number) => void) {
    this.#timer = new WheelTimer(wheel, this);
    this.#tell = tell;
    this.#timer.set(WINDOW);
  }

  admits(): boolean {
    if (this.#lines === LINES) {
      this.#more++;
      return false;
    }
    this.#lines++;
    return true;
  }

  onTimer(): void {
    const more = this.#more;
    this.#lines = 0;
    this.#more = 0;
    if (more > 0) this.#timer.set(WINDOW);
    this.#tell(more);
  }

  end(): void {
    this.#timer.dispose();
    if (this.#more > 0) this.#tell(this.#more);
  }
}
