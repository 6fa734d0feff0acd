import type { Clock } from './clock.ts';

/** When a line of the log is due that many exchanges give cause for: what a flood of requests does must not fill the log as well. */
export class RareLine {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #interval: number;
  #at = -Infinity;
  #causes = 0;

  /** @param interval milliseconds from one line to the next, at least. */
  constructor(interval: number, clock: Pick<Clock, 'monotonic'>) {
    this.#interval = interval;
    this.#clock = clock;
  }

  /** There is cause for the line. @returns how often there was since the last one, this time included; 0 when it is too soon for another. */
  due(): number {
    this.#causes++;
    const now = this.#clock.monotonic();
    if (now - this.#at < this.#interval) return 0;
    const causes = this.#causes;
    this.#at = now;
    this.#causes = 0;
    return causes;
  }
}
