import { metrics } from './measurement.ts';
import type { Results, ScenarioResult } from './results.ts';
import { ratiosOf, summaryOf } from './results.ts';
import { ratioInterval } from './statistics.ts';

/** Says for each scenario whether the working tree differs from the commit it is compared with by more than noise. */
export function comparisonVerdict({ scenarios, baseline }: Results): string {
  return scenarios.map((scenario) => sentence(scenario, baseline)).join('\n');
}

function sentence(scenario: ScenarioResult, baseline: string): string {
  const { id, headline, proxies } = scenario;
  const own = proxies.find(({ key }) => key === 'waygate');
  const ratios = own === undefined ? [] : ratiosOf(scenario, baseline, own);
  const interval = ratioInterval(ratios);
  const base = baseline.slice(baseline.indexOf('@') + 1);
  if (interval === undefined) {
    return `Scenario ${id}: no verdict, because ${ratios.length} rounds count for both builds and it takes two.`;
  }
  const { title, better } = metrics[headline];
  const { ratio, low, high } = interval;
  const change = `${title} ${signed(ratio)} against ${base}`;
  const range = `95 % sure to lie between ${signed(low)} and ${signed(high)}, from ${ratios.length} rounds${witness(scenario)}`;
  if (low <= 1 && high >= 1) return `Scenario ${id}: no difference beyond noise. ${change}; ${range}.`;
  const isBetter = ratio < 1 === (better === 'less');
  return `Scenario ${id}: ${isBetter ? 'BETTER' : 'WORSE'}, beyond noise. ${change}; ${range}.`;
}

/** How much nginx, which is the same in all rounds, differed between them: what the machine does. */
function witness({ proxies, headline }: ScenarioResult): string {
  const nginx = proxies.find(({ key }) => key === 'nginx');
  const summary = nginx === undefined ? undefined : summaryOf(nginx, headline);
  if (summary === undefined) return '';
  const { min, max, median } = summary;
  return `; nginx itself varied between ${signed(min / median)} and ${signed(max / median)}`;
}

function signed(ratio: number): string {
  const percent = (ratio - 1) * 100;
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(1)} %`;
}
