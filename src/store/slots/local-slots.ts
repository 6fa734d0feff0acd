import { hash } from 'node:crypto';
import type { Slot, SlotPool, Slots } from '../../core/slots.ts';
import { BucketLocks, releaseLocksOf } from '../limits/bucket-locks.ts';
import { KeyHash } from '../limits/key-hash.ts';
import { BELLS, bellOf, openSlotMemory, type SlotMemory } from './slot-memory.ts';
import { type SlotPlace, SlotTable } from './slot-table.ts';

/** Slots that are counted in the memory of this process, exactly over all its threads. */
export class LocalSlots implements Slots {
  readonly #memory: SlotMemory;
  readonly #table: SlotTable;
  readonly #locks: BucketLocks;
  readonly #hash: KeyHash;
  readonly #owner: number;
  readonly #bell: number;
  /** Threads that were given slots for somebody who waits there. One set for all calls: it is empty between them. */
  readonly #lucky = new Set<number>();
  /** Those who wait in this thread, by their keys. */
  readonly #queues = new Map<string, Queue>();
  #listens = false;

  /**
   * @param buffer made by `createSlotMemory`.
   * @param owner who this thread is: a number from 1 that no other thread has or had.
   */
  constructor(buffer: SharedArrayBuffer, owner: number) {
    this.#memory = openSlotMemory(buffer);
    this.#table = new SlotTable(this.#memory, owner);
    this.#locks = new BucketLocks(this.#memory.locks, owner);
    this.#hash = new KeyHash(this.#memory.header[0] ?? 0, this.#memory.header[1] ?? 0);
    this.#owner = owner;
    this.#bell = bellOf(owner);
  }

  pool(id: string): SlotPool {
    const digest = hash('sha256', id, 'buffer');
    const salt = { low: digest.readInt32LE(0), high: digest.readInt32LE(4) };
    return {
      take: (key, limit, queue) => this.#take(this.#placeOf(key, salt), limit, queue),
      count: (key) => this.#count(this.#placeOf(key, salt)),
    };
  }

  #take(place: SlotPlace, limit: number, queue: number): Slot | undefined {
    let taken: 'held' | 'full' | number;
    this.#locks.lock(place.bucket);
    try {
      taken = this.#table.take(place, limit, queue, this.#lucky);
    } finally {
      this.#locks.unlock(place.bucket);
    }
    if (this.#lucky.size > 0) this.#tell(place);
    if (taken === 'full') return undefined;
    const slot = new LocalSlot(place, taken === 'held' ? 'held' : 'waiting', this.#release);
    if (taken !== 'held') this.#queue(slot, taken);
    return slot;
  }

  #count(place: SlotPlace): { readonly held: number; readonly waiting: number } {
    this.#locks.lock(place.bucket);
    try {
      return this.#table.count(place);
    } finally {
      this.#locks.unlock(place.bucket);
    }
  }

  readonly #release = (slot: LocalSlot): void => {
    const { place } = slot;
    const wasHeld = slot.isHeld;
    slot.state = 'released';
    slot.onHeld = undefined;
    const queue = this.#queues.size === 0 ? undefined : this.#queues.get(nameOf(place));
    if (!wasHeld) queue?.waiting.delete(slot);
    this.#locks.lock(place.bucket);
    try {
      if (wasHeld) this.#table.giveBack(place, this.#lucky);
      else this.#table.leave(place, this.#lucky);
    } finally {
      this.#locks.unlock(place.bucket);
    }
    if (this.#lucky.size > 0) this.#tell(place);
    // The first one may be another now.
    else if (!wasHeld && queue !== undefined) this.#hear(queue);
  };

  #queue(slot: LocalSlot, ticket: number): void {
    const { place } = slot;
    const name = nameOf(place);
    let queue = this.#queues.get(name);
    if (queue === undefined) this.#queues.set(name, (queue = { place, waiting: new Map() }));
    queue.waiting.set(slot, ticket);
    if (!this.#listens) void this.#listen();
  }

  /** Tells those who were given a slot of a key. */
  #tell(place: SlotPlace): void {
    for (const owner of this.#lucky) if (owner !== this.#owner) ring(this.#memory, bellOf(owner));
    this.#lucky.clear();
    const queue = this.#queues.get(nameOf(place));
    if (queue !== undefined) this.#hear(queue);
  }

  /** Hands out what this thread was given for a key. */
  #hear(queue: Queue): void {
    const { place, waiting } = queue;
    const lucky: LocalSlot[] = [];
    this.#locks.lock(place.bucket);
    try {
      let granted = this.#table.hear(place);
      for (const [slot, ticket] of waiting) {
        if (granted-- <= 0) {
          this.#table.setTicket(place, ticket);
          break;
        }
        lucky.push(slot);
      }
    } finally {
      this.#locks.unlock(place.bucket);
    }
    for (const slot of lucky) waiting.delete(slot);
    if (waiting.size === 0) this.#drop(queue);
    for (const slot of lucky) slot.state = 'held';
    for (const slot of lucky) tell(slot);
  }

  #drop({ place }: Queue): void {
    this.#queues.delete(nameOf(place));
    // Nobody is left who would hear anything.
    if (this.#queues.size === 0) ring(this.#memory, this.#bell);
  }

  /** For as long as somebody waits here, hears when another thread has given a slot to this one. */
  async #listen(): Promise<void> {
    this.#listens = true;
    const { header } = this.#memory;
    while (this.#queues.size > 0) {
      const rung = Atomics.load(header, this.#bell);
      for (const queue of this.#queues.values()) this.#hear(queue);
      if (this.#queues.size === 0) break;
      const wait = Atomics.waitAsync(header, this.#bell, rung);
      if (wait.async) await wait.value;
    }
    this.#listens = false;
  }

  #placeOf(key: string, salt: { readonly low: number; readonly high: number }): SlotPlace {
    this.#hash.hash(key);
    const high = this.#hash.high ^ salt.high;
    const bucket = Math.floor(((high >>> 0) / 2 ** 32) * this.#memory.buckets);
    return { bucket, low: this.#hash.low ^ salt.low || 1, high };
  }
}

/**
 * Gives back what a thread had that is gone: its locks, its slots, and its places in queues.
 * @param self a number that no thread has or had.
 */
export function releaseSlotsOf(buffer: SharedArrayBuffer, owner: number, self: number): void {
  const memory = openSlotMemory(buffer);
  releaseLocksOf(memory.locks, owner);
  const table = new SlotTable(memory, self);
  const locks = new BucketLocks(memory.locks, self);
  for (let bucket = 0; bucket < memory.buckets; bucket++) {
    if (Atomics.load(memory.marks, bucket) === 0) continue;
    locks.lock(bucket);
    try {
      table.forget(bucket, owner);
    } finally {
      locks.unlock(bucket);
    }
  }
  // All of them: it may have ended before it told somebody.
  for (let any = 0; any < BELLS; any++) ring(memory, bellOf(any));
}

/** Those who wait in this thread for slots of a key, with their tickets, in the order in which they came. */
interface Queue {
  readonly place: SlotPlace;
  readonly waiting: Map<LocalSlot, number>;
}

class LocalSlot implements Slot {
  readonly place: SlotPlace;
  state: 'waiting' | 'held' | 'released';
  onHeld: (() => void) | undefined = undefined;
  readonly #release: (slot: LocalSlot) => void;

  constructor(place: SlotPlace, state: 'waiting' | 'held', release: (slot: LocalSlot) => void) {
    this.place = place;
    this.state = state;
    this.#release = release;
  }

  get isHeld(): boolean {
    return this.state === 'held';
  }

  release(): void {
    if (this.state !== 'released') this.#release(this);
  }
}

/** Somebody's failure to listen is no failure of whoever gave the slot back: it goes on to the next one. */
function tell(slot: LocalSlot): void {
  try {
    slot.onHeld?.();
  } catch {
    slot.release();
  }
}

function ring({ header }: SlotMemory, bell: number): void {
  Atomics.add(header, bell, 1);
  Atomics.notify(header, bell);
}

function nameOf({ low, high }: SlotPlace): string {
  return `${high} ${low}`;
}
