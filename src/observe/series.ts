import type { MetricType } from './exposition.ts';

/** The numbers of one series. Only one thread ever writes to them. */
export type Slots = Float64Array;

/** What a metric is, in whichever threads its series are counted. */
export interface Family {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Of a histogram: the upper bounds of its buckets, ascending, without the infinite last one. */
  readonly bounds: readonly number[];
  /** What becomes of the numbers of several threads. */
  readonly rule: 'sum' | 'max';
}

/** Where the numbers of series are kept: in this thread's memory, or in memory that another thread reads. */
export interface SlotSource {
  /** @returns `count` zeros for a new series. */
  take(family: Family, values: readonly string[], count: number): Slots;
  /** The series is shown no more. Somebody may still hold its slots, and write to them. */
  drop(family: Family, values: readonly string[]): void;
}

/** Slots of this thread's own. */
export const ownSlots: SlotSource = {
  take: (_family, _values, count) => new Float64Array(count),
  drop: () => {},
};

/** One series out of what several threads have of it. */
export function together({ rule }: Family, parts: readonly Slots[]): Slots {
  const total = new Float64Array(parts[0]?.length ?? 0);
  for (const part of parts) {
    for (let i = 0; i < total.length; i++) {
      const [before, value] = [total[i] as number, part[i] as number];
      total[i] = rule === 'sum' ? before + value : Math.max(before, value);
    }
  }
  return total;
}
