import { join } from 'node:path';
import type { Arena, RunningProxy } from './arena.ts';
import { openArena } from './arena.ts';
import type { LoadGenerator } from './load/run-load.ts';
import { measureClosedLoop } from './measure/closed-loop.ts';
import { measureColdStart } from './measure/cold-start.ts';
import { measureIdleConnections } from './measure/idle-connections.ts';
import { measureOpenLoop, slowestRate } from './measure/open-loop.ts';
import type { Measurement } from './measurement.ts';
import type { Launch, Proxy } from './proxy.ts';
import type { ScenarioResult } from './results.ts';
import { pathOnMiddleRoute } from './routes.ts';
import type { Scenario } from './scenario.ts';

/** How scenarios are run. */
export interface RunOptions {
  readonly rounds: number;
  readonly seconds: { readonly warmUp: number; readonly measured: number };
  /** A folder for configurations and logs. */
  readonly folder: string;
  readonly load: LoadGenerator;
  /** Told what happens, a line at a time. */
  readonly progress: (line: string) => void;
  /** A last change to how a proxy is started. */
  readonly edit?: (launch: Launch, proxy: Proxy) => Launch;
}

/** Measures one proxy once. */
type Measure = (proxy: Proxy) => Promise<Measurement>;

/**
 * Runs a scenario in interleaved rounds: every proxy once a round, beginning with another one each time, so that what the
 * machine does meanwhile falls on all alike.
 */
export async function runScenario(
  scenario: Scenario,
  proxies: readonly Proxy[],
  options: RunOptions,
): Promise<ScenarioResult> {
  const taking = proxies.filter((proxy) => takesPart(scenario, proxy));
  const setup = { routes: scenario.routes, observed: scenario.observed ?? false };
  const arena = await openArena(join(options.folder, scenario.id), setup, options.edit);
  const rounds = new Map<string, Measurement[]>(taking.map(({ key }) => [key, []]));
  try {
    const measure = await prepare(scenario, taking, arena, options);
    for (let round = 0; round < options.rounds; round++) {
      for (const proxy of rotated(taking, round)) {
        const measurement = await measure(proxy);
        rounds.get(proxy.key)?.push(measurement);
        options.progress(`${scenario.id} round ${round + 1}: ${proxy.name}: ${describe(measurement)}`);
      }
    }
  } finally {
    await arena.close();
  }
  const { id, title, note, headline = 'cpu' } = scenario;
  return {
    id,
    title,
    ...(note !== undefined && { note }),
    headline,
    proxies: taking.map(({ key, name }) => ({ key, name, rounds: rounds.get(key) ?? [] })),
  };
}

/** Whether a proxy takes part; `waygate@main` does where `waygate` does. */
function takesPart({ proxies }: Scenario, { key }: Proxy): boolean {
  return proxies === undefined || proxies.includes(key.split('@', 1)[0] ?? key);
}

async function prepare(
  scenario: Scenario,
  proxies: readonly Proxy[],
  arena: Arena,
  { load, seconds, folder }: RunOptions,
): Promise<Measure> {
  const path = pathOnMiddleRoute(scenario.routes, scenario.request.path);
  if (scenario.kind === 'cold start') return (proxy) => measureColdStart(scenario, proxy, arena);
  if (scenario.kind === 'idle connections') {
    return async (proxy) => {
      const running = await arena.start(proxy, path);
      try {
        return await measureIdleConnections(scenario, running, folder);
      } finally {
        await running.process.stop();
      }
    };
  }
  const running = new Map<string, RunningProxy>();
  for (const proxy of proxies) running.set(proxy.key, await arena.start(proxy, path));
  const find = (proxy: Proxy) => {
    const found = running.get(proxy.key);
    if (found === undefined) throw new Error(`${proxy.name} does not run`);
    return found;
  };
  if (scenario.kind === 'closed loop')
    return (proxy) => measureClosedLoop(scenario, find(proxy), load, seconds);
  const rate =
    scenario.shareOfSlowest * (await slowestRate(scenario, [...running.values()], load, seconds.measured));
  return (proxy) => measureOpenLoop(scenario, find(proxy), load, Math.round(rate), seconds);
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const at = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

function describe({ values, void: reason }: Measurement): string {
  if (reason !== undefined) return `void, ${reason}`;
  return Object.entries(values)
    .map(([metric, value]) => `${metric} ${value.toPrecision(4)}`)
    .join(', ');
}
