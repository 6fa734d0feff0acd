import { type Labels, labelText } from './exposition.ts';
import { type Family, type Slots, together } from './series.ts';

/** One series with its labels, as values and as text. */
export interface SeriesEntry<Series> {
  readonly values: readonly string[];
  readonly labels: string;
  readonly series: Series;
  /** What other threads count of it. */
  readonly parts: Slots[];
  /** What threads have counted that are gone. */
  past: Slots | undefined;
}

/** A step of the way from label values to a series: look-ups build no key. */
interface Node<Series> {
  readonly next: Map<string, Node<Series>>;
  entry: SeriesEntry<Series> | undefined;
}

/** The series of one metric, by the values of its labels, which come from the configuration or from closed lists. */
export class SeriesSet<Series extends { readonly slots: Slots }> {
  readonly family: Family;
  readonly #create: (values: readonly string[]) => Series;
  readonly #dropped: (values: readonly string[]) => void;
  #root: Node<Series> = { next: new Map(), entry: undefined };
  #entries: SeriesEntry<Series>[] = [];

  /** @param dropped is told of each series that {@link retain} drops. */
  constructor(
    family: Family,
    create: (values: readonly string[]) => Series,
    dropped: (values: readonly string[]) => void,
  ) {
    this.family = family;
    this.#create = create;
    this.#dropped = dropped;
  }

  /** The series with these label values, in the order of the label names; made when there is none. */
  with(...values: readonly string[]): Series {
    return this.#entryOf(values).series;
  }

  /** Drops the series whose label of that name has a value that the predicate refuses. Handles to them go on, unseen. */
  retain(labelName: string, keeps: (value: string) => boolean): void {
    const at = this.family.labelNames.indexOf(labelName);
    for (const { values } of this.#keep((entry) => keeps(entry.values[at] ?? ''))) this.#dropped(values);
  }

  /** Every series, in the order in which they were made. */
  entries(): readonly SeriesEntry<Series>[] {
    return this.#entries;
  }

  /** What a series amounts to, other threads included. */
  total({ series, parts, past }: SeriesEntry<Series>): Slots {
    if (parts.length === 0 && past === undefined) return series.slots;
    return together(this.family, [series.slots, ...parts, ...(past === undefined ? [] : [past])]);
  }

  /** Counts what another thread writes to these slots as well. */
  attach(values: readonly string[], slots: Slots): void {
    this.#entryOf(values).parts.push(slots);
  }

  /** A thread is gone: what it has counted stays, and its share of a gauge goes with it. */
  detach(values: readonly string[], slots: Slots): void {
    const entry = this.#nodeOf(values).entry;
    const at = entry?.parts.indexOf(slots) ?? -1;
    if (entry === undefined || at === -1) return;
    entry.parts.splice(at, 1);
    if (this.family.type === 'gauge') return;
    entry.past = together(this.family, entry.past === undefined ? [slots] : [entry.past, slots]);
  }

  /** A thread has dropped the series, and so will the others. */
  forget(values: readonly string[]): void {
    const { entry } = this.#nodeOf(values);
    prune(this.#root, values, 0);
    if (entry !== undefined) this.#entries.splice(this.#entries.indexOf(entry), 1);
  }

  /** @returns those that went. */
  #keep(keeps: (entry: SeriesEntry<Series>) => boolean): readonly SeriesEntry<Series>[] {
    const kept: SeriesEntry<Series>[] = [];
    const gone: SeriesEntry<Series>[] = [];
    for (const entry of this.#entries) (keeps(entry) ? kept : gone).push(entry);
    if (gone.length === 0) return gone;
    this.#entries = kept;
    this.#root = { next: new Map(), entry: undefined };
    for (const entry of kept) this.#nodeOf(entry.values).entry = entry;
    return gone;
  }

  #entryOf(values: readonly string[]): SeriesEntry<Series> {
    const node = this.#nodeOf(values);
    if (node.entry !== undefined) return node.entry;
    const labels: Labels = this.family.labelNames.map((name, i) => [name, values[i] ?? '']);
    node.entry = {
      values,
      labels: labelText(labels),
      series: this.#create(values),
      parts: [],
      past: undefined,
    };
    this.#entries.push(node.entry);
    return node.entry;
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

/** Takes a series out of the ways that lead to series, with the steps that lead to no other. */
function prune<Series>(node: Node<Series>, values: readonly string[], depth: number): void {
  const value = values[depth];
  if (value === undefined) {
    node.entry = undefined;
    return;
  }
  const next = node.next.get(value);
  if (next === undefined) return;
  prune(next, values, depth + 1);
  if (next.entry === undefined && next.next.size === 0) node.next.delete(value);
}
