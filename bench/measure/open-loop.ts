import type { RunningProxy } from '../arena.ts';
import type { LoadGenerator } from '../load/run-load.ts';
import type { Measurement } from '../measurement.ts';
import { cpuMicroseconds } from '../pinned-process.ts';
import { pathOnMiddleRoute } from '../routes.ts';
import type { OpenLoop } from '../scenario.ts';

/** How many requests a second the slowest of the proxies answers. */
export async function slowestRate(
  scenario: OpenLoop,
  proxies: readonly RunningProxy[],
  load: LoadGenerator,
  seconds: number,
): Promise<number> {
  const rates: number[] = [];
  for (const { port } of proxies) {
    const order = orderOf(scenario, port);
    await load({ ...order, seconds });
    const { requests, seconds: taken } = await load({ ...order, seconds });
    rates.push(requests / taken);
  }
  return Math.min(...rates);
}

/** Sends at a fixed rate and looks at the latency. */
export async function measureOpenLoop(
  scenario: OpenLoop,
  { port, process }: RunningProxy,
  load: LoadGenerator,
  rate: number,
  seconds: { readonly warmUp: number; readonly measured: number },
): Promise<Measurement> {
  const order = { ...orderOf(scenario, port), rate };
  if (seconds.warmUp > 0) await load({ ...order, seconds: seconds.warmUp });
  const before = cpuMicroseconds(process.pid);
  const {
    requests,
    errors,
    seconds: taken,
    p50,
    p99,
    p999,
  } = await load({ ...order, seconds: seconds.measured });
  const cpu = cpuMicroseconds(process.pid) - before;
  if (errors > 0 || requests === 0)
    return { values: {}, void: `${errors} of ${requests + errors} requests failed` };
  return { values: { p50, p99, p999, throughput: requests / taken, cpu: cpu / requests } };
}

function orderOf({ routes, request, connections }: OpenLoop, port: number) {
  return {
    port,
    path: pathOnMiddleRoute(routes, request.path),
    method: request.method ?? 'GET',
    body: request.body ?? 0,
    connections,
  };
}
