/** Looks at a lock before the thread sleeps: it is held for less than a microsecond, unless its holder does not run. */
const SPINS = 2000;
/** Milliseconds of a sleep. The system makes it longer. */
const SLEEP = 0.05;
/**
 * Sleeps before a lock is taken from its holder: well over 100 ms, in which a thread that lives would have run. Counted in sleeps, not
 * in time, so that a process that was stopped and continued takes no lock from anybody.
 */
const PATIENCE = 1000;

/**
 * A lock for each bucket, for the threads of a process. It is held for a few hundred nanoseconds, never while something is waited for.
 * A thread that is ended while it holds one does not hang the others: its locks are given back by {@link releaseLocksOf}
 * when its end is known, and taken from it by whoever has waited too long before that.
 */
export class BucketLocks {
  readonly #locks: Int32Array;
  readonly #owner: number;

  /** @param owner who this thread is: a number from 1 that no other thread has or had. */
  constructor(locks: Int32Array, owner: number) {
    this.#locks = locks;
    this.#owner = owner;
  }

  lock(bucket: number): void {
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.compareExchange(this.#locks, bucket, 0, this.#owner) === 0) return;
    }
    this.#wait(bucket);
  }

  unlock(bucket: number): void {
    // Not if somebody has lost patience with us and holds it now.
    Atomics.compareExchange(this.#locks, bucket, this.#owner, 0);
  }

  #wait(bucket: number): void {
    let holder = 0;
    for (let sleeps = 0; ; sleeps++) {
      const found = Atomics.compareExchange(this.#locks, bucket, 0, this.#owner);
      if (found === 0) return;
      // Our own, or another's than before: somebody gets on, and patience begins anew.
      if (found !== holder) sleeps = 0;
      holder = found;
      if (sleeps >= PATIENCE && Atomics.compareExchange(this.#locks, bucket, holder, this.#owner) === holder)
        return;
      Atomics.wait(this.#locks, bucket, holder, SLEEP);
    }
  }
}

/** Gives back what a thread held that is gone. */
export function releaseLocksOf(locks: Int32Array, owner: number): void {
  for (let bucket = 0; bucket < locks.length; bucket++) {
    if (Atomics.load(locks, bucket) === owner) Atomics.compareExchange(locks, bucket, owner, 0);
  }
}
