import { parentPort, workerData } from 'node:worker_threads';

/**
 * Wakes the load generator up whenever a request is due. A thread of its own, because timers of an event loop are whole
 * milliseconds, and waiting for a cell of memory that nobody changes ends within a tenth of one.
 */
const { start, interval, count } = workerData as {
  /** When the first request is due, by `process.hrtime`, in milliseconds. */
  readonly start: number;
  /** Milliseconds from one request to the next. */
  readonly interval: number;
  readonly count: number;
};
const cell = new Int32Array(new SharedArrayBuffer(4));

for (let next = 0; next < count;) {
  const left = start + next * interval - Number(process.hrtime.bigint()) / 1e6;
  if (left > 0) Atomics.wait(cell, 0, 0, left);
  next = Math.max(next, Math.floor((Number(process.hrtime.bigint()) / 1e6 - start) / interval)) + 1;
  parentPort?.postMessage(undefined);
}
