import {
  exposeFamily,
  type Labels,
  labelText,
  type MetricFamily,
  type MetricType,
  sampleLine,
} from './exposition.ts';
import { createBuckets, Histogram } from './histogram.ts';
import { SeriesSet } from './series-set.ts';

/** A number that only grows, in a typed array: adding to it never allocates. */
export class Counter {
  readonly #slots = new Float64Array(1);

  /** @param amount zero or more. */
  add(amount = 1): void {
    (this.#slots[0] as number) += amount;
  }

  get value(): number {
    return this.#slots[0] as number;
  }
}

/**
 * The metrics of one gateway, and their text for Prometheus. Metrics are declared when the gateway is made; series are
 * added when they are first needed, by names from the configuration or from closed lists.
 */
export class MetricsRegistry {
  readonly #families = new Map<string, MetricFamily>();

  /** Declares a counter without labels. */
  counter(name: string, help: string): Counter {
    const counter = new Counter();
    this.#declare(name, 'counter', help, () => sampleLine(name, '', counter.value));
    return counter;
  }

  /** Declares a counter with labels. */
  counters(name: string, help: string, labelNames: readonly string[]): SeriesSet<Counter> {
    const set = new SeriesSet(labelNames, () => new Counter());
    this.#declare(name, 'counter', help, () => {
      let text = '';
      for (const { labels, series } of set.entries()) text += sampleLine(name, labels, series.value);
      return text;
    });
    return set;
  }

  /**
   * Declares a histogram with labels.
   * @param bounds the upper bounds of the buckets, ascending, without the infinite last one.
   */
  histograms(
    name: string,
    help: string,
    labelNames: readonly string[],
    bounds: readonly number[],
  ): SeriesSet<Histogram> {
    const buckets = createBuckets(bounds);
    const set = new SeriesSet(labelNames, () => new Histogram(buckets));
    this.#declare(name, 'histogram', help, () => {
      let text = '';
      for (const { labels, series } of set.entries()) text += series.lines(name, labels);
      return text;
    });
    return set;
  }

  /** Declares a metric whose value is asked for when somebody looks; undefined where there is none at the moment. */
  read(type: 'gauge' | 'counter', name: string, help: string, value: () => number | undefined): void {
    this.#declare(name, type, help, () => {
      const now = value();
      return now === undefined ? '' : sampleLine(name, '', now);
    });
  }

  /** Declares a gauge that is always 1 and says something in its labels. */
  info(name: string, help: string, labels: () => Labels | undefined): void {
    this.#declare(name, 'gauge', help, () => {
      const now = labels();
      return now === undefined ? '' : sampleLine(name, labelText(now), 1);
    });
  }

  /** Name, type and help of every metric, in the order of declaration. */
  families(): Iterable<Pick<MetricFamily, 'name' | 'type' | 'help'>> {
    return this.#families.values();
  }

  /** Everything in Prometheus's text format, version 0.0.4. */
  expose(): string {
    let text = '';
    for (const family of this.#families.values()) text += exposeFamily(family);
    return text;
  }

  #declare(name: string, type: MetricType, help: string, lines: () => string): void {
    if (this.#families.has(name)) throw new TypeError(`The metric ${name} is declared twice.`);
    this.#families.set(name, { name, type, help, lines });
  }
}
