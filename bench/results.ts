import type { Machine } from './machine.ts';
import type { Measurement, Metric } from './measurement.ts';
import type { Summary } from './statistics.ts';
import { summarize } from './statistics.ts';

/** What one proxy did in all rounds of a scenario. */
export interface ProxyResult {
  readonly key: string;
  readonly name: string;
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
  const base = scenario.proxies.find(({ key }) => key === baseline);
  const ratios = proxy.rounds.flatMap(({ values }, round) => {
    const own = values[scenario.headline];
    const others = base?.rounds[round]?.values[scenario.headline];
    return own === undefined || others === undefined || others === 0 ? [] : own / others;
  });
  return summarize(ratios);
}
