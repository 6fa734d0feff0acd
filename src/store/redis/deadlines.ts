import type { Clock } from '../../core/clock.ts';

/** Something that has to be over by a certain time. */
export interface Timed {
  /** In milliseconds of the monotonic clock. */
  deadline: number;
  readonly settled: boolean;
  /** It is not over, and the time is. */
  expire(): void;
}

/** How late a timer may be before that is taken for this process's own doing, in milliseconds. */
const LATE = 5;

/** What a call is given on top when this process was too busy to read the answer, in milliseconds. */
const GRACE = 15;

/**
 * The deadlines of calls that all may take equally long, so that the first one is always the next: one timer for however many
 * there are.
 *
 * An answer that lies in the socket is no late answer: the socket is read before anything expires. And when the timer itself
 * is late, then so is everything else in this process, perhaps even the sending: the calls are then given a little longer.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timeout: number;
  #calls: Timed[] = [];
  #head = 0;
  #timer: NodeJS.Timeout | undefined;
  #check: NodeJS.Immediate | undefined;

  /** @param timeout milliseconds that each may take. */
  constructor(clock: Clock, timeout: number) {
    this.#clock = clock;
    this.#timeout = timeout;
  }

  /** How many have been added that were not over when they were last looked at. */
  get size(): number {
    return this.#calls.length - this.#head;
  }

  /** Sets the deadline of a call that begins now. */
  add(call: Timed): void {
    call.deadline = this.#clock.monotonic() + this.#timeout;
    this.#calls.push(call);
    if (this.#timer === undefined && this.#check === undefined) this.#wait(this.#timeout);
  }

  /** Forgets those at the front that are over. */
  trim(): void {
    while (this.#calls[this.#head]?.settled === true) this.#head++;
    if (this.#head === this.#calls.length) {
      this.#calls = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#calls.length) {
      this.#calls = this.#calls.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Forgets all of them. */
  close(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#check);
    this.#timer = this.#check = undefined;
    this.#calls = [];
    this.#head = 0;
  }

  #wait(delay: number): void {
    const due = this.#clock.monotonic() + delay;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const late = this.#clock.monotonic() - due;
      // Immediates come after sockets have been read.
      this.#check = setImmediate(() => {
        this.#check = undefined;
        if (late > LATE) this.#extend();
        this.#expire();
      });
    }, delay);
  }

  #extend(): void {
    const until = this.#clock.monotonic() + GRACE;
    for (let at = this.#head; at < this.#calls.length; at++) {
      const call = this.#calls[at];
      if (call !== undefined && call.deadline < until) call.deadline = until;
    }
  }

  #expire(): void {
    const now = this.#clock.monotonic();
    for (;;) {
      this.trim();
      const first = this.#calls[this.#head];
      if (first === undefined) return;
      const left = first.deadline - now;
      // Timers count whole milliseconds, and may be early by less than one.
      if (left >= 1) {
        if (this.#timer === undefined) this.#wait(Math.ceil(left));
        return;
      }
      this.#head++;
      first.expire();
    }
  }
}
