import type { PolicyCounter, PolicyMetrics } from '../../core/policy.ts';
import type { Bypass } from './bypass.ts';
import type { NotStored } from './storing.ts';

const served = {
  hits: 'Requests answered with a fresh answer from the cache.',
  stale: 'Requests answered with one that was not fresh any more.',
  revalidated: 'Requests answered from the cache after the service had confirmed it.',
  coalesced: 'Requests answered with what another one had asked for already.',
  misses: 'Requests that went to the service.',
} as const;

/** What the cache of a route has done. */
export class CacheCounters {
  readonly #metrics: PolicyMetrics;
  readonly #served: Readonly<Record<keyof typeof served, PolicyCounter>>;
  readonly #stored: PolicyCounter;
  readonly #storedBytes: PolicyCounter;
  readonly #invalidated: PolicyCounter;

  constructor(metrics: PolicyMetrics) {
    this.#metrics = metrics;
    const counter = (name: keyof typeof served): PolicyCounter => metrics.counter(name, served[name]);
    this.#served = {
      hits: counter('hits'),
      stale: counter('stale'),
      revalidated: counter('revalidated'),
      coalesced: counter('coalesced'),
      misses: counter('misses'),
    };
    this.#stored = metrics.counter('stored', 'Answers kept.');
    this.#storedBytes = metrics.counter('stored_bytes', 'Octets of body of the answers kept.');
    this.#invalidated = metrics.counter('invalidated', 'Requests that made kept answers invalid.');
  }

  served(how: keyof typeof served): void {
    this.#served[how].add();
  }

  bypassed(why: Bypass): void {
    this.#metrics.counter(`bypassed_${why}`, `Requests that went past the cache: ${why}.`).add();
  }

  notStored(why: NotStored): void {
    this.#metrics
      .counter(`not_stored_${why.replaceAll('-', '_')}`, `Answers that were not kept: ${why}.`)
      .add();
  }

  stored(octets: number): void {
    this.#stored.add();
    this.#storedBytes.add(octets);
  }

  invalidated(): void {
    this.#invalidated.add();
  }
}
