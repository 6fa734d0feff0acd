import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../src/core/clock.ts';
import { LocalLimits } from '../../src/store/limits/local-limits.ts';

/** What a thread that races is started with. */
export interface Race {
  readonly buffer: SharedArrayBuffer;
  readonly owner: number;
  readonly decisions: number;
}

/** So many requests pass in the race, for all threads together. */
export const raceLimit = 30_000;

if (parentPort !== null && isRace(workerData)) {
  const { buffer, owner, decisions } = workerData;
  const rule = {
    id: 'race',
    algorithm: 'gcra',
    limit: raceLimit,
    burst: raceLimit,
    window: 2_678_400_000,
  } as const;
  const limiter = new LocalLimits(buffer, owner, systemClock).limiter([rule]);
  let allowed = 0;
  for (let i = 0; i < decisions; i++) if (limiter.decide('a', 1, 'take').allowed) allowed++;
  parentPort.postMessage(allowed);
}

function isRace(data: unknown): data is Race {
  return typeof data === 'object' && data !== null && 'buffer' in data;
}
