import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';
import { fakeExchange, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { ask, benchPolicy } from '../../../test/kit/policy-bench.ts';
import { apiKey } from './api-key.ts';

const consumers = [{ name: 'acme', keys: [`sha256:${hash('sha256', 'good')}`] }];
const bench = (options: object = {}) => benchPolicy(apiKey, { consumers, ...options });

describe('api-key', () => {
  for (const forward of [false, true]) {
    it(`discards keys in every place they are read from, with forward: ${forward}`, () => {
      const exchange = fakeExchange({
        headers: { 'X-API-Key': 'x', accept: '*/*' },
        query: 'a&api_key=x&b',
      });
      bench({ query: 'api_key', forward }).instance.discardCredentials?.(exchange);
      assert.deepEqual([...exchange.request.headers], [['accept', '*/*']]);
      assert.equal(exchange.request.query, 'a&b');
    });
  }

  for (const [what, anonymous, init] of [
    ['no key', true, {}],
    ['a key where none is read from', true, { query: 'x-api-key=good' }],
    ['a wrong key', undefined, { headers: { 'x-api-key': 'wrong' } }],
    ['an empty key', undefined, { headers: { 'x-api-key': '' } }],
    ['an empty key in the query', undefined, { query: 'api_key' }],
    ['two keys', undefined, { headers: { 'x-api-key': 'good' }, query: 'api_key=good' }],
  ] as const satisfies readonly (readonly [string, true | undefined, FakeExchangeInit])[]) {
    it(`says of a refusal whether there was a key at all: ${what}`, () => {
      const reply = ask(bench({ query: 'api_key' }), fakeExchange(init));
      assert.equal(reply?.status, 401);
      assert.equal(reply.anonymous, anonymous);
    });
  }
});
