/**
 * How exchanges that are under way at the same moment are counted. `docs/policies/concurrency-limit.md` says the same for operators.
 *
 * Counts are exact over all threads of a gateway, and carry over a reload. What a thread holds that ends is given back for it.
 */
export interface Slots {
  /**
   * @param id whose slots these are: pools of the same id count together, on all routes, in all threads, before a reload and after it.
   *   Never shown to clients.
   */
  pool(id: string): SlotPool;
}

/** The slots of all keys under one rule. */
export interface SlotPool {
  /**
   * Takes a slot of a key, or a place in the queue for one behind all who wait already.
   * @param key by what exchanges are told apart. May hold anything that a client sent: only a digest of it is kept.
   * @param limit how many slots the key has. What was said last holds, for those who wait as well.
   * @param queue how many may wait for a slot of the key, over all threads.
   * @returns undefined when there is neither a slot nor a place in the queue.
   */
  take(key: string, limit: number, queue: number): Slot | undefined;
  /** How many slots of a key are held, and how many wait for one, over all threads. */
  count(key: string): { readonly held: number; readonly waiting: number };
}

/** A slot, or a place in the queue for one. */
export interface Slot {
  readonly isHeld: boolean;
  /**
   * Called once, and must not throw (the slot would be given back), as soon as the slot is there: never before {@link SlotPool.take} has returned, and not at all once it was released.
   * Those who wait in one thread get their slots in the order in which they came; of several threads, the one in which somebody has waited longest
   * is next, as far as is known at that moment.
   */
  onHeld: (() => void) | undefined;
  /** Gives the slot or the place in the queue back. Further calls do nothing. */
  release(): void;
}
