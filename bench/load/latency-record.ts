/** Latencies in milliseconds, and their percentiles. */
export class LatencyRecord {
  readonly #latencies: number[] = [];

  get count(): number {
    return this.#latencies.length;
  }

  add(milliseconds: number): void {
    this.#latencies.push(milliseconds);
  }

  percentiles(): { p50: number; p99: number; p999: number } {
    const sorted = Float64Array.from(this.#latencies).toSorted();
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
  }
}
