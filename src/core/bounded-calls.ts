import { z } from 'zod';
import type { Clock } from './clock.ts';

/** How calls to a service are bounded. */
export interface CallBounds {
  /** How many are under way at a time. */
  readonly inFlight: number;
  /** Milliseconds from the question to its answer, the wait for its turn included. */
  readonly timeout: number;
}

/** For each call under way, so many may wait for their turn. */
const WAITING_FOR_EACH = 10;

/** The bound of that name, as operators write it. */
export const inFlightOption = z
  .int()
  .min(1)
  .max(10_000)
  .default(100)
  .describe(
    'How many questions are under way at a time; ten times as many wait for their turn, and the rest are answered 503. Without it: 100.',
  );

/**
 * Calls to a service that many exchanges ask: so many at a time, a bounded number that wait for their turn, in order, and the
 * rest are turned away. Those who ask the same while it is under way share one call.
 */
export class BoundedCalls<Answer> {
  readonly #bounds: CallBounds;
  readonly #clock: Clock;
  readonly #shared = new Map<string, Promise<Answer>>();
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(bounds: CallBounds, clock: Clock) {
    this.#bounds = bounds;
    this.#clock = clock;
  }

  /**
   * Calls, unless somebody has just asked the same.
   * @param key the same for all who may share an answer; undefined for a question that nobody else asks.
   * @param call gets the milliseconds that are left.
   * Rejects as the call does, and with an Error when there are too many, or its turn comes too late.
   */
  ask(key: string | undefined, call: (timeout: number) => Promise<Answer>): Promise<Answer> {
    if (key === undefined) return this.#call(call);
    const same = this.#shared.get(key);
    if (same !== undefined) return same;
    const answer = this.#call(call).finally(() => this.#shared.delete(key));
    this.#shared.set(key, answer);
    return answer;
  }

  async #call(call: (timeout: number) => Promise<Answer>): Promise<Answer> {
    const { inFlight, timeout } = this.#bounds;
    const asked = this.#clock.monotonic();
    if (this.#underWay < inFlight) this.#underWay++;
    else if (this.#waiting.length < inFlight * WAITING_FOR_EACH)
      await new Promise<void>((turn) => this.#waiting.push(turn));
    else throw new Error(`${inFlight} calls are under way, and too many wait`);
    try {
      // Nobody needs a timer to wait with: those in front are done when their time is over, and they came before.
      const left = timeout - (this.#clock.monotonic() - asked);
      if (left <= 0) throw new Error(`${inFlight} calls are under way, and its turn did not come in time`);
      return await call(Math.ceil(left));
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay--;
      else next();
    }
  }
}
