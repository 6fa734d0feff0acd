import type { Clock } from '../core/clock.ts';
import type { Fetch } from '../core/fetch.ts';
import { fakeFetch, type FakeDocuments, type FakeFetch } from '../testing/fake-fetch.ts';

/** What policies fetch in a test; it remembers what there is no answer for. */
export class WatchedFetch {
  readonly unanswered: string[] = [];
  readonly #known: ReadonlySet<string>;
  readonly #documents: FakeFetch;

  constructor(lists: readonly FakeDocuments[], clock: Clock) {
    this.#known = new Set(lists.flatMap((list) => Object.keys(list)));
    this.#documents = fakeFetch(lists, clock);
  }

  /** How many wait for their answer. */
  get waiting(): number {
    return this.#documents.waiting;
  }

  readonly fetch: Fetch = async (url, request) => {
    if (this.#known.has(url) || this.#known.has(url.replace(/\?.*$/s, '')))
      return this.#documents.fetch(url, request);
    const text = `${request.method ?? 'GET'} ${url}`;
    if (!this.unanswered.includes(text)) this.unanswered.push(text);
    throw new Error(`the file of expectations has no answer for ${text}`);
  };
}
