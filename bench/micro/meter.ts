/** How much is measured: a test makes do with less than a benchmark. */
export interface Effort {
  /** Calls a round, as a share of what a benchmark asks for. */
  readonly share: number;
  readonly rounds: number;
}

/** What benchmarks are run with. */
export const fullEffort: Effort = { share: 1, rounds: 5 };

/** One line of the result, such as `canonicalPath of an ordinary path   41 ns`. */
export type Print = (line: string) => void;

/** Whatever is measured adds to this, so that it cannot be optimised away. */
let sink = 0;

/** Times calls, and prints a line for each thing that was timed. */
export class Meter {
  readonly #print: Print;
  readonly #effort: Effort;

  constructor(print: Print = console.log, effort: Effort = fullEffort) {
    this.#print = print;
    this.#effort = effort;
  }

  /**
   * Prints the nanoseconds a call takes: the median of several rounds, after one that does not count.
   * @param calls a round.
   * @param run takes the number of the call; what it returns only has to depend on what it did.
   */
  time(what: string, calls: number, run: (call: number) => number): void {
    const { share, rounds } = this.#effort;
    const many = Math.max(1, Math.round(calls * share));
    const times: number[] = [];
    for (let round = -1; round < rounds; round++) {
      const start = performance.now();
      for (let call = 0; call < many; call++) sink += run(call);
      if (round >= 0) times.push(((performance.now() - start) * 1e6) / many);
    }
    times.sort((a, b) => a - b);
    const nanoseconds = times[times.length >> 1] ?? 0;
    this.line(what, nanoseconds.toFixed(nanoseconds < 10 ? 1 : 0), 'ns');
  }

  /** Prints how long something takes that is done once. */
  once(what: string, run: () => unknown): void {
    const start = performance.now();
    if (run() === undefined) throw new Error(`${what}: nothing was made`);
    this.line(what, (performance.now() - start).toFixed(1), 'ms');
  }

  line(what: string, value: string, unit: string): void {
    this.#print(`${what.padEnd(62)} ${value.padStart(8)} ${unit}`);
  }
}

/** @throws Error when nothing was measured, or all of it was optimised away. */
export function checkSink(): void {
  if (!(sink > 0)) throw new Error('nothing was measured');
}
