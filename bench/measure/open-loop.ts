import type { RunningProxy } from '../arena.ts';
import { cpuBetween, readCpu } from '../cpu-time.ts';
import type { Load } from '../load/run-load.ts';
import type { Measurement } from '../measurement.ts';
import type { OpenLoop } from '../scenario.ts';
import { orderOf } from './order-of.ts';

/**
 * Milliseconds by which the generator may be late with its own requests, as the 99th percentile. Its lateness is part of
 * what it measures; beyond this it would be what is measured.
 */
const latenessBound = 1;

/** Seconds in which the generator itself gets up to speed; it is another process each time. */
const warmUp = 2;

/** How many requests a second the slowest of the proxies answers, all of them warmed up. */
export async function slowestRate(
  scenario: OpenLoop,
  proxies: readonly RunningProxy[],
  load: Load,
  seconds: number,
): Promise<number> {
  const rates: number[] = [];
  for (const { port } of proxies) {
    const { requests, seconds: taken } = await load({ ...orderOf(scenario, port), seconds });
    rates.push(requests / taken);
  }
  return Math.min(...rates);
}

/** Sends at a fixed rate and looks at the latency; again, up to three times, when the generator did not keep to the rate. */
export async function measureOpenLoop(
  scenario: OpenLoop,
  running: RunningProxy,
  load: Load,
  rate: number,
  seconds: number,
): Promise<Measurement> {
  let measurement: Measurement = { values: {} };
  for (let attempt = 0; attempt < 3; attempt++) {
    const { isLate, ...rest } = await measureOnce(scenario, running, load, rate, seconds);
    measurement = rest;
    if (!isLate) break;
  }
  return measurement;
}

async function measureOnce(
  scenario: OpenLoop,
  { port, process }: RunningProxy,
  load: Load,
  rate: number,
  seconds: number,
): Promise<Measurement & { readonly isLate: boolean }> {
  const before = readCpu(process.pid);
  const result = await load({ ...orderOf(scenario, port), rate, seconds, warmUp });
  const cpu = cpuBetween(before, readCpu(process.pid));
  const { requests, errors, p50, p99, p999, warmUpRequests = 0, lateness = 0, share = 0 } = result;
  if (errors > 0 || requests === 0)
    return { values: {}, void: `${errors} of ${requests + errors} requests failed`, isLate: false };
  if (lateness > latenessBound) {
    const reason = `the load generator itself was ${lateness.toFixed(1)} ms late, and ${latenessBound} ms is the bound`;
    return { values: {}, void: reason, isLate: true };
  }
  return {
    values: {
      p50,
      p99,
      p999,
      throughput: requests / result.seconds,
      cpu: cpu / (requests + warmUpRequests),
      lateness,
      share: share * 100,
    },
    isLate: false,
  };
}
