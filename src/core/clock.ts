/** Time as the gateway sees it. Lent to policies, so that tests can hold it still. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch; may jump. For dates and token expiry. */
  now(): number;
  /** Milliseconds from a fixed but unknown origin; never goes back. For durations and time-outs. */
  monotonic(): number;
  /** Runs something once, so many milliseconds from now by this clock. Without it, Node's own timers do: {@link startTimer}. */
  after?(milliseconds: number, task: () => void): Timer;
}

/** Something that will happen. */
export interface Timer {
  /** It does not happen any more. */
  cancel(): void;
}

/** How a timer is meant. */
export interface TimerOptions {
  /** Whether the process stays alive for it; true when left out. */
  readonly keepsProcess?: boolean;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** Runs something once after so many milliseconds by this clock, in place of `setTimeout`. */
export function startTimer(
  clock: Pick<Clock, 'after'>,
  milliseconds: number,
  task: () => void,
  { keepsProcess = true }: TimerOptions = {},
): Timer {
  if (clock.after !== undefined) return clock.after(milliseconds, task);
  const timeout = setTimeout(task, milliseconds);
  if (!keepsProcess) timeout.unref();
  return {
    cancel: () => {
      clearTimeout(timeout);
    },
  };
}

/** Runs something again and again, every so many milliseconds by this clock, in place of `setInterval`. */
export function startInterval(
  clock: Pick<Clock, 'after'>,
  milliseconds: number,
  task: () => void,
  { keepsProcess = true }: TimerOptions = {},
): Timer {
  if (clock.after !== undefined) return new Repetition((run) => startTimer(clock, milliseconds, run), task);
  const interval = setInterval(task, milliseconds);
  if (!keepsProcess) interval.unref();
  return {
    cancel: () => {
      clearInterval(interval);
    },
  };
}

/** A timer that is started again whenever it has run. */
class Repetition implements Timer {
  readonly #again: (run: () => void) => Timer;
  readonly #task: () => void;
  #timer: Timer | undefined;

  constructor(again: (run: () => void) => Timer, task: () => void) {
    this.#again = again;
    this.#task = task;
    this.#start();
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #start(): void {
    this.#timer = this.#again(() => {
      this.#start();
      this.#task();
    });
  }
}
