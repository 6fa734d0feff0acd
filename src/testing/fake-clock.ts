import type { Clock, Timer } from '../core/clock.ts';

/** A timer of a {@link FakeClock}. */
interface FakeTimer {
  /** In milliseconds of the monotonic clock. */
  readonly due: number;
  readonly task: () => void;
}

/**
 * A clock that stands still until a test moves it, at midnight (UTC) of 1 January 2026. What is due by then happens soon after,
 * the earliest first, as in a process that was busy for that long.
 */
export class FakeClock implements Clock {
  #wall = Date.UTC(2026, 0, 1);
  #monotonic = 1000;
  /** The earliest first; of those due at the same time, the one that was started first. */
  #timers: FakeTimer[] = [];
  #runs = false;

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** Milliseconds until something is due; undefined when nothing is. */
  get next(): number | undefined {
    const [first] = this.#timers;
    return first === undefined ? undefined : Math.max(0, first.due - this.#monotonic);
  }

  /** Lets time pass; milliseconds. */
  advance(milliseconds: number): void {
    checkTime(milliseconds, this.#wall);
    if (milliseconds < 0) throw new RangeError(`time does not pass by ${milliseconds} ms; see \`jump\``);
    this.#wall += milliseconds;
    this.#monotonic += milliseconds;
    this.#soon();
  }

  /** Sets the wall clock alone, as an administrator or NTP does; milliseconds, negative is back. */
  jump(milliseconds: number): void {
    checkTime(milliseconds, this.#wall);
    this.#wall += milliseconds;
  }

  after(milliseconds: number, task: () => void): Timer {
    const timer = { due: this.#monotonic + Math.max(0, milliseconds), task };
    const at = this.#timers.findIndex(({ due }) => due > timer.due);
    this.#timers.splice(at === -1 ? this.#timers.length : at, 0, timer);
    this.#soon();
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((each) => each !== timer);
      },
    };
  }

  #soon(): void {
    if (this.#runs || this.next !== 0) return;
    this.#runs = true;
    setImmediate(() => {
      this.#runs = false;
      this.#runDue();
    });
  }

  #runDue(): void {
    for (;;) {
      const [first] = this.#timers;
      if (first === undefined || first.due > this.#monotonic) return;
      this.#timers.shift();
      try {
        first.task();
      } catch (error) {
        // As with Node's timers: the others happen all the same.
        this.#soon();
        throw error;
      }
    }
  }
}

/** The last moment that a `Date` can say, in milliseconds since the epoch (ECMA-262 §21.4.1.1). */
const LAST = 8.64e15;

/** @throws RangeError for what is no time, or leads to a moment that no `Date` can say. */
export function checkTime(milliseconds: unknown, from = 0): asserts milliseconds is number {
  const found = typeof milliseconds === 'number' ? `${milliseconds} ms` : JSON.stringify(milliseconds);
  if (!Number.isFinite(milliseconds))
    throw new RangeError(`time does not pass by ${found}: it is a number of milliseconds`);
  if (Math.abs(from + Number(milliseconds)) > LAST)
    throw new RangeError(`time does not pass by ${found}: no Date can say when that is`);
}
