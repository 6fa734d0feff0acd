import { exposeFamily, type Labels, labelText, sampleLine } from './exposition.ts';
import { bucketLabels, Histogram, histogramLines, histogramSlots } from './histogram.ts';
import { type Family, ownSlots, type Slots, type SlotSource } from './series.ts';
import { SeriesSet } from './series-set.ts';

/** A number in a typed array: adding to it never allocates. Of a counter it only grows. */
export class Counter {
  readonly slots: Slots;

  constructor(slots: Slots) {
    this.slots = slots;
  }

  /** @param amount zero or more; of a gauge, anything. */
  add(amount = 1): void {
    (this.slots[0] as number) += amount;
  }

  get value(): number {
    return this.slots[0] as number;
  }
}

/** A metric as the registry keeps it. */
interface Declared {
  readonly family: Family;
  /** Absent where the value is asked for, and of no thread in particular. */
  readonly set: SeriesSet<{ readonly slots: Slots }> | undefined;
  /** The lines of its series, each with its line feed. */
  readonly lines: () => string;
}

/**
 * The metrics of one gateway, and their text for Prometheus. Metrics are declared when the gateway is made; series are
 * added when they are first needed, by names from the configuration or from closed lists.
 */
export class MetricsRegistry {
  readonly #slots: SlotSource;
  readonly #declared = new Map<string, Declared>();
  readonly #samples: (() => void)[] = [];
  #update: () => void = () => {};

  /** @param slots where numbers are kept; in this thread when left out. */
  constructor(slots: SlotSource = ownSlots) {
    this.#slots = slots;
  }

  /** Declares a counter without labels. */
  counter(name: string, help: string): Counter {
    return this.counters(name, help, []).with();
  }

  /** Declares a counter with labels. */
  counters(name: string, help: string, labelNames: readonly string[]): SeriesSet<Counter> {
    return this.#numbers({ name, type: 'counter', help, labelNames, bounds: [], rule: 'sum' });
  }

  /** Declares a gauge that goes up and down; of several threads it is the sum. */
  gauge(name: string, help: string): Counter {
    return this.gauges(name, help, []).with();
  }

  /** Declares a gauge with labels. */
  gauges(name: string, help: string, labelNames: readonly string[]): SeriesSet<Counter> {
    return this.#numbers({ name, type: 'gauge', help, labelNames, bounds: [], rule: 'sum' });
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
    return this.#histograms({ name, type: 'histogram', help, labelNames, bounds, rule: 'sum' });
  }

  /**
   * Declares a metric that every thread has a value of, which is asked for when somebody looks.
   * @param rule what becomes of the values of several threads.
   */
  sample(
    type: 'gauge' | 'counter',
    rule: 'sum' | 'max',
    name: string,
    help: string,
    value: () => number,
  ): void {
    const { slots } = this.#numbers({ name, type, help, labelNames: [], bounds: [], rule }).with();
    this.#samples.push(() => (slots[0] = value()));
  }

  /** Declares a metric of the whole process, whose value is asked for when somebody looks; undefined where there is none. */
  read(type: 'gauge' | 'counter', name: string, help: string, value: () => number | undefined): void {
    this.#declare({ name, type, help, labelNames: [], bounds: [], rule: 'sum' }, undefined, () => {
      const now = value();
      return now === undefined ? '' : sampleLine(name, '', now);
    });
  }

  /** Declares a gauge that is always 1 and says something in its labels. */
  info(name: string, help: string, labels: () => Labels | undefined): void {
    this.#declare({ name, type: 'gauge', help, labelNames: [], bounds: [], rule: 'sum' }, undefined, () => {
      const now = labels();
      return now === undefined ? '' : sampleLine(name, labelText(now), 1);
    });
  }

  /** The series of each metric whose name begins so. */
  *startingWith(prefix: string): Iterable<SeriesSet<{ readonly slots: Slots }>> {
    for (const [name, { set }] of this.#declared) if (name.startsWith(prefix) && set !== undefined) yield set;
  }

  /** Name, type and help of every metric, in the order of declaration. */
  *families(): Iterable<Family> {
    for (const { family } of this.#declared.values()) yield family;
  }

  /** Calls this before anybody looks, so that series of other threads are as they tell. */
  beforeLook(update: () => void): void {
    this.#update = update;
  }

  /** Asks for everything that was declared with {@link sample}, so that another thread finds it. */
  takeSamples(): void {
    for (const take of this.#samples) take();
  }

  /** The value of a metric without labels, over all threads. */
  total(name: string): number {
    this.#update();
    const set = this.#declared.get(name)?.set;
    const [entry] = set?.entries() ?? [];
    return entry === undefined ? 0 : (set?.total(entry)[0] ?? 0);
  }

  /** The series of a metric that another thread counts; declared here as it is there. */
  shared(family: Family): SeriesSet<{ readonly slots: Slots }> {
    const known = this.#declared.get(family.name)?.set;
    if (known !== undefined) return known;
    return family.type === 'histogram' ? this.#histograms(family) : this.#numbers(family);
  }

  /** Everything in Prometheus's text format, version 0.0.4. */
  expose(): string {
    this.#update();
    this.takeSamples();
    let text = '';
    for (const { family, lines } of this.#declared.values()) text += exposeFamily({ ...family, lines });
    return text;
  }

  #numbers(family: Family): SeriesSet<Counter> {
    const set = this.#set(family, 1, (slots) => new Counter(slots));
    this.#declare(family, set, () => {
      let text = '';
      for (const entry of set.entries())
        text += sampleLine(family.name, entry.labels, set.total(entry)[0] ?? 0);
      return text;
    });
    return set;
  }

  #histograms(family: Family): SeriesSet<Histogram> {
    const { name, bounds } = family;
    const buckets = bucketLabels(bounds);
    const set = this.#set(family, histogramSlots(bounds), (slots) => new Histogram(bounds, slots));
    this.#declare(family, set, () => {
      let text = '';
      for (const entry of set.entries())
        text += histogramLines(name, entry.labels, buckets, set.total(entry));
      return text;
    });
    return set;
  }

  #set<Series extends { readonly slots: Slots }>(
    family: Family,
    count: number,
    create: (slots: Slots) => Series,
  ): SeriesSet<Series> {
    return new SeriesSet(
      family,
      (values) => create(this.#slots.take(family, values, count)),
      (values) => this.#slots.drop(family, values),
    );
  }

  #declare(family: Family, set: Declared['set'], lines: () => string): void {
    const { name } = family;
    if (this.#declared.has(name)) throw new TypeError(`The metric ${name} is declared twice.`);
    this.#declared.set(name, { family, set, lines });
  }
}
