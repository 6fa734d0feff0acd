import type { StoreErrorKind } from '../core/redis.ts';
import type { Histogram } from './histogram.ts';
import type { Counter, MetricsRegistry } from './metrics.ts';
import type { SeriesSet } from './series-set.ts';

/** Upper bounds in seconds: from a server on the same machine to the longest time that anybody waits for one. */
const callBounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** What is counted about the link to Redis. Series begin with the first link: without `redis:` there are none. */
export class RedisMetrics {
  readonly #links: SeriesSet<Counter>;
  readonly #openings: SeriesSet<Counter>;
  readonly #errors: SeriesSet<Counter>;
  readonly #calls: SeriesSet<Histogram>;

  constructor(registry: MetricsRegistry) {
    this.#links = registry.gauges(
      'waygate_redis_links_up',
      'Links to Redis that are up; each thread has one.',
      [],
    );
    this.#openings = registry.counters(
      'waygate_redis_breaker_openings_total',
      'How often Redis was given up for a while, wholly or for writes.',
      [],
    );
    this.#errors = registry.counters(
      'waygate_redis_errors_total',
      'Calls to Redis that failed, by kind; `unavailable` are those that were not sent.',
      ['kind'],
    );
    this.#calls = registry.histograms(
      'waygate_redis_call_duration_seconds',
      'Time from a call to Redis to its answer.',
      [],
      callBounds,
    );
  }

  /** A link has come up, or gone down. */
  up(isUp: boolean): void {
    this.#links.with().add(isUp ? 1 : -1);
  }

  /** A link stops sending for a while. */
  opened(): void {
    this.#openings.with().add();
  }

  failed(kind: StoreErrorKind): void {
    this.#errors.with(kind).add();
  }

  /** A call was answered. @param time milliseconds. */
  answered(time: number): void {
    this.#calls.with().observe(time / 1000);
  }
}
