import type { Metric } from './measurement.ts';
import { metrics } from './measurement.ts';
import type { ProxyResult, Results, ScenarioResult } from './results.ts';
import { ratioOf, summaryOf } from './results.ts';
import type { Summary } from './statistics.ts';

/** The results as Markdown: where they come from, a table for each scenario, and what does not count. */
export function reportMarkdown(results: Results): string {
  return [
    machineMarkdown(results),
    ...results.scenarios.map((each) => scenarioMarkdown(each, results.baseline)),
    voidsMarkdown(results),
  ].join('\n');
}

/** On which machine, with what, when and how long. */
export function machineMarkdown({ machine, rounds, seconds }: Results): string {
  const { date, cpu, cores, memory, system, commit, versions } = machine;
  const list = Object.entries(versions).map(([name, version]) => `| ${name} | ${version} |`);
  return `Measured on ${date} at commit \`${commit}\`, on ${cores} cores of ${cpu} with ${memory} GiB, ${system}, in ${rounds} rounds of ${seconds} s for each proxy.

| program | version |
|---|---|
${list.join('\n')}
`;
}

/** One scenario as a table. */
export function scenarioMarkdown(scenario: ScenarioResult, baseline: string): string {
  const { id, title, note, headline, proxies, failed } = scenario;
  const head = `### ${id}. ${title}\n${note === undefined ? '' : `\n${note}\n`}`;
  if (failed !== undefined) return `${head}\nCould not be run: ${failed}\n`;
  const columns = (Object.keys(metrics) as Metric[]).filter(
    (metric) => isShown(metric, headline) && proxies.some((proxy) => summaryOf(proxy, metric) !== undefined),
  );
  const ordered = [headline, ...columns.filter((metric) => metric !== headline)];
  const baseName = proxies.find(({ key }) => key === baseline)?.name ?? baseline;
  const titles = ['proxy', `${metrics[headline].title}, ${baseName} = 1`, ...ordered.map(heading)];
  const rows = proxies.map((proxy) => row(scenario, baseline, proxy, ordered));
  return `${head}
| ${titles.join(' | ')} |
|${titles.map((_, column) => (column === 0 ? '---' : '--:')).join('|')}|
${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}
`;
}

/** Every round that does not count, with the reason. */
export function voidsMarkdown({ scenarios }: Results): string {
  const lines = scenarios.flatMap((scenario) => [
    ...(scenario.failed === undefined
      ? []
      : [`- Scenario ${scenario.id} could not be run: ${scenario.failed}`]),
    ...scenario.proxies.flatMap((proxy) => voidLine(scenario, proxy)),
  ]);
  return `### What does not count\n\n${lines.length === 0 ? 'Nothing: no round had an error.' : lines.join('\n')}\n`;
}

function voidLine({ id }: ScenarioResult, { name, rounds }: ProxyResult): string[] {
  const reasons = rounds.flatMap((round) => round.void ?? []);
  const [first] = reasons;
  return first === undefined
    ? []
    : [`- Scenario ${id}, ${name}: ${reasons.length} of ${rounds.length} rounds. ${first}.`];
}

/** Megabytes are for scenarios about them. */
function isShown(metric: Metric, headline: Metric): boolean {
  return metric !== 'perCpuSecond' || headline === metric;
}

function heading(metric: Metric): string {
  const { title, unit } = metrics[metric];
  return unit.startsWith('/') ? `${title}${unit}` : `${title}, ${unit}`;
}

function row(
  scenario: ScenarioResult,
  baseline: string,
  proxy: ProxyResult,
  columns: readonly Metric[],
): string[] {
  const ratio = ratioOf(scenario, baseline, proxy);
  const cells = columns.map((metric) =>
    withSpread(summaryOf(proxy, metric), metrics[metric].digits, metric === scenario.headline),
  );
  const missing = proxy.rounds.filter((round) => round.void !== undefined).length;
  const name =
    missing === 0
      ? proxy.name
      : `${proxy.name} (${proxy.rounds.length - missing} of ${proxy.rounds.length} rounds)`;
  return [name, ratio === undefined ? '' : `**${withSpread(ratio, 2, false)}**${spread(ratio, 2)}`, ...cells];
}

function withSpread(summary: Summary | undefined, digits: number, showSpread: boolean): string {
  if (summary === undefined) return '';
  return `${grouped(summary.median, digits)}${showSpread ? spread(summary, digits) : ''}`;
}

function spread({ min, max }: Summary, digits: number): string {
  return ` (${grouped(min, digits)}–${grouped(max, digits)})`;
}

function grouped(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
