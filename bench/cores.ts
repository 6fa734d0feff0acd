import { availableParallelism } from 'node:os';
import type { Scenario } from './scenario.ts';

/** Which cores the two sides of a scenario run on, as `taskset` takes them. */
export interface Cores {
  readonly proxy: string;
  /** The load's and the target's. */
  readonly load: string;
}

/**
 * The cores of a scenario. Where they are apart, the proxy has core 0 for itself, with all its threads, and core 1 is for
 * load and target, whatever else the machine has: figures of different machines then mean the same.
 */
export function coresOf({ cores }: Pick<Scenario, 'cores'>, count = availableParallelism()): Cores {
  if (cores !== 'shared') return { proxy: '0', load: '1' };
  return count > 2 ? { proxy: '0,1', load: `2-${count - 1}` } : { proxy: '0,1', load: '0,1' };
}
