import { NEXT_TICKET, NO_ROOM, type SlotMemory, WAYS, WORDS } from './slot-memory.ts';

/*
 * The words of an entry. It stands for one key and one thread; the counts of a key are the sums over its entries. An entry that
 * holds nothing and waits for nothing is free.
 */
const HIGH = 0;
const OWNER = 1;
const HELD = 2;
const WAITING = 3;
/** Of those held, how many were given to somebody who waits and has not heard of it yet. */
const GRANTED = 4;
/** Of those who wait and were given nothing, when the first one came. */
const TICKET = 5;
const LIMIT = 6;

/** Where the counts of a key are. */
export interface SlotPlace {
  readonly bucket: number;
  /** 32 bits each of its digest; `low` is not 0. */
  readonly low: number;
  readonly high: number;
}

/** The entries of all keys under way, as one thread sees them. Everything here needs the lock of the key's bucket. */
export class SlotTable {
  readonly #memory: SlotMemory;
  readonly #owner: number;
  /** What {@link SlotTable.#look} has seen last. */
  #held = 0;
  #waiting = 0;
  #own = -1;
  #oldest = -1;

  /** @param owner whose entries are made here. */
  constructor(memory: SlotMemory, owner: number) {
    this.#memory = memory;
    this.#owner = owner;
  }

  /** Takes a slot, or a place in the queue. @returns its ticket for the latter. */
  take(place: SlotPlace, limit: number, queue: number, lucky: Set<number>): 'held' | 'full' | number {
    this.#look(place, limit);
    if (this.#waiting > 0 && this.#held < limit) {
      // There are more slots than before.
      this.dispense(place, lucky);
      this.#look(place, limit);
    }
    const { entries } = this.#memory;
    const isFree = this.#held < limit && this.#waiting === 0;
    if (!isFree && this.#waiting >= queue) return 'full';
    const at = this.#own === -1 ? this.#claim(place, limit) : this.#own;
    if (at === -1) return 'full';
    if (isFree) {
      (entries[at + HELD] as number)++;
      return 'held';
    }
    const ticket = Atomics.add(this.#memory.header, NEXT_TICKET, 1);
    if (entries[at + WAITING] === 0) entries[at + TICKET] = ticket;
    (entries[at + WAITING] as number)++;
    return ticket;
  }

  /** Gives a slot back. */
  giveBack(place: SlotPlace, lucky: Set<number>): void {
    this.#look(place);
    if (this.#own === -1) return;
    const { entries } = this.#memory;
    if ((entries[this.#own + HELD] as number) > 0) (entries[this.#own + HELD] as number)--;
    this.#tidy(place.bucket, this.#own);
    this.dispense(place, lucky);
  }

  /** Somebody who waits goes away: with a slot that was meant for this thread, if all who are left have one. */
  leave(place: SlotPlace, lucky: Set<number>): void {
    this.#look(place);
    const { entries } = this.#memory;
    const at = this.#own;
    if (at === -1) return;
    if ((entries[at + WAITING] as number) > 0) {
      (entries[at + WAITING] as number)--;
      this.#tidy(place.bucket, at);
      return;
    }
    if ((entries[at + GRANTED] as number) === 0) return;
    (entries[at + GRANTED] as number)--;
    this.giveBack(place, lucky);
  }

  /** Gives free slots to those who have waited longest. @param lucky takes the threads that have to be told. */
  dispense(place: SlotPlace, lucky: Set<number>): void {
    const { entries } = this.#memory;
    for (;;) {
      this.#look(place);
      const at = this.#oldest;
      if (at === -1 || this.#held >= (entries[at + LIMIT] as number)) return;
      // In this order, so that nothing is held that nobody was given, should this thread end in between.
      (entries[at + WAITING] as number)--;
      (entries[at + GRANTED] as number)++;
      (entries[at + HELD] as number)++;
      // The next one's is known to its thread alone: until that has heard, nobody there came before this.
      (entries[at + TICKET] as number)++;
      lucky.add(entries[at + OWNER] as number);
    }
  }

  /** How many of those who wait in this thread have got a slot since this was asked last. */
  hear(place: SlotPlace): number {
    this.#look(place);
    if (this.#own === -1) return 0;
    const granted = this.#memory.entries[this.#own + GRANTED] as number;
    this.#memory.entries[this.#own + GRANTED] = 0;
    return granted;
  }

  /** The first one who waits in this thread has this ticket. */
  setTicket(place: SlotPlace, ticket: number): void {
    this.#look(place);
    if (this.#own !== -1) this.#memory.entries[this.#own + TICKET] = ticket;
  }

  /** How many slots are held, and how many wait, over all threads. */
  count(place: SlotPlace): { readonly held: number; readonly waiting: number } {
    this.#look(place);
    return { held: this.#held, waiting: this.#waiting };
  }

  /** Frees what a thread that is gone has in a bucket. */
  forget(bucket: number, owner: number): void {
    const lucky = new Set<number>();
    const { entries, tags, marks } = this.#memory;
    for (let way = bucket * WAYS + (marks[bucket] ?? 0) - 1; way >= bucket * WAYS; way--) {
      const at = way * WORDS;
      const low = tags[way] as number;
      if (low === 0 || entries[at + OWNER] !== owner) continue;
      const place = { bucket, low, high: entries[at + HIGH] as number };
      entries[at + WAITING] = entries[at + HELD] = entries[at + GRANTED] = 0;
      this.#tidy(bucket, at);
      this.dispense(place, lucky);
    }
  }

  /** Looks at all entries of a key. @param limit what holds for all of them from now on. */
  #look({ bucket, low, high }: SlotPlace, limit?: number): void {
    const { entries, tags, marks } = this.#memory;
    this.#held = this.#waiting = 0;
    this.#own = this.#oldest = -1;
    const first = bucket * WAYS;
    const end = first + (marks[bucket] as number);
    for (let way = first; way < end; way++) {
      if (tags[way] !== low) continue;
      const at = way * WORDS;
      if (entries[at + HIGH] !== high) continue;
      if (entries[at + OWNER] === this.#owner) this.#own = at;
      this.#held += entries[at + HELD] as number;
      const waiting = entries[at + WAITING] as number;
      this.#waiting += waiting;
      if (waiting > 0 && (this.#oldest === -1 || this.#isOlder(at, this.#oldest))) this.#oldest = at;
      if (limit !== undefined) entries[at + LIMIT] = limit;
    }
  }

  /** Tickets begin anew after 2^32. */
  #isOlder(at: number, than: number): boolean {
    const { entries } = this.#memory;
    return (((entries[at + TICKET] as number) - (entries[than + TICKET] as number)) | 0) < 0;
  }

  /** An entry for a key that has none of this thread; −1 where there is no room. */
  #claim({ bucket, low, high }: SlotPlace, limit: number): number {
    const { entries, tags, marks, header } = this.#memory;
    const first = bucket * WAYS;
    for (let way = first; way < first + WAYS; way++) {
      if (tags[way] !== 0) continue;
      const at = way * WORDS;
      entries[at + HELD] = entries[at + WAITING] = entries[at + GRANTED] = 0;
      entries[at + HIGH] = high;
      entries[at + OWNER] = this.#owner;
      entries[at + LIMIT] = limit;
      if ((marks[bucket] as number) <= way - first) marks[bucket] = way - first + 1;
      tags[way] = low;
      return at;
    }
    Atomics.add(header, NO_ROOM, 1);
    return -1;
  }

  /** Frees an entry that stands for nothing any more. */
  #tidy(bucket: number, at: number): void {
    const { entries, tags, marks } = this.#memory;
    if (entries[at + HELD] !== 0 || entries[at + WAITING] !== 0) return;
    tags[at / WORDS] = 0;
    const first = bucket * WAYS;
    let mark = marks[bucket] as number;
    while (mark > 0 && tags[first + mark - 1] === 0) mark--;
    marks[bucket] = mark;
  }
}
