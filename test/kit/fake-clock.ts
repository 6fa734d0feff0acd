import type { Clock } from '../../src/core/clock.ts';

/** A clock that stands still until a test moves it. What is due then happens within a tick of the timer wheel. */
export class FakeClock implements Clock {
  #wall = Date.UTC(2026, 0, 1);
  #monotonic = 1000;

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** Lets time pass; milliseconds. */
  advance(milliseconds: number): void {
    this.#wall += milliseconds;
    this.#monotonic += milliseconds;
  }

  /** Sets the wall clock alone, as an administrator or NTP does; milliseconds, negative is back. */
  jump(milliseconds: number): void {
    this.#wall += milliseconds;
  }
}
