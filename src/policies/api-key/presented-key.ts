import type { RequestHead } from '../../core/exchange.ts';
import { queryValue, takeParameter } from '../../http/query.ts';

/** The longest key that is looked at, in characters: keys that are made here have 52. */
const MAX_KEY = 512;

const printable = /^[\x21-\x7e]+$/;

/** Where keys are read from. */
export interface KeyPlaces {
  /** In lower case. */
  readonly header: string;
  readonly query: string | undefined;
  /** Whether the header goes on to the service. */
  readonly forward: boolean;
}

/** Whether there is anything at all where keys are read from. */
export function hasKey({ headers, query }: RequestHead, places: KeyPlaces): boolean {
  if (headers.has(places.header)) return true;
  return query !== undefined && places.query !== undefined && queryValue(query, places.query) !== undefined;
}

/**
 * Takes the key out of a request: from the query in any case, and from the header unless it is to be forwarded.
 * @returns undefined when there is none that could be one, or more than one: nobody could tell which of them counts.
 */
export function takeKey(request: RequestHead, { header, query, forward }: KeyPlaces): string | undefined {
  const lines = request.headers.getAll(header);
  if (!forward && lines.length > 0) request.headers.delete(header);
  const inQuery = query === undefined ? [] : takeFromQuery(request, query);
  const key = lines[0] ?? inQuery[0];
  if (lines.length + inQuery.length !== 1 || key === undefined) return undefined;
  return key.length <= MAX_KEY && printable.test(key) ? key : undefined;
}

function takeFromQuery(request: RequestHead, name: string): readonly string[] {
  if (request.query === undefined) return [];
  const { values, rest } = takeParameter(request.query, name);
  request.query = rest;
  return values;
}
