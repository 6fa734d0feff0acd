import { totalmem } from 'node:os';

/** How much is shed; each includes those before it. */
export type OverloadLevel = 'none' | 'shed' | 'close-idle' | 'stop-accepting';

/** Above these shares of memory, idle connections are closed, and no new ones accepted. */
const CLOSE_IDLE = 0.92;
const STOP_ACCEPTING = 0.95;

/** Milliseconds between two looks, and how many in a row must show a delayed event loop. */
const INTERVAL = 500;
const STRIKES = 4;

/** Milliseconds between two measurements of the event loop. */
const RESOLUTION = 50;

/** What the monitor reads; tests give their own. */
export interface OverloadGauges {
  /** By how much the event loop was late at worst since the last call, in milliseconds. */
  takeDelay(): number;
  /** Resident memory as a share of what there is. */
  memory(): number;
  close(): void;
}

/** Gauges of this process. A memory limit of the control group counts, where there is one. */
export function processGauges(): OverloadGauges {
  // Not `monitorEventLoopDelay`: after each reset it leaves out the first delay, and of a loop that takes longer than a look
  // there is no other.
  let last = performance.now();
  let worst = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - last - RESOLUTION);
    last = now;
  }, RESOLUTION);
  timer.unref();
  let resident = 0;
  const constrained = process.constrainedMemory();
  const available = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
  return {
    takeDelay: () => {
      const delay = Math.max(worst, performance.now() - last - RESOLUTION);
      worst = 0;
      return delay;
    },
    memory: () => (resident = residentMemory(resident)) / available,
    close: () => {
      clearInterval(timer);
    },
  };
}

/** Asking takes a file descriptor: when there is none left, what was known before has to do. */
function residentMemory(before: number): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return before;
  }
}

/**
 * Watches for more work than this process can do: an event loop that comes late for 2 s, or memory that runs out. What it
 * finds is one word; the gateway acts on it.
 */
export class OverloadMonitor {
  readonly #gauges: OverloadGauges;
  readonly #interval: NodeJS.Timeout;
  #delayLimit = 0;
  #memoryLimit = 0;
  #strikes = 0;
  level: OverloadLevel = 'none';
  /** Why load is shed. */
  reason: 'event_loop_delay' | 'memory' = 'event_loop_delay';

  constructor(gauges: OverloadGauges, onLevel: (level: OverloadLevel) => void) {
    this.#gauges = gauges;
    this.#interval = setInterval(() => {
      const before = this.level;
      this.look();
      if (this.level !== before || this.level === 'close-idle' || this.level === 'stop-accepting')
        onLevel(this.level);
    }, INTERVAL);
    this.#interval.unref();
  }

  /** @param delay milliseconds, 0 is off. @param memory a share, 0 is off. */
  configure(delay: number, memory: number): void {
    this.#delayLimit = delay;
    this.#memoryLimit = memory;
  }

  /** Takes one look. */
  look(): void {
    const delayed = this.#delayLimit > 0 && this.#gauges.takeDelay() > this.#delayLimit;
    this.#strikes = delayed ? this.#strikes + 1 : 0;
    const memory = this.#memoryLimit > 0 ? this.#gauges.memory() : 0;
    this.reason = memory > this.#memoryLimit ? 'memory' : 'event_loop_delay';
    if (this.#memoryLimit > 0 && memory > Math.max(STOP_ACCEPTING, this.#memoryLimit))
      this.level = 'stop-accepting';
    else if (this.#memoryLimit > 0 && memory > Math.max(CLOSE_IDLE, this.#memoryLimit))
      this.level = 'close-idle';
    else if ((this.#memoryLimit > 0 && memory > this.#memoryLimit) || this.#strikes >= STRIKES)
      this.level = 'shed';
    else this.level = 'none';
  }

  close(): void {
    clearInterval(this.#interval);
    this.#gauges.close();
  }
}
