import type { Metric } from './measurement.ts';
import { metrics } from './measurement.ts';
import type { ProxyResult, Results, ScenarioResult } from './results.ts';
import { ratioOf, summaryOf } from './results.ts';
import type { Summary } from './statistics.ts';

/** The results as Markdown: where they come from, then a table for each scenario. */
export function reportMarkdown(results: Results): string {
  return [
    machineMarkdown(results),
    ...results.scenarios.map((each) => scenarioMarkdown(each, results.baseline)),
  ].join('\n');
}

function machineMarkdown({ machine, rounds, seconds }: Results): string {
  const { date, cpu, cores, memory, system, commit, versions } = machine;
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Measured on ${date} at commit \`${commit}\`, on ${cores} cores of ${cpu} with ${memory} GiB, ${system}.
${list.join('; ')}. Medians of ${rounds} rounds of ${seconds} s each, with the smallest and the largest in brackets.
`;
}

function scenarioMarkdown(scenario: ScenarioResult, baseline: string): string {
  const { id, title, note, headline, proxies } = scenario;
  const columns = (Object.keys(metrics) as Metric[]).filter(
    (metric) => isShown(metric, headline) && proxies.some((proxy) => summaryOf(proxy, metric) !== undefined),
  );
  const ordered = [headline, ...columns.filter((metric) => metric !== headline)];
  const baseName = proxies.find(({ key }) => key === baseline)?.name ?? baseline;
  const head = ['proxy', `${metrics[headline].title}, ${baseName} = 1`, ...ordered.map(heading)];
  const rows = proxies.map((proxy) => row(scenario, baseline, proxy, ordered));
  return `### ${id}. ${title}
${note === undefined ? '' : `\n${note}\n`}
| ${head.join(' | ')} |
|${head.map((_, column) => (column === 0 ? '---' : '--:')).join('|')}|
${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}
`;
}

/** Megabytes are for scenarios about them, and latency under full load says little about bulk. */
function isShown(metric: Metric, headline: Metric): boolean {
  if (metric === 'perCpuSecond') return headline === metric;
  return true;
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
  const voids = proxy.rounds.filter((round) => round.void !== undefined);
  const name =
    voids.length === 0
      ? proxy.name
      : `${proxy.name} (${voids.length} of ${proxy.rounds.length} rounds void: ${voids[0]?.void ?? ''})`;
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
