import type { AnswerPlace, AnswerStore, Purge, StoredAnswer } from '../../core/answer-store.ts';
import type { Clock } from '../../core/clock.ts';
import type { AnswerMetrics } from './answer-metrics.ts';
import { isSameVariant, keep, type KeptAnswer } from './kept-answer.ts';
import { LONGEST_KEPT, type Mark, PurgeRules } from './purge-rules.ts';
import { type Linked, RecencyList } from './recency-list.ts';

/** How much is kept. */
export interface MemoryBounds {
  /** Octets, everything that goes with answers counted. */
  readonly bytes: number;
  /** The largest body, in octets. */
  readonly largest: number;
}

/** What the memory works with. */
export interface MemoryTools {
  readonly clock: Clock;
  readonly metrics: Pick<AnswerMetrics, 'kept' | 'evicted'>;
  /** Does something a little later, when others have had their turn. */
  readonly later: (task: () => void) => void;
}

/** The most variants under one key. */
const MOST_VARIANTS = 16;

/** All variants under one key together take at most this share of the memory, unless a single one takes more. */
const LARGEST_SHARE = 0.25;

/** Nothing is kept for longer than a year, in milliseconds. */
const LONGEST_USE = 365 * 24 * 3600_000;

/** How many entries are looked at in one go for those that were purged: some 100 µs. */
const SWEPT_AT_ONCE = 500;

/** How much later than the last answer it may have been asked for, when nobody knows because the clock was set back; milliseconds. */
const SETBACK_MARGIN = 2000;

/** What is kept under one key. */
interface Entry extends Linked<Entry> {
  readonly key: string;
  variants: readonly KeptAnswer[];
  /** The same, for whoever asks. */
  answers: readonly StoredAnswer[];
  /** When the first of them is of no use any more. */
  until: number;
  bytes: number;
  /** The number of the latest purge that it was held against. */
  sequence: number;
}

/**
 * Answers in the memory of this thread: a table bounded in octets, from which the least recently used goes first. Nothing runs by
 * timers; what is of no use any more goes when it is met, and what was purged in slices soon after the purge.
 */
export class AnswerMemory implements AnswerStore {
  readonly rules = new PurgeRules();
  readonly #tools: MemoryTools;
  readonly #entries = new Map<string, Entry>();
  readonly #recency = new RecencyList<Entry>();
  #bounds: MemoryBounds;
  #bytes = 0;
  /** The latest time that the clock has shown. */
  #latest = -Infinity;
  #sweep: Iterator<Entry> | undefined;
  /** The number of the latest purge when the sweep began. */
  #sweepSequence = 0;
  #closed = false;

  constructor(tools: MemoryTools, bounds: MemoryBounds) {
    this.#tools = tools;
    this.#bounds = bounds;
  }

  get largestBody(): number {
    return this.#bounds.largest;
  }

  /** Octets taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keys under which something is kept. */
  get size(): number {
    return this.#entries.size;
  }

  /** Other bounds, from now on. */
  resize(bounds: MemoryBounds): void {
    this.#bounds = bounds;
    this.#makeRoom();
  }

  get(key: string): readonly StoredAnswer[] {
    const now = this.#now();
    const entry = this.#entries.get(key);
    if (entry === undefined) return none;
    if ((entry.until <= now || entry.sequence !== this.rules.sequence) && !this.#tidy(entry, now))
      return none;
    this.#recency.use(entry);
    return entry.answers;
  }

  put(key: string, answer: StoredAnswer, secondsOfUse: number): void {
    this.keep(key, answer, this.#now() + secondsOfUse * 1000);
  }

  /**
   * As {@link put}.
   * @param until milliseconds since the epoch.
   * @returns whether it is none of those that were purged; it may still have been too large for the memory.
   */
  keep(key: string, answer: StoredAnswer, until: number): boolean {
    const now = this.#now();
    const { body, requestTime } = answer;
    if (this.#closed || body.byteLength > this.#bounds.largest || !(until > now)) return false;
    // Purges are not remembered for ever.
    if (requestTime < now - LONGEST_KEPT || this.rules.tooOld(key, answer, requestTime)) return false;
    const kept = keep(key, answer, Math.min(until, now + LONGEST_USE));
    const others = this.#variantsOf(key, now).filter((other) => !isSameVariant(other.answer, kept.answer));
    this.#set(key, [kept, ...others]);
    return true;
  }

  /**
   * Takes over what another store has kept. What came here in the meantime stays in its place.
   * @param mark of {@link rules} when that store was asked.
   * @returns everything that there is under the key now.
   */
  adopt(
    key: string,
    answers: readonly { readonly answer: StoredAnswer; readonly until: number }[],
    mark: Mark,
  ): readonly StoredAnswer[] {
    const now = this.#now();
    const variants = [...this.#variantsOf(key, now)];
    const dropped = this.rules.droppedSince(key, mark);
    for (const { answer, until } of answers) {
      if (dropped || !(until > now) || answer.body.byteLength > this.#bounds.largest) continue;
      if (this.rules.purgedSince(answer, mark.purges)) continue;
      if (variants.some((other) => isSameVariant(other.answer, answer))) continue;
      variants.push(keep(key, answer, until));
    }
    if (!this.#closed) this.#set(key, variants);
    return variants.map(({ answer }) => answer);
  }

  invalidate(key: string, _place?: AnswerPlace): void {
    this.dropHere(key, -Infinity);
  }

  /** As {@link invalidate}. @param there until when answers of other machines are meant, by the clock that all have in common. */
  dropHere(key: string, there: number): void {
    this.rules.addKey(key, this.#purgeTime(), there);
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#delete(entry);
  }

  purge(purge: Purge): Promise<void> {
    this.purgeHere(purge, -Infinity);
    return Promise.resolve();
  }

  /** As {@link purge}. @param there until when answers of other machines are meant, by the clock that all have in common. */
  purgeHere(purge: Purge, there: number): void {
    this.rules.add(purge, this.#purgeTime(), there);
    if (purge.kind === 'all') this.#clear();
    else this.#sweepSoon();
  }

  /** Gives everything back; nothing is kept any more. */
  close(): void {
    this.#closed = true;
    this.#clear();
  }

  #now(): number {
    const now = this.#tools.clock.now();
    if (now > this.#latest) this.#latest = now;
    return now;
  }

  /** Until when what was asked for is meant: a clock that was set back must not make what is under way look younger. */
  #purgeTime(): number {
    const now = this.#now();
    return now < this.#latest ? this.#latest + SETBACK_MARGIN : now;
  }

  #variantsOf(key: string, now: number): readonly KeptAnswer[] {
    const entry = this.#entries.get(key);
    return entry !== undefined && this.#tidy(entry, now) ? entry.variants : [];
  }

  /** Drops what was purged or is of no use any more. @returns whether anything is left. */
  #tidy(entry: Entry, now: number): boolean {
    const { rules } = this;
    const { sequence } = entry;
    const left =
      sequence === rules.sequence
        ? entry.variants.filter(({ until }) => until > now)
        : entry.variants.filter(({ answer, until }) => until > now && !rules.purgedSince(answer, sequence));
    entry.sequence = rules.sequence;
    if (left.length === entry.variants.length) return true;
    if (left.length === 0) this.#delete(entry);
    else this.#fill(entry, left);
    return left.length > 0;
  }

  #set(key: string, all: readonly KeptAnswer[]): void {
    const variants = this.#fitting(all);
    if (variants.length === 0) return;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const { sequence } = this.rules;
      entry = {
        key,
        variants: [],
        answers: [],
        until: 0,
        bytes: 0,
        sequence,
        newer: undefined,
        older: undefined,
      };
      this.#entries.set(key, entry);
      this.#recency.add(entry);
      this.#tools.metrics.kept(1, 0);
    } else {
      this.#recency.use(entry);
    }
    this.#fill(entry, variants);
    this.#makeRoom();
  }

  /** As many as there may be under one key, the first ones first. What is larger than all the memory is not kept. */
  #fitting(variants: readonly KeptAnswer[]): readonly KeptAnswer[] {
    const { bytes: most } = this.#bounds;
    const fitting: KeptAnswer[] = [];
    let sum = 0;
    for (const variant of variants) {
      sum += variant.bytes;
      const limit = fitting.length === 0 ? most : most * LARGEST_SHARE;
      if (sum > limit || fitting.length === MOST_VARIANTS) break;
      fitting.push(variant);
    }
    return fitting;
  }

  #fill(entry: Entry, variants: readonly KeptAnswer[]): void {
    entry.variants = variants;
    entry.answers = variants.map(({ answer }) => answer);
    entry.until = Math.min(...variants.map(({ until }) => until));
    this.#count(
      entry,
      variants.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  }

  #delete(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#recency.remove(entry);
    this.#tools.metrics.kept(-1, 0);
    this.#count(entry, 0);
  }

  #count(entry: Entry, bytes: number): void {
    const more = bytes - entry.bytes;
    entry.bytes = bytes;
    this.#bytes += more;
    this.#tools.metrics.kept(0, more);
  }

  #makeRoom(): void {
    for (let entry = this.#recency.oldest; entry !== undefined; entry = this.#recency.oldest) {
      if (this.#bytes <= this.#bounds.bytes) return;
      this.#delete(entry);
      this.#tools.metrics.evicted();
    }
  }

  #clear(): void {
    this.#tools.metrics.kept(-this.#entries.size, -this.#bytes);
    this.#bytes = 0;
    this.#entries.clear();
    this.#recency.clear();
  }

  /** Looks at all entries, a few at a time, so that what was purged gives its memory back. */
  #sweepSoon(): void {
    if (this.#sweep !== undefined || this.#entries.size === 0) return;
    this.#sweep = this.#entries.values();
    this.#sweepSequence = this.rules.sequence;
    this.#tools.later(this.#sweepSome);
  }

  readonly #sweepSome = (): void => {
    const now = this.#now();
    for (let looked = 0; looked < SWEPT_AT_ONCE && this.#sweep !== undefined; looked++) {
      const next = this.#sweep.next();
      if (next.done !== true) this.#tidy(next.value, now);
      else this.#sweep = undefined;
    }
    if (this.#sweep !== undefined) this.#tools.later(this.#sweepSome);
    // Those that it had passed know nothing of what was purged since.
    else if (this.#sweepSequence !== this.rules.sequence) this.#sweepSoon();
  };
}

const none: readonly StoredAnswer[] = [];
