import { type Labels, labelText } from './exposition.ts';

/** One series with its labels, as values and as text. */
interface Entry<Series> {
  readonly values: readonly string[];
  readonly labels: string;
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
    const labels: Labels = this.#labelNames.map((name, i) => [name, values[i] ?? '']);
    node.entry = { values, labels: labelText(labels), series: this.#create() };
    this.#entries.push(node.entry);
    return node.entry.series;
  }

  /** Drops the series whose label of that name has a value that the predicate refuses. Handles to them go on, unseen. */
  retain(labelName: string, keeps: (value: string) => boolean): void {
    const at = this.#labelNames.indexOf(labelName);
    const kept = this.#entries.filter(({ values }) => keeps(values[at] ?? ''));
    if (kept.length === this.#entries.length) return;
    this.#entries = kept;
    this.#root = { next: new Map(), entry: undefined };
    for (const entry of kept) this.#nodeOf(entry.values).entry = entry;
  }

  /** Every series, in the order in which they were made. */
  entries(): readonly { readonly labels: string; readonly series: Series }[] {
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
