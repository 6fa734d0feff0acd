import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { buildCommit, buildWorkingTree } from './build.ts';
import { compilePrograms } from './compile-programs.ts';
import { describeComparison, resolveCommit } from './compared-commit.ts';
import { comparisonVerdict } from './comparison.ts';
import { hottestFunctions, profileFlags } from './cpu-profile.ts';
import { expectedSeconds } from './duration.ts';
import type { Flags } from './flags.ts';
import { helpText, readFlags } from './flags.ts';
import { goalsMarkdown } from './goals.ts';
import { createLoadGenerator } from './load/run-load.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { waygate, waygateVariants } from './proxies/waygate.ts';
import type { Launch, Proxy } from './proxy.ts';
import { reportMarkdown } from './report.ts';
import type { Results, ScenarioResult } from './results.ts';
import { headOf, reasonOf, runScenario } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';
import { isComplete, selectProxies, selectScenarios, wantsWaygate } from './selection.ts';
import { smokeVerdict } from './smoke.ts';

const folder = join(import.meta.dirname, '.tmp');
const profiles = join(folder, 'profiles');
const resultsFile = join(import.meta.dirname, 'results.json');

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let flags;
  let scenarios;
  try {
    flags = readFlags(args);
    scenarios = selectScenarios(flags);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${helpText}`);
    return 2;
  }
  if (flags.help) {
    console.log(helpText);
    return 0;
  }
  if (flags.micro) return runMicro();
  if (availableParallelism() < 2) {
    console.error('The bench needs two cores: one for the proxies, one for the load.');
    return 1;
  }
  try {
    return await bench(flags, scenarios);
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

async function bench(flags: Flags, scenarios: readonly Scenario[]): Promise<number> {
  const own = wantsWaygate(flags) ? ownBuilds(flags.compare) : [];
  const proxies = selectProxies(flags, own, console.error);
  compilePrograms();
  const results = await runAll(scenarios, proxies, flags);
  console.log(`\n${reportMarkdown(results)}`);
  if (flags.json !== undefined) writeResults(flags.json, results);
  if (flags.profile !== undefined) console.log(hottestFunctions(profiles));
  if (flags.compare !== undefined) console.log(comparisonVerdict(results));
  if (flags.smoke) return smokeVerdict(results, console.log);
  if (isComplete(flags, proxies)) {
    console.log(goalsMarkdown(results));
    writeResults(resultsFile, results);
    const generate = join(import.meta.dirname, '../scripts/generate.ts');
    execFileSync(process.execPath, [generate], { stdio: 'inherit' });
  }
  return results.scenarios.some(({ failed }) => failed !== undefined) ? 1 : 0;
}

async function runAll(
  scenarios: readonly Scenario[],
  proxies: readonly Proxy[],
  flags: Flags,
): Promise<Results> {
  const { rounds, seconds, compare, profile } = flags;
  // Before anything else, because the working tree may change while it runs.
  const machine = describeMachine(proxies);
  const minutes = expectedSeconds(scenarios, proxies, rounds, seconds) / 60;
  console.error(`${count(scenarios, 'scenario')}, about ${Math.max(1, Math.ceil(minutes))} min.`);
  if (profile !== undefined) rmSync(profiles, { recursive: true, force: true });
  const results: ScenarioResult[] = [];
  const load = createLoadGenerator();
  for (const scenario of scenarios) {
    console.error(`\n${scenario.id}. ${scenario.title}`);
    const edit = (launch: Launch, { key }: Proxy): Launch =>
      key === profile ? withProfile(launch, scenario) : launch;
    const options = { rounds, seconds, folder: join(folder, 'run'), load, progress: console.error, edit };
    // One that cannot be run must not take the figures of the others with it.
    const result = await runScenario(scenario, proxies, options).catch((error: unknown) => ({
      ...headOf(scenario),
      proxies: [],
      failed: reasonOf(error),
    }));
    results.push(result);
  }
  const baseline = compare === undefined ? 'nginx' : `waygate@${compare}`;
  return { machine, baseline, rounds, seconds, scenarios: results };
}

function ownBuilds(compare: string | undefined): Proxy[] {
  // A name that means nothing is told before anything is compiled.
  const commit = compare === undefined ? undefined : resolveCommit(compare);
  const tree = { folder: join(folder, 'waygate'), version: describeCommit() };
  if (compare !== undefined && commit !== undefined) console.error(describeComparison(compare, commit));
  buildWorkingTree(tree.folder);
  const own = [waygate(tree), ...waygateVariants(tree)];
  if (compare === undefined || commit === undefined) return own;
  const base = { folder: join(folder, 'waygate-base'), version: commit.slice(0, 10) };
  buildCommit(commit, base.folder);
  return [waygate(base, { key: `waygate@${compare}`, name: `Waygate at ${compare}` }), ...own];
}

function withProfile(launch: Launch, { id }: Scenario): Launch {
  const [program, ...args] = launch.command;
  const into = join(profiles, id);
  mkdirSync(into, { recursive: true });
  return { ...launch, command: [program, ...profileFlags(into), ...args] };
}

function runMicro(): number {
  const all = join(import.meta.dirname, 'micro/all.ts');
  return spawnSync(process.execPath, [all], { stdio: 'inherit' }).status ?? 1;
}

function writeResults(file: string, results: Results): void {
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
}

function count(list: readonly unknown[], name: string): string {
  return `${list.length} ${name}${list.length === 1 ? '' : 's'}`;
}
