/** Every latency by itself, in milliseconds, so that percentiles are exact however far apart they lie. */
export class LatencyRecord {
  readonly #latencies: number[] = [];

  get count(): number {
    return this.#latencies.length;
  }

  add(milliseconds: number): void {
    this.#latencies.push(milliseconds);
  }

  /** By nearest rank: the smallest latency that so large a share of all does not exceed. 0 when there are none. */
  percentiles(): { p50: number; p99: number; p999: number } {
    const sorted = Float64Array.from(this.#latencies).toSorted();
    const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
    return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
  }
}
