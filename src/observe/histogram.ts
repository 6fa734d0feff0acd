import { sampleLine } from './exposition.ts';
import type { Slots } from './series.ts';

/** Counts values by size. Slot 0 of its array is the sum; the next ones count the values of each bucket. */
export class Histogram {
  readonly slots: Slots;
  readonly #bounds: readonly number[];

  /**
   * @param bounds the upper bounds, ascending, without the infinite last one.
   * @param slots as many as {@link histogramSlots} says.
   */
  constructor(bounds: readonly number[], slots: Slots) {
    this.#bounds = bounds;
    this.slots = slots;
  }

  /** Takes one value; what is not a number, or negative as after a clock's jump, counts as zero. */
  observe(value: number): void {
    const bounds = this.#bounds;
    const amount = value > 0 ? value : 0;
    let bucket = 0;
    while (bucket < bounds.length && amount > (bounds[bucket] as number)) bucket++;
    const { slots } = this;
    (slots[0] as number) += amount;
    (slots[bucket + 1] as number) += 1;
  }
}

/** How many slots a histogram with these bounds has: its sum, a bucket for each bound, and the infinite one. */
export function histogramSlots(bounds: readonly number[]): number {
  return bounds.length + 2;
}

/** The bounds as labels, the infinite one included. */
export function bucketLabels(bounds: readonly number[]): readonly string[] {
  return [...bounds.map((bound) => `le="${bound}"`), 'le="+Inf"'];
}

/**
 * The lines of the exposition: cumulative buckets, sum and count. Concatenation only, because a thousand routes have
 * 36,000 of them and the event loop waits.
 * @param labels as `labelText` makes them.
 * @param buckets as {@link bucketLabels} makes them.
 */
export function histogramLines(
  name: string,
  labels: string,
  buckets: readonly string[],
  slots: Slots,
): string {
  const bucket = labels === '' ? `${name}_bucket{` : `${name}_bucket{${labels},`;
  let text = '';
  let count = 0;
  for (const [i, bound] of buckets.entries()) {
    count += slots[i + 1] as number;
    text += `${bucket}${bound}} ${count}\n`;
  }
  return `${text}${sampleLine(`${name}_sum`, labels, slots[0] as number)}${sampleLine(`${name}_count`, labels, count)}`;
}
