import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { buildCommit, buildWorkingTree } from './build.ts';
import { hottestFunctions, profileFlags } from './cpu-profile.ts';
import { missingProgram } from './debian.ts';
import type { Flags } from './flags.ts';
import { helpText, readFlags } from './flags.ts';
import { createLoadGenerator } from './load/run-load.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { rivals } from './proxies/all.ts';
import { waygate } from './proxies/waygate.ts';
import type { Launch, Proxy } from './proxy.ts';
import { reportMarkdown } from './report.ts';
import type { Results, ScenarioResult } from './results.ts';
import { runScenario } from './run-scenario.ts';
import { scenarios as allScenarios } from './scenarios/all.ts';
import type { Scenario } from './scenario.ts';
import { smokeVerdict } from './smoke.ts';

const folder = join(import.meta.dirname, '.tmp');
const resultsFile = join(import.meta.dirname, 'results.json');

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let flags;
  try {
    flags = readFlags(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${helpText}`);
    return 2;
  }
  if (flags.help) {
    console.log(helpText);
    return 0;
  }
  if (availableParallelism() < 2) {
    console.error('The bench needs two cores: one for the proxies, one for the load.');
    return 1;
  }
  try {
    return await bench(flags);
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

async function bench(flags: Flags): Promise<number> {
  const scenarios = selectScenarios(flags);
  const proxies = selectProxies(flags);
  if (scenarios.length === 0 || proxies.length === 0) {
    console.error(`Nothing is left to measure.\n\n${helpText}`);
    return 2;
  }
  const results = await runAll(scenarios, proxies, flags);
  const report = reportMarkdown(results);
  console.log(`\n${report}`);
  if (flags.profile !== undefined) console.log(hottestFunctions(profileFolder()));
  if (flags.smoke) return smokeVerdict(results, console.log);
  if (isComplete(flags, proxies)) {
    writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
    execFileSync(process.execPath, [join(import.meta.dirname, '../scripts/generate.ts')], {
      stdio: 'inherit',
    });
  }
  return 0;
}

async function runAll(
  scenarios: readonly Scenario[],
  proxies: readonly Proxy[],
  flags: Flags,
): Promise<Results> {
  const { rounds, seconds, compare, profile } = flags;
  // Before anything else, because the working tree may change while it runs.
  const machine = describeMachine(proxies);
  const results: ScenarioResult[] = [];
  const options = {
    rounds,
    seconds: { warmUp: Math.min(2, seconds), measured: seconds },
    folder: join(folder, 'run'),
    load: createLoadGenerator(),
    progress: console.error,
    edit: (launch: Launch, { key }: Proxy) => (key === profile ? withProfile(launch) : launch),
  };
  for (const scenario of scenarios) {
    console.error(`\n${scenario.id}. ${scenario.title}`);
    results.push(await runScenario(scenario, proxies, options));
  }
  return {
    machine,
    baseline: compare === undefined ? 'nginx' : `waygate@${compare}`,
    rounds,
    seconds,
    scenarios: results,
  };
}

function selectScenarios({ only, smoke, profile }: Flags): readonly Scenario[] {
  const wanted = only.length === 0 && (smoke || profile !== undefined) ? ['1'] : only;
  if (wanted.length === 0) return allScenarios;
  return allScenarios.filter(({ id }) =>
    wanted.some((number) => id === number || id.replace(/[a-z]$/, '') === number),
  );
}

function selectProxies({ proxies, compare, profile, smoke }: Flags): Proxy[] {
  const wanted = proxies.length > 0 ? proxies : defaultProxies(compare, profile, smoke);
  const selected: Proxy[] = [];
  for (const proxy of rivals) {
    if (wanted !== undefined && !wanted.includes(proxy.key)) continue;
    const missing = proxy.missing?.();
    if (missing === undefined) selected.push(proxy);
    else console.error(`${proxy.name} is left out: ${missing}`);
  }
  const wrk = missingProgram('wrk');
  if (wrk !== undefined) console.error(`A slower Node program makes the load: ${wrk}`);
  if (wanted === undefined || wanted.includes('waygate')) {
    // Behind the yardstick, so that tables begin with the two.
    selected.splice(selected[0]?.key === 'nginx' ? 1 : 0, 0, ...ownBuilds(compare));
  }
  return selected;
}

/** Undefined is all. */
function defaultProxies(
  compare: string | undefined,
  profile: string | undefined,
  smoke: boolean,
): string[] | undefined {
  if (profile !== undefined) return [profile];
  if (smoke) return ['nginx', 'waygate', 'fastify'];
  if (compare !== undefined) return ['nginx', 'waygate'];
  return undefined;
}

function ownBuilds(compare: string | undefined): Proxy[] {
  const tree = join(folder, 'waygate');
  buildWorkingTree(tree);
  const own = waygate('waygate', 'Waygate', tree, describeCommit());
  if (compare === undefined) return [own];
  const base = join(folder, 'waygate-base');
  buildCommit(compare, base);
  return [waygate(`waygate@${compare}`, `Waygate at ${compare}`, base, compare), own];
}

function withProfile(launch: Launch): Launch {
  const [program, ...args] = launch.command;
  rmSync(profileFolder(), { recursive: true, force: true });
  mkdirSync(profileFolder(), { recursive: true });
  return { ...launch, command: [program, ...profileFlags(profileFolder()), ...args] };
}

function profileFolder(): string {
  return join(folder, 'profiles');
}

/** Whether a run is one whose figures may be published. */
function isComplete({ only, compare, profile, smoke }: Flags, proxies: readonly Proxy[]): boolean {
  return (
    only.length === 0 &&
    compare === undefined &&
    profile === undefined &&
    !smoke &&
    proxies.length > rivals.length
  );
}
