import type { RunningProxy } from '../arena.ts';
import type { LoadGenerator } from '../load/run-load.ts';
import type { Measurement } from '../measurement.ts';
import { cpuMicroseconds } from '../pinned-process.ts';
import { pathOnMiddleRoute } from '../routes.ts';
import type { ClosedLoop } from '../scenario.ts';

/** Loads a proxy as far as it goes, first to warm up and then to measure. */
export async function measureClosedLoop(
  scenario: ClosedLoop,
  { port, process }: RunningProxy,
  load: LoadGenerator,
  seconds: { readonly warmUp: number; readonly measured: number },
): Promise<Measurement> {
  const order = {
    port,
    path: pathOnMiddleRoute(scenario.routes, scenario.request.path),
    method: scenario.request.method ?? 'GET',
    body: scenario.request.body ?? 0,
    connections: scenario.connections,
    newConnections: scenario.newConnections ?? false,
  };
  if (seconds.warmUp > 0) await load({ ...order, seconds: seconds.warmUp });
  const before = cpuMicroseconds(process.pid);
  const result = await load({ ...order, seconds: seconds.measured });
  const cpu = cpuMicroseconds(process.pid) - before;
  if (result.errors > 0 || result.requests === 0) {
    return { values: {}, void: `${result.errors} of ${result.requests + result.errors} requests failed` };
  }
  const { requests, bytes, p50, p99, p999 } = result;
  return {
    values: {
      cpu: cpu / requests,
      // Bytes in a microsecond are megabytes in a second.
      perCpuSecond: bytes / cpu,
      throughput: requests / result.seconds,
      p50,
      p99,
      p999,
    },
  };
}
