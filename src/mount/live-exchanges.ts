import type { NodeDownstream } from './node-downstream.ts';

/** How long answers to exchanges that are cut off may take to leave, in milliseconds. */
const PATIENCE = 1000;

/** An exchange, and where it stands among the others. */
interface Place {
  readonly downstream: NodeDownstream;
  at: number;
}

/** The exchanges of a mount that are under way. The connections are the app's: nobody else would end them. */
export class LiveExchanges {
  /**
   * A list without gaps, and no `Set`: one that much goes through is copied again and again, and V8 keeps what stood in each old copy
   * until the next full collection. With the tutorials' program that was a tenth of all CPU time, and pauses of 27 ms.
   */
  readonly #all: Place[] = [];
  #whenEmpty: (() => void) | undefined;

  add(downstream: NodeDownstream): void {
    const place: Place = { downstream, at: this.#all.length };
    this.#all.push(place);
    downstream.onOver = (): void => {
      this.#remove(place);
    };
  }

  /** The last one takes its place. */
  #remove(place: Place): void {
    const all = this.#all;
    if (all[place.at] !== place) return;
    const last = all.pop();
    if (last !== undefined && last !== place) {
      all[place.at] = last;
      last.at = place.at;
    }
    if (all.length === 0) this.#whenEmpty?.();
  }

  /** Cuts off those that would never end by themselves. */
  endEndless(): void {
    for (const { downstream } of [...this.#all]) if (downstream.isEndless) downstream.giveUp();
  }

  /** Cuts all of them off. Resolves when none is left. */
  async end(): Promise<void> {
    for (const { downstream } of [...this.#all]) downstream.giveUp();
    if (this.#all.length === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty = resolve;
    // A client that reads nothing must not keep us.
    const timer = setTimeout(() => {
      for (const { downstream } of [...this.#all]) downstream.abort();
    }, PATIENCE);
    await promise;
    clearTimeout(timer);
  }
}
