import type { NodeDownstream } from './node-downstream.ts';

/** How long answers to exchanges that are cut off may take to leave, in milliseconds. */
const PATIENCE = 1000;

/** The exchanges of a mount that are under way. The connections are the app's: nobody else would end them. */
export class LiveExchanges {
  readonly #all = new Set<NodeDownstream>();
  #whenEmpty: (() => void) | undefined;

  add(downstream: NodeDownstream): void {
    this.#all.add(downstream);
    downstream.onOver = (): void => {
      this.#all.delete(downstream);
      if (this.#all.size === 0) this.#whenEmpty?.();
    };
  }

  /** Cuts off those that would never end by themselves. */
  endEndless(): void {
    for (const downstream of [...this.#all]) if (downstream.isEndless) downstream.giveUp();
  }

  /** Cuts all of them off. Resolves when none is left. */
  async end(): Promise<void> {
    for (const downstream of [...this.#all]) downstream.giveUp();
    if (this.#all.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty = resolve;
    // A client that reads nothing must not keep us.
    const timer = setTimeout(() => {
      for (const downstream of [...this.#all]) downstream.abort();
    }, PATIENCE);
    await promise;
    clearTimeout(timer);
  }
}
