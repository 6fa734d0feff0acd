/** When something was purged, by each of the measures that answers are held against. */
export interface Moment {
  /** Its number in the order in which this process learned of purges: what was kept before has a smaller one. */
  readonly sequence: number;
  /** By the clock of this machine, in milliseconds since the epoch: what was asked for until then is meant. */
  readonly here: number;
  /** The same by the clock that all machines have in common. */
  readonly there: number;
}

/** The later of two moments, by each measure. */
export function latest(one: Moment, other: Moment): Moment {
  return {
    sequence: Math.max(one.sequence, other.sequence),
    here: Math.max(one.here, other.here),
    there: Math.max(one.there, other.there),
  };
}

/** How much is remembered. */
export interface TableBounds {
  readonly entries: number;
  /** UTF-16 units of all names together. */
  readonly length: number;
}

/** What was purged by name, and when: a bounded number of names, of which the oldest go first. */
export class RuleTable {
  readonly #bounds: TableBounds;
  readonly #onDrop: (moment: Moment) => void;
  /** The latest last. */
  readonly #moments = new Map<string, Moment>();
  #length = 0;

  /** @param onDrop told when a purge of something is forgotten because there are too many. */
  constructor(bounds: TableBounds, onDrop: (moment: Moment) => void) {
    this.#bounds = bounds;
    this.#onDrop = onDrop;
  }

  get size(): number {
    return this.#moments.size;
  }

  get(name: string): Moment | undefined {
    return this.#moments.get(name);
  }

  set(name: string, moment: Moment): void {
    const known = this.#moments.get(name);
    if (known !== undefined) this.#delete(name);
    this.#moments.set(name, known === undefined ? moment : latest(known, moment));
    this.#length += name.length;
    const { entries, length } = this.#bounds;
    for (const [oldest, its] of this.#moments) {
      if (this.#moments.size <= entries && this.#length <= length) return;
      this.#delete(oldest);
      this.#onDrop(its);
    }
  }

  /** Forgets what came so early that nothing is left that it could mean. */
  forget(isOver: (moment: Moment) => boolean): void {
    for (const [name, moment] of this.#moments) {
      if (!isOver(moment)) return;
      this.#delete(name);
    }
  }

  #delete(name: string): void {
    this.#moments.delete(name);
    this.#length -= name.length;
  }
}
