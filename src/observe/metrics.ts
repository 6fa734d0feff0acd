import { exposeFamily, type Labels, type MetricFamily, type MetricType, type Sample } from './exposition.ts';

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

/** Counts values by size. Slot 0 of its array is the sum; the next ones count the values of each bucket. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #slots: Float64Array;

  /** @param bounds the upper bounds of the buckets, ascending, without the infinite last one. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#slots = new Float64Array(bounds.length + 2);
  }

  /** Takes one value; what is not a number, or negative as after a clock's jump, counts as zero. */
  observe(value: number): void {
    const bounds = this.#bounds;
    const amount = value > 0 ? value : 0;
    let bucket = 0;
    while (bucket < bounds.length && amount > (bounds[bucket] as number)) bucket++;
    const slots = this.#slots;
    (slots[0] as number) += amount;
    (slots[bucket + 1] as number) += 1;
  }

  /** The samples of the exposition: cumulative buckets, sum and count. */
  *samples(labels: Labels): Generator<Sample> {
    let count = 0;
    for (let i = 0; i <= this.#bounds.length; i++) {
      count += this.#slots[i + 1] as number;
      yield {
        suffix: '_bucket',
        labels: [...labels, ['le', String(this.#bounds[i] ?? '+Inf')]],
        value: count,
      };
    }
    yield { suffix: '_sum', labels, value: this.#slots[0] as number };
    yield { suffix: '_count', labels, value: count };
  }
}

interface Entry<Series> {
  readonly labels: Labels;
  readonly series: Series;
}

/** A step of the way from label values to a series: look-ups build no key. */
interface Node<Series> {
  readonly next: Map<string, Node<Series>>;
  entry: Entry<Series> | undefined;
}

/** The series of one metric, by the values of its labels, which come from the configuration or from closed lists. */
export class SeriesSet<Series> {
  readonly #labelNames: readonly string[];
  readonly #create: () => Series;
  #root: Node<Series> = { next: new Map(), entry: undefined };
  #entries: Entry<Series>[] = [];

  constructor(labelNames: readonly string[], create: () => Series) {
    this.#labelNames = labelNames;
    this.#create = create;
  }

  /** The series with these label values, in the order of the label names; made when there is none. */
  with(...values: readonly string[]): Series {
    const node = this.#nodeOf(values);
    if (node.entry !== undefined) return node.entry.series;
    const labels = this.#labelNames.map((name, i) => [name, values[i] ?? ''] as const);
    node.entry = { labels, series: this.#create() };
    this.#entries.push(node.entry);
    return node.entry.series;
  }

  /** Drops the series whose label of that name has a value that the predicate refuses. Handles to them go on, unseen. */
  retain(labelName: string, keeps: (value: string) => boolean): void {
    const kept = this.#entries.filter(({ labels }) =>
      labels.every(([name, value]) => name !== labelName || keeps(value)),
    );
    if (kept.length === this.#entries.length) return;
    this.#entries = kept;
    this.#root = { next: new Map(), entry: undefined };
    for (const entry of kept) this.#nodeOf(entry.labels.map(([, value]) => value)).entry = entry;
  }

  entries(): readonly Entry<Series>[] {
    return this.#entries;
  }

  #nodeOf(values: readonly string[]): Node<Series> {
    let node = this.#root;
    for (const value of values) {
      let next = node.next.get(value);
      if (next === undefined) node.next.set(value, (next = { next: new Map(), entry: undefined }));
      node = next;
    }
    return node;
  }
}

/**
 * The metrics of one gateway, and their text for Prometheus. Metrics are declared when the gateway is made; series are
 * added at load, when names of routes and upstreams are known.
 */
export class MetricsRegistry {
  readonly #families = new Map<string, MetricFamily>();

  /** Declares a counter without labels. */
  counter(name: string, help: string): Counter {
    const counter = new Counter();
    this.#declare(name, 'counter', help, () => [{ suffix: '', labels: [], value: counter.value }]);
    return counter;
  }

  /** Declares a counter with labels. */
  counters(name: string, help: string, labelNames: readonly string[]): SeriesSet<Counter> {
    const set = new SeriesSet(labelNames, () => new Counter());
    this.#declare(name, 'counter', help, function* () {
      for (const { labels, series } of set.entries()) yield { suffix: '', labels, value: series.value };
    });
    return set;
  }

  /** Declares a histogram with labels. */
  histograms(
    name: string,
    help: string,
    labelNames: readonly string[],
    bounds: readonly number[],
  ): SeriesSet<Histogram> {
    const set = new SeriesSet(labelNames, () => new Histogram(bounds));
    this.#declare(name, 'histogram', help, function* () {
      for (const { labels, series } of set.entries()) yield* series.samples(labels);
    });
    return set;
  }

  /** Declares a metric whose value is asked for when somebody looks; undefined where there is none at the moment. */
  read(type: 'gauge' | 'counter', name: string, help: string, value: () => number | undefined): void {
    this.#declare(name, type, help, () => {
      const now = value();
      return now === undefined ? [] : [{ suffix: '', labels: [], value: now }];
    });
  }

  /** Declares a gauge that is always 1 and says something in its labels. */
  info(name: string, help: string, labels: () => Labels | undefined): void {
    this.#declare(name, 'gauge', help, () => {
      const now = labels();
      return now === undefined ? [] : [{ suffix: '', labels: now, value: 1 }];
    });
  }

  /** Whether a metric of that name has been declared. */
  has(name: string): boolean {
    return this.#families.has(name);
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

  #declare(name: string, type: MetricType, help: string, samples: () => Iterable<Sample>): void {
    if (this.#families.has(name)) throw new TypeError(`The metric ${name} is declared twice.`);
    this.#families.set(name, { name, type, help, samples });
  }
}
