import type { Clock } from '../../core/clock.ts';

/**
 * The clock of Redis, as far as it is known here: the local one until something has been heard of it. Gateways whose clocks differ
 * thus have the same windows.
 */
export class RedisClock implements Pick<Clock, 'now'> {
  readonly #clock: Pick<Clock, 'now'>;
  #ahead = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.#ahead;
  }

  /** Milliseconds by the clock of this machine. */
  local(): number {
    return this.#clock.now();
  }

  /**
   * Takes note of what it was there at some moment between asking and now.
   * @param asked by {@link RedisClock.local}.
   */
  learn(time: number, asked: number): void {
    const heard = this.#clock.now();
    // It can be anything between these two; what is known is left as it is when it can be right.
    const [least, most] = [time - heard, time - asked];
    if (this.#ahead < least) this.#ahead = least;
    else if (this.#ahead > most) this.#ahead = Math.max(least, most);
  }
}
