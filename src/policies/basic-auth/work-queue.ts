/** Work that takes long goes on a few at a time; a bounded number waits, and for what is more there is no room. */
export class WorkQueue {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** Does the work in its turn. @returns undefined when there is no room for it. */
  run<Result>(work: () => Promise<Result>): Promise<Result> | undefined {
    if (this.#running < this.#atOnce) return this.#start(work);
    if (this.#waiting.length >= this.#mostWaiting) return undefined;
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => void this.#start(work).then(resolve, reject));
    });
  }

  /** Nobody needs it any more: what still waits is given up. */
  close(): void {
    this.#waiting.length = 0;
  }

  async #start<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }
}
