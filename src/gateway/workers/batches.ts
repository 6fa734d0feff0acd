/**
 * Hands things on, one batch at a time: what comes while a batch is under way is in the next one. When nobody takes
 * them, they are kept up to a limit, and then dropped and counted.
 */
export class Batches<Item> {
  readonly #send: (items: readonly Item[], taken: () => void) => void;
  readonly #limit: number;
  readonly #whenIdle: (() => void)[] = [];
  #items: Item[] = [];
  #underWay = false;
  dropped = 0;

  /** @param limit how many are kept at most. */
  constructor(limit: number, send: (items: readonly Item[], taken: () => void) => void) {
    this.#limit = limit;
    this.#send = send;
  }

  push(item: Item): void {
    if (this.#items.length >= this.#limit) {
      this.dropped++;
      return;
    }
    this.#items.push(item);
    this.#next();
  }

  /** Resolves when everything has been taken, or after so many milliseconds. */
  async whenIdle(patience: number): Promise<void> {
    if (!this.#underWay) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, patience);
    this.#whenIdle.push(resolve);
    await promise;
    clearTimeout(timer);
  }

  #next(): void {
    if (this.#underWay) return;
    if (this.#items.length === 0) {
      for (const resolve of this.#whenIdle.splice(0)) resolve();
      return;
    }
    const items = this.#items;
    this.#items = [];
    this.#underWay = true;
    this.#send(items, () => {
      this.#underWay = false;
      this.#next();
    });
  }
}
