import type { TimerWheel } from '../core/timer-wheel.ts';

/** The first milliseconds of a body, in which no rate is asked for. */
const GRACE = 5000;

/**
 * How fast a request body must come: something every `idle` milliseconds, a least rate once the first 5 s are over,
 * all of it within `total`. One timer looks in now and then; nothing is armed for a chunk.
 */
export class RequestBodyPace {
  readonly #wheel: TimerWheel;
  total = 0;
  idle = 0;
  #minRate = 0;
  #startedAt = 0;
  #lastAt = 0;
  #received = 0;
  #heldAt = -1;

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
  }

  /** Times in milliseconds; 0 is off. */
  configure(total: number, idle: number): void {
    this.total = total;
    this.idle = idle;
  }

  /** @param minRate octets a second; 0 is off. */
  start(minRate: number): void {
    this.#minRate = minRate;
    this.#startedAt = this.#lastAt = this.#wheel.now;
    this.#received = 0;
    this.#heldAt = -1;
  }

  /** The gateway itself does not read: that time is not the client's. */
  hold(): void {
    this.#heldAt = this.#wheel.now;
  }

  release(): void {
    if (this.#heldAt === -1) return;
    this.#startedAt += this.#wheel.now - this.#heldAt;
    this.#lastAt = this.#wheel.now;
    this.#heldAt = -1;
  }

  count(octets: number): void {
    this.#received += octets;
    this.#lastAt = this.#wheel.now;
  }

  /** Milliseconds until the next look is worth it; 0 or less when the body is too slow. */
  next(): number {
    if (this.#heldAt !== -1) return 1000;
    const { now } = this.#wheel;
    const elapsed = now - this.#startedAt;
    let wait = this.idle > 0 ? this.#lastAt + this.idle - now : Infinity;
    if (this.total > 0) wait = Math.min(wait, this.total - elapsed);
    if (this.#minRate > 0) {
      if (elapsed < GRACE) wait = Math.min(wait, GRACE - elapsed);
      else if (this.#received * 1000 < this.#minRate * (elapsed - GRACE)) return 0;
      else wait = Math.min(wait, 1000);
    }
    return wait === Infinity ? 60_000 : wait;
  }
}
