/** The middle of some numbers, and how far they lie apart. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Summarizes numbers; undefined when there are none. */
export function summarize(numbers: readonly number[]): Summary | undefined {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) return undefined;
  const upper = sorted[sorted.length >> 1] ?? max;
  const lower = sorted[(sorted.length - 1) >> 1] ?? min;
  return { median: (lower + upper) / 2, min, max };
}

/** Where the true ratio lies, with a probability of 95 %. */
export interface Interval {
  /** The geometric mean. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** Student's t for 95 % on both sides, by degrees of freedom from 1 on; the last one serves for more. */
const student = [
  12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086,
];

/**
 * The 95 % confidence interval of a ratio that was measured several times: Student's, on the logarithms, so that it says
 * the same whichever way round the ratio is. Undefined for less than two measurements.
 */
export function ratioInterval(ratios: readonly number[]): Interval | undefined {
  const count = ratios.length;
  if (count < 2) return undefined;
  const logarithms = ratios.map(Math.log);
  const mean = logarithms.reduce((sum, each) => sum + each, 0) / count;
  const variance = logarithms.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (count - 1);
  const t = student[Math.min(count - 1, student.length) - 1] ?? Infinity;
  const margin = t * Math.sqrt(variance / count);
  return { ratio: Math.exp(mean), low: Math.exp(mean - margin), high: Math.exp(mean + margin) };
}
