import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/clock.ts';
import type { Shareable } from '../../core/shared.ts';
import { Fill, type FillOutcome } from './fill.ts';

/** How long an answer that was none to share keeps others from waiting for the next, in milliseconds. */
const UNCACHEABLE_FOR = 10_000;

/** How many such answers are remembered. */
const MOST_UNCACHEABLE = 10_000;

/** What is being fetched at the moment, by key: one fetch for many. */
export class PendingFills implements Shareable {
  readonly #clock: Clock;
  readonly #fills = new Map<string, Fill>();
  readonly #uncacheable = new LRUCache<string, number>({ max: MOST_UNCACHEABLE });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The fetch under way that one may wait for. */
  get(key: string): Fill | undefined {
    const fill = this.#fills.get(key);
    return fill?.joinable === true ? fill : undefined;
  }

  /** Begins one, unless the last answer was none to share: then each is fetched for itself. */
  begin(key: string, limit: number): Fill | undefined {
    const until = this.#uncacheable.get(key);
    if (until !== undefined) {
      if (this.#clock.monotonic() < until) return undefined;
      this.#uncacheable.delete(key);
    }
    const fill = new Fill(limit);
    this.#fills.set(key, fill);
    return fill;
  }

  /** It is over: whoever comes now begins another. */
  end(key: string, fill: Fill): void {
    if (this.#fills.get(key) === fill) this.#fills.delete(key);
  }

  /**
   * Its answer is for the one alone who asked.
   * @param always whether the next will most likely be so too.
   */
  letGo(key: string, fill: Fill, always: boolean): void {
    if (always) this.#uncacheable.set(key, this.#clock.monotonic() + UNCACHEABLE_FOR);
    fill.letGo();
    this.end(key, fill);
  }

  close(): void {
    for (const fill of this.#fills.values()) fill.fail();
    this.#fills.clear();
  }

  /** What waiting for it comes to, `uncacheable` when that takes longer than `patience` milliseconds. */
  async wait(fill: Fill, patience: number): Promise<FillOutcome> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<FillOutcome>((resolve) => {
      timer = setTimeout(() => {
        resolve({ kind: 'uncacheable' });
      }, patience);
    });
    try {
      return await Promise.race([fill.outcome, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
