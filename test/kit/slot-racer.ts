import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { Slot } from '../../src/core/slots.ts';
import { LocalSlots } from '../../src/store/slots/local-slots.ts';

/** What a thread that races is started with. */
export interface SlotRace {
  readonly buffer: SharedArrayBuffer;
  readonly owner: number;
  readonly limit: number;
  readonly queue: number;
  /** How often it takes a slot; with 0 it takes one and never gives it back. */
  readonly rounds: number;
  /** Two numbers: how many threads and lines are in at this moment, and the most that there ever were. */
  readonly inside: SharedArrayBuffer;
}

/** What became of its rounds. */
export interface SlotRaceResult {
  readonly passed: number;
  readonly refused: number;
}

const lines = 8;

if (parentPort !== null && isRace(workerData)) {
  const { buffer, owner, limit, queue, rounds, inside } = workerData;
  const pool = new LocalSlots(buffer, owner).pool('race');
  const counts = new Int32Array(inside);
  let [passed, refused] = [0, 0];
  const takeOne = async (): Promise<Slot | undefined> => {
    const slot = pool.take('a', limit, queue);
    if (slot?.isHeld === false) await new Promise<void>((resolve) => (slot.onHeld = resolve));
    return slot;
  };
  const line = async (): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      const slot = await takeOne();
      if (slot === undefined) {
        refused++;
        continue;
      }
      passed++;
      const now = Atomics.add(counts, 0, 1) + 1;
      let most = Atomics.load(counts, 1);
      while (now > most) most = Atomics.compareExchange(counts, 1, most, now);
      if (round % 3 === 0) await sleep(0);
      Atomics.sub(counts, 0, 1);
      slot.release();
    }
  };
  // A promise alone keeps no thread alive; connections do.
  const alive = setInterval(() => undefined, 1000);
  if (rounds === 0) {
    await takeOne();
    parentPort.postMessage('taken');
  } else {
    await Promise.all(Array.from({ length: lines }, line));
    clearInterval(alive);
    parentPort.postMessage({ passed, refused } satisfies SlotRaceResult);
  }
}

function isRace(data: unknown): data is SlotRace {
  return typeof data === 'object' && data !== null && 'inside' in data;
}
