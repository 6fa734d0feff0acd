import { LRUCache } from 'lru-cache';
import { type Clock, startTimer, type Timer } from '../../core/clock.ts';
import type { Shareable } from '../../core/shared.ts';
import type { HeaderList } from '../../http/header-list.ts';
import { Fill, type FillOutcome, Gathered } from './fill.ts';
import { selectingValues } from './vary.ts';

/** How long an answer that was none to share keeps others from waiting for the next, in milliseconds. */
const UNCACHEABLE_FOR = 10_000;

/** How many keys are remembered of which something is known. */
const MOST_KNOWN = 10_000;

/** What is being fetched at the moment, by key: one fetch for many. */
export class PendingFills implements Shareable {
  readonly #clock: Clock;
  readonly #fills = new Map<string, Fill>();
  readonly #uncacheable = new LRUCache<string, number>({ max: MOST_KNOWN });
  /** What answers depended on the last time. */
  readonly #vary = new LRUCache<string, readonly string[]>({ max: MOST_KNOWN });
  readonly #gathered = new Gathered();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * What a request waits under: with those only whose answer is most likely its own. Nobody can make others wait, and then ask all at
   * once, with a request whose answer is none for them.
   * @param key that of the cache.
   * @param credentials whether it has any that the key does not tell.
   */
  keyOf(key: string, credentials: boolean, headers: HeaderList): string {
    const names = this.#vary.get(key) ?? [];
    const values = names.length === 0 ? '' : `\n${JSON.stringify(selectingValues(names, headers))}`;
    return `${key}${credentials ? '\n+' : ''}${values}`;
  }

  /** What answers under a key depend on, as the latest one says. */
  dependsOn(key: string, names: readonly string[]): void {
    if (names.length === 0) this.#vary.delete(key);
    else this.#vary.set(key, names);
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
    const fill = this.alone(key, limit);
    this.#fills.set(key, fill);
    return fill;
  }

  /** One that nobody waits for. */
  alone(key: string, limit: number): Fill {
    return new Fill(key, limit, this.#gathered);
  }

  /** It is over: whoever comes now begins another. */
  end(fill: Fill): void {
    if (this.#fills.get(fill.key) === fill) this.#fills.delete(fill.key);
  }

  /**
   * Its answer is for the one alone who asked.
   * @param always whether the next will most likely be so too.
   */
  letGo(fill: Fill, always: boolean): void {
    if (always) this.remember(fill);
    fill.letGo();
    this.end(fill);
  }

  /** The next one will most likely be none to share. */
  remember({ key }: Fill): void {
    this.#uncacheable.set(key, this.#clock.monotonic() + UNCACHEABLE_FOR);
  }

  close(): void {
    for (const fill of this.#fills.values()) fill.fail();
    this.#fills.clear();
  }

  /** What waiting for it comes to, `uncacheable` when that takes longer than until `until`, by the monotonic clock. */
  async wait(fill: Fill, until: number): Promise<FillOutcome> {
    let timer: Timer | undefined;
    const late = new Promise<FillOutcome>((resolve) => {
      timer = startTimer(this.#clock, Math.max(0, until - this.#clock.monotonic()), () => {
        resolve({ kind: 'uncacheable' });
      });
    });
    try {
      return await Promise.race([fill.outcome, late]);
    } finally {
      timer?.cancel();
    }
  }
}
