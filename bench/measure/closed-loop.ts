import type { RunningProxy } from '../arena.ts';
import { cpuBetween, readCpu } from '../cpu-time.ts';
import type { Load } from '../load/run-load.ts';
import type { Measurement } from '../measurement.ts';
import type { ClosedLoop } from '../scenario.ts';
import { orderOf } from './order-of.ts';

/** Loads a proxy as far as it goes. */
export async function measureClosedLoop(
  scenario: ClosedLoop,
  { port, process }: RunningProxy,
  load: Load,
  seconds: number,
): Promise<Measurement> {
  const order = { ...orderOf(scenario, port), seconds };
  const before = readCpu(process.pid);
  const { requests, bytes, errors, seconds: taken, p50, p99, p999 } = await load(order);
  const cpu = cpuBetween(before, readCpu(process.pid));
  if (errors > 0 || requests === 0)
    return { values: {}, void: `${errors} of ${requests + errors} requests failed` };
  return {
    values: {
      cpu: cpu / requests,
      // Bytes in a microsecond are megabytes in a second.
      perCpuSecond: bytes / cpu,
      throughput: requests / taken,
      p50,
      p99,
      p999,
    },
  };
}
