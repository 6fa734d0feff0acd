import { join } from 'node:path';
import type { Arena, RunningProxy } from './arena.ts';
import { openArena } from './arena.ts';
import type { Cores } from './cores.ts';
import { coresOf } from './cores.ts';
import { firstWarmUp, roundsOf, roundWarmUp } from './duration.ts';
import type { Load, LoadGenerator } from './load/run-load.ts';
import { measureClosedLoop } from './measure/closed-loop.ts';
import { measureColdStart } from './measure/cold-start.ts';
import { measureIdleConnections } from './measure/idle-connections.ts';
import { measureOpenLoop, slowestRate } from './measure/open-loop.ts';
import { orderOf } from './measure/order-of.ts';
import type { Measurement } from './measurement.ts';
import type { Launch, Proxy } from './proxy.ts';
import type { ScenarioResult } from './results.ts';
import { pathOnMiddleRoute } from './routes.ts';
import type { ClosedLoop, OpenLoop, Scenario } from './scenario.ts';
import { takesPart } from './scenario.ts';

/** How scenarios are run. */
export interface RunOptions {
  readonly rounds: number;
  /** Seconds that a proxy is loaded for in a round. */
  readonly seconds: number;
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
  const { routes, observed = false, policies, redis = false } = scenario;
  const cores = coresOf(scenario);
  const arena = await openArena(
    join(options.folder, scenario.id),
    { routes, observed, policies, cores, redis },
    options.edit,
  );
  const rounds = new Map<string, Measurement[]>(taking.map(({ key }) => [key, []]));
  try {
    const measure = await prepare(scenario, taking, arena, cores, options);
    for (let round = 0; round < roundsOf(scenario, options.rounds); round++) {
      for (const proxy of rotated(taking, round)) {
        const measurement = await measure(proxy);
        rounds.get(proxy.key)?.push(measurement);
        options.progress(`${scenario.id} round ${round + 1}: ${proxy.name}: ${describe(measurement)}`);
      }
    }
  } finally {
    await arena.close();
  }
  return {
    ...headOf(scenario),
    proxies: taking.map(({ key, name, runsOnNode }) => ({
      key,
      name,
      runsOnNode,
      rounds: rounds.get(key) ?? [],
    })),
  };
}

/** What a result says of its scenario. */
export function headOf({ id, title, note, headline = 'cpu' }: Scenario): Omit<ScenarioResult, 'proxies'> {
  return { id, title, ...(note !== undefined && { note }), headline };
}

async function prepare(
  scenario: Scenario,
  proxies: readonly Proxy[],
  arena: Arena,
  cores: Cores,
  options: RunOptions,
): Promise<Measure> {
  const { routes, request } = scenario;
  const path = pathOnMiddleRoute(routes, request.path);
  const start = (proxy: Proxy): Promise<RunningProxy> => arena.start(proxy, path, request.headers);
  if (scenario.kind === 'cold start') return (proxy) => measureColdStart(scenario, proxy, arena);
  if (scenario.kind === 'idle connections') {
    return async (proxy) => {
      let running;
      try {
        running = await start(proxy);
      } catch (error) {
        return { values: {}, void: reasonOf(error) };
      }
      try {
        return await measureIdleConnections(scenario, running, options.folder, cores.load);
      } finally {
        await running.process.stop();
      }
    };
  }
  const load: Load = (order) => options.load(order, cores.load);
  return prepareLoop(scenario, await startAll(proxies, start), load, options);
}

/** Starts every proxy; one that does not start is void in every round, and the others go on. */
async function startAll(
  proxies: readonly Proxy[],
  start: (proxy: Proxy) => Promise<RunningProxy>,
): Promise<ReadonlyMap<string, RunningProxy | string>> {
  const running = new Map<string, RunningProxy | string>();
  for (const proxy of proxies) {
    running.set(proxy.key, await start(proxy).catch(reasonOf));
  }
  return running;
}

async function prepareLoop(
  scenario: ClosedLoop | OpenLoop,
  running: ReadonlyMap<string, RunningProxy | string>,
  load: Load,
  { seconds, progress }: RunOptions,
): Promise<Measure> {
  const started = [...running.values()].filter((each) => typeof each !== 'string');
  for (const { proxy, port } of started) {
    progress(`${scenario.id} warm-up: ${proxy.name}`);
    await load({ ...orderOf(scenario, port), seconds: firstWarmUp(proxy, seconds) });
  }
  const rate =
    scenario.kind === 'open loop'
      ? Math.round(scenario.shareOfSlowest * (await slowestRate(scenario, started, load, seconds)))
      : undefined;
  if (rate !== undefined) progress(`${scenario.id}: ${rate} requests a second`);
  return async (proxy) => {
    const found = running.get(proxy.key) ?? 'it was not started';
    if (typeof found === 'string') return { values: {}, void: found };
    if (scenario.kind === 'open loop') return measureOpenLoop(scenario, found, load, rate ?? 1, seconds);
    await load({ ...orderOf(scenario, found.port), seconds: roundWarmUp });
    return measureClosedLoop(scenario, found, load, seconds);
  };
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const at = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

/** An error as one line of a table. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(/\s+/g, ' ').trim().slice(0, 300);
}

function describe({ values, void: reason }: Measurement): string {
  if (reason !== undefined) return `void, ${reason}`;
  return Object.entries(values)
    .map(([metric, value]) => `${metric} ${value.toPrecision(4)}`)
    .join(', ');
}
