import type { Machine } from './machine.ts';
import { metrics } from './measurement.ts';
import type { Measurement, Metric } from './measurement.ts';
import type { Summary } from './statistics.ts';
import { summarize } from './statistics.ts';

/** What one proxy did in all rounds of a scenario. */
export interface ProxyResult {
  readonly key: string;
  readonly name: string;
  readonly runsOnNode: boolean;
  /** One a round, in order. */
  readonly rounds: readonly Measurement[];
}

/** What came of one scenario. */
export interface ScenarioResult {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  readonly headline: Metric;
  readonly proxies: readonly ProxyResult[];
  /** Why it could not be run at all. */
  readonly failed?: string;
}

/** What came of a run of the bench. */
export interface Results {
  readonly machine: Machine;
  /** The key of the proxy that the others are measured by. */
  readonly baseline: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly scenarios: readonly ScenarioResult[];
}

/** One metric of a proxy over the rounds that count; undefined when there is none. */
export function summaryOf({ rounds }: ProxyResult, metric: Metric): Summary | undefined {
  return summarize(rounds.flatMap(({ values }) => values[metric] ?? []));
}

/** A proxy's headline as a ratio to the baseline's in the same round; undefined where one of the two has none. */
export function ratioOf(scenario: ScenarioResult, baseline: string, proxy: ProxyResult): Summary | undefined {
  return summarize(ratiosOf(scenario, baseline, proxy));
}

/** The same for each round that counts for both. */
export function ratiosOf(scenario: ScenarioResult, baseline: string, proxy: ProxyResult): number[] {
  return pairsOf(scenario, baseline, proxy).flatMap(([own, others]) => (others === 0 ? [] : own / others));
}

/** By how much a proxy's headline is more than the baseline's in the same round; undefined where one of the two has none. */
export function differenceTo(
  scenario: ScenarioResult,
  baseline: string,
  proxy: ProxyResult,
): Summary | undefined {
  return summarize(pairsOf(scenario, baseline, proxy).map(([own, others]) => own - others));
}

/** The headlines of a proxy and of the baseline in each round that counts for both. */
function pairsOf(
  scenario: ScenarioResult,
  baseline: string,
  proxy: ProxyResult,
): (readonly [own: number, others: number])[] {
  const base = scenario.proxies.find(({ key }) => key === baseline);
  return proxy.rounds.flatMap(({ values }, round) => {
    const own = values[scenario.headline];
    const others = base?.rounds[round]?.values[scenario.headline];
    return own === undefined || others === undefined ? [] : [[own, others] as const];
  });
}

/**
 * The Node proxies that are ahead of Waygate in a scenario, by its headline in the same round; undefined when there is none to
 * compare with.
 */
export function nodeProxiesAhead(scenario: ScenarioResult): readonly ProxyResult[] | undefined {
  const own = scenario.proxies.find(({ key }) => key === 'waygate');
  if (own === undefined || summaryOf(own, scenario.headline) === undefined) return undefined;
  const compared = scenario.proxies.flatMap((proxy) => {
    if (!proxy.runsOnNode || proxy.key.startsWith('waygate')) return [];
    const ratio = ratioOf(scenario, 'waygate', proxy)?.median;
    return ratio === undefined ? [] : [{ proxy, ratio }];
  });
  if (compared.length === 0) return undefined;
  const { better } = metrics[scenario.headline];
  return compared
    .filter(({ ratio }) => (better === 'less' ? ratio < 1 : ratio > 1))
    .map(({ proxy }) => proxy);
}
