import type { Clock } from '../core/clock.ts';

/** From so many milliseconds on, a policy's call counts as one that held the event loop. */
const HELD = 200;

/**
 * Finds the policy that held the event loop: the time that each call of a policy took. It cannot be interrupted, but all
 * others have waited for it, and somebody will ask what for.
 */
export class PolicyStopwatch {
  readonly #clock: Clock;
  /** Until when somebody has been found already: calls lie inside of others, such as that of a stage behind a stage. */
  #explained = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds of the monotonic clock. */
  now(): number {
    return this.#clock.monotonic();
  }

  /** @returns for how many milliseconds the call held the loop by itself that began then and ends now; 0 when that is nothing to speak of. */
  held(since: number, now: number): number {
    if (now - since < HELD) return 0;
    const alone = now - Math.max(since, this.#explained);
    if (alone < HELD) return 0;
    this.#explained = now;
    return Math.round(alone);
  }
}
