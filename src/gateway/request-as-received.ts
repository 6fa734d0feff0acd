import type { Client } from '../core/exchange.ts';
import type { Http1Request } from '../http1/request-head.ts';
import { inTheLog, NonsenseError } from './policy-failure.ts';

/** An exchange, as far as policies must leave it as it is. */
interface Received {
  readonly request: Http1Request;
  readonly client: Client;
}

/**
 * What a request was before policies were asked that did not come with the gateway. They may be written without types, and what
 * they leave behind is written onto the wire: the route was chosen for that method and path, and the body is as long as was said.
 */
export class RequestAsReceived {
  readonly #exchange: Received;
  readonly #request: Http1Request;
  readonly #client: Client;
  readonly #copy: Readonly<Record<string, unknown>>;

  constructor(exchange: Received) {
    this.#exchange = exchange;
    this.#request = exchange.request;
    this.#client = exchange.client;
    this.#copy = { ...exchange.request };
  }

  /** @throws NonsenseError when another part of it was changed than its query and its header lines, or the query is none. */
  check(): void {
    const { request, client } = this.#exchange;
    if (request !== this.#request) throw new NonsenseError('the request, which is another object');
    if (client !== this.#client) throw new NonsenseError('the client, who is another object');
    const now: Readonly<Record<string, unknown>> = { ...request };
    for (const key in this.#copy)
      if (key !== 'query' && now[key] !== this.#copy[key])
        throw new NonsenseError(
          `the request with another ${key}: only its query and its header lines may be changed`,
        );
    const { query } = now;
    if (query !== undefined && (typeof query !== 'string' || !isQuery.test(query)))
      throw new NonsenseError(
        `${inTheLog(query)} as the query: it is visible ASCII without #, and the rest is percent-encoded`,
      );
  }
}

/** What is read of a client (RFC 3986 §3.4, with what browsers leave as it is). */
const isQuery = /^[\x21\x22\x24-\x7e]*$/;
