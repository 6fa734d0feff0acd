import type { StoredHead } from '../../src/core/answer-store.ts';
import type { ReceivedHead } from '../../src/policies/cache/answer.ts';
import { headToStore, type StoringRequest, type StoringRules } from '../../src/policies/cache/storing.ts';
import { receivedHeaders, type FakeHeaders } from './fake-exchange.ts';

/** When the heads of tests came, in milliseconds since the epoch: Sun, 06 Nov 1994 08:49:37 GMT. */
export const arrival = 784_111_777_000;

/** The rules of a route without options. */
export const plainRules: StoringRules = {
  ttl: () => undefined,
  heuristic: false,
  perConsumer: false,
  stripSetCookie: false,
  errorLimit: 60,
  staleWhileRevalidate: 0,
  staleIfError: 0,
};

/** The head of an answer that came at {@link arrival}, at once. */
export function receivedHead(headers: FakeHeaders = {}, parts: Partial<ReceivedHead> = {}): ReceivedHead {
  return {
    status: 200,
    headers: receivedHeaders(headers),
    requestTime: arrival,
    responseTime: arrival,
    ...parts,
  };
}

/** What a test may say of a GET without anything. */
export interface AskedParts extends Partial<Omit<StoringRequest, 'headers'>> {
  readonly headers?: FakeHeaders;
}

/** A request as keeping its answer sees it. */
export function storingRequest({ headers = {}, ...parts }: AskedParts = {}): StoringRequest {
  return {
    method: 'GET',
    represents: false,
    credentials: false,
    ...parts,
    headers: receivedHeaders(headers),
  };
}

/** The head to keep of an answer with these lines; an error when it is not kept. */
export function keptHead(
  headers: FakeHeaders,
  rules: Partial<StoringRules> = {},
  received: Partial<ReceivedHead> = {},
): StoredHead {
  const kept = headToStore(storingRequest(), receivedHead(headers, received), { ...plainRules, ...rules });
  if (typeof kept === 'string') throw new Error(`It is not kept: ${kept}`);
  return kept;
}
