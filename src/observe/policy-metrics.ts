import type { PolicyCounter, PolicyMetrics } from '../core/policy.ts';
import type { Counter, MetricsRegistry } from './metrics.ts';
import type { SeriesSet } from './series-set.ts';

const prefix = 'waygate_policy_';

/** What counters of policies on every route are labelled with. */
const everyRoute = '(all)';

/** The counters that policies keep: `waygate_policy_<policy>_<name>_total{route="…"}`. */
export class PolicySeries {
  readonly #registry: MetricsRegistry;
  readonly #sets = new Map<string, SeriesSet<Counter>>();

  constructor(registry: MetricsRegistry) {
    this.#registry = registry;
  }

  /** The counters of one policy on one route; the same counter for the same names, over all reloads. */
  of(policyName: string, routeName: string): PolicyMetrics {
    const policy = policyName.replaceAll('-', '_');
    return {
      counter: (name, help, labels = {}): PolicyCounter => {
        const labelNames = Object.keys(labels);
        for (const word of [name, ...labelNames])
          if (!/^[a-z_]+$/.test(word))
            throw new TypeError(`The name of a counter or label is [a-z_]+, not ${JSON.stringify(word)}.`);
        const set = this.#set(`${prefix}${policy}_${name}_total`, help, ['route', ...labelNames]);
        return set.with(routeName === '' ? everyRoute : routeName, ...Object.values(labels));
      },
    };
  }

  /** Drops the series of routes that are gone. */
  retain(keeps: (routeName: string) => boolean): void {
    // Counters that only other threads keep are none of the sets above.
    for (const set of this.#registry.startingWith(prefix))
      set.retain('route', (label) => label === everyRoute || keeps(label));
  }

  #set(metricName: string, help: string, labelNames: readonly string[]): SeriesSet<Counter> {
    let set = this.#sets.get(metricName);
    if (set === undefined)
      this.#sets.set(metricName, (set = this.#registry.counters(metricName, help, labelNames)));
    if (set.family.labelNames.join() !== labelNames.join())
      throw new TypeError(`${metricName} has the labels ${set.family.labelNames.join(', ')}.`);
    return set;
  }
}
