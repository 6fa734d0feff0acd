import type { PolicyCounter, PolicyGauge, PolicyMetrics, PolicyTimer } from '../core/policy.ts';
import type { Histogram } from './histogram.ts';
import type { Counter, MetricsRegistry } from './metrics.ts';
import type { SeriesSet } from './series-set.ts';

const prefix = 'waygate_policy_';

/** What counters of policies on every route are labelled with. */
const everyRoute = '(all)';

/** Upper bounds in seconds of what policies wait for: from a server on the same machine to the longest that anybody waits. */
const timerBounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** The counters that policies keep: `waygate_policy_<policy>_<name>_total{route="…"}`. */
export class PolicySeries {
  readonly #registry: MetricsRegistry;
  readonly #sets = new Map<string, SeriesSet<Counter>>();
  readonly #timers = new Map<string, SeriesSet<Histogram>>();
  readonly #gauges = new Map<string, SeriesSet<Counter>>();

  constructor(registry: MetricsRegistry) {
    this.#registry = registry;
  }

  /** The counters of one policy on one route; the same counter for the same names, over all reloads. */
  of(policyName: string, routeName: string): PolicyMetrics {
    const policy = policyName.replaceAll('-', '_');
    return {
      counter: (name, help, labels = {}): PolicyCounter => {
        const labelNames = Object.keys(labels);
        for (const word of [name, ...labelNames]) checkWord(word);
        const set = this.#set(`${prefix}${policy}_${name}_total`, help, ['route', ...labelNames]);
        return set.with(routeName === '' ? everyRoute : routeName, ...Object.values(labels));
      },
      gauge: (name, help): PolicyGauge => {
        checkWord(name);
        return this.#gauge(`${prefix}${policy}_${name}`, help).with(
          routeName === '' ? everyRoute : routeName,
        );
      },
      timer: (name, help): PolicyTimer => {
        checkWord(name);
        const series = this.#timer(`${prefix}${policy}_${name}_seconds`, help).with(
          routeName === '' ? everyRoute : routeName,
        );
        return {
          observe: (time) => {
            series.observe(time / 1000);
          },
        };
      },
    };
  }

  /** Drops the series of routes that are gone. */
  retain(keeps: (routeName: string) => boolean): void {
    // Counters that only other threads keep are none of the sets above.
    for (const set of this.#registry.startingWith(prefix))
      set.retain('route', (label) => label === everyRoute || keeps(label));
  }

  #timer(metricName: string, help: string): SeriesSet<Histogram> {
    let set = this.#timers.get(metricName);
    if (set === undefined)
      this.#timers.set(
        metricName,
        (set = this.#registry.histograms(metricName, help, ['route'], timerBounds)),
      );
    return set;
  }

  #gauge(metricName: string, help: string): SeriesSet<Counter> {
    let set = this.#gauges.get(metricName);
    if (set === undefined)
      this.#gauges.set(metricName, (set = this.#registry.gauges(metricName, help, ['route'])));
    return set;
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

function checkWord(word: string): void {
  if (!/^[a-z_]+$/.test(word))
    throw new TypeError(`The name of a metric or label is [a-z_]+, not ${JSON.stringify(word)}.`);
}
