import type { Counter, MetricsRegistry } from './metrics.ts';
import type { SeriesSet } from './series-set.ts';

/** What is counted about answers that are kept. Series begin with the first of them: without a cache there are none. */
export class AnswerSeries {
  readonly #entries: SeriesSet<Counter>;
  readonly #bytes: SeriesSet<Counter>;
  readonly #evictions: SeriesSet<Counter>;
  readonly #lookups: SeriesSet<Counter>;
  readonly #notShared: SeriesSet<Counter>;
  readonly #purges: SeriesSet<Counter>;

  constructor(registry: MetricsRegistry) {
    this.#entries = registry.gauges('waygate_cache_entries', 'Keys under which answers are in memory.', []);
    this.#bytes = registry.gauges('waygate_cache_bytes', 'Octets of memory that answers take, all told.', []);
    this.#evictions = registry.counters(
      'waygate_cache_evictions_total',
      'Entries that had to go to make room for others.',
      [],
    );
    this.#lookups = registry.counters(
      'waygate_cache_redis_lookups_total',
      'What came of asking Redis for answers that were not in memory.',
      ['result'],
    );
    this.#notShared = registry.counters(
      'waygate_cache_redis_lost_total',
      'Answers and invalidations that Redis could not be given: it was gone or slow, or too much was under way.',
      [],
    );
    this.#purges = registry.counters(
      'waygate_cache_purges_total',
      'Purges asked for on this gateway, by kind.',
      ['kind'],
    );
  }

  kept(entries: number, bytes: number): void {
    this.#entries.with().add(entries);
    this.#bytes.with().add(bytes);
  }

  evicted(): void {
    this.#evictions.with().add();
  }

  shared(result: string): void {
    this.#lookups.with(result).add();
  }

  notShared(): void {
    this.#notShared.with().add();
  }

  purged(kind: string): void {
    this.#purges.with(kind).add();
  }
}
