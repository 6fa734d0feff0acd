import { sampleLine } from './exposition.ts';

/** The buckets that histograms of one metric share. */
export interface Buckets {
  /** The upper bounds, ascending, without the infinite last one. */
  readonly bounds: readonly number[];
  /** The bounds as labels, the infinite one included. */
  readonly labels: readonly string[];
}

/** @param bounds the upper bounds, ascending, without the infinite last one. */
export function createBuckets(bounds: readonly number[]): Buckets {
  return { bounds, labels: [...bounds.map((bound) => `le="${bound}"`), 'le="+Inf"'] };
}

/** Counts values by size. Slot 0 of its array is the sum; the next ones count the values of each bucket. */
export class Histogram {
  readonly #buckets: Buckets;
  readonly #slots: Float64Array;

  constructor(buckets: Buckets) {
    this.#buckets = buckets;
    this.#slots = new Float64Array(buckets.labels.length + 1);
  }

  /** Takes one value; what is not a number, or negative as after a clock's jump, counts as zero. */
  observe(value: number): void {
    const { bounds } = this.#buckets;
    const amount = value > 0 ? value : 0;
    let bucket = 0;
    while (bucket < bounds.length && amount > (bounds[bucket] as number)) bucket++;
    const slots = this.#slots;
    (slots[0] as number) += amount;
    (slots[bucket + 1] as number) += 1;
  }

  /**
   * The lines of the exposition: cumulative buckets, sum and count. Concatenation only, because a thousand routes have
   * 36,000 of them and the event loop waits.
   * @param labels as `labelText` makes them.
   */
  lines(name: string, labels: string): string {
    const slots = this.#slots;
    const bucket = labels === '' ? `${name}_bucket{` : `${name}_bucket{${labels},`;
    let text = '';
    let count = 0;
    for (const [i, bound] of this.#buckets.labels.entries()) {
      count += slots[i + 1] as number;
      text += `${bucket}${bound}} ${count}\n`;
    }
    return `${text}${sampleLine(`${name}_sum`, labels, slots[0] as number)}${sampleLine(`${name}_count`, labels, count)}`;
  }
}
