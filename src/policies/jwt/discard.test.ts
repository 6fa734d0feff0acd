import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { fakeExchange, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { ask, benchPolicy } from '../../../test/kit/policy-bench.ts';
import { issueToken, jwksOf, newKey, plainClaims } from '../../../test/kit/token-issuer.ts';
import { jwt } from './jwt.ts';

const key = newKey('k1');
const token = issueToken(key);
const base = { issuer: plainClaims.iss, audience: 'orders', jwks: jwksOf(key) };
const bench = (options: object = {}) => benchPolicy(jwt, { ...base, ...options }, { clock: new FakeClock() });

/** What is left of a request once a policy with these options has discarded what is of its kind. */
function left(options: object, init: FakeExchangeInit) {
  const exchange = fakeExchange(init);
  bench(options).instance.discardCredentials?.(exchange);
  return { headers: [...exchange.request.headers], query: exchange.request.query };
}

describe('jwt discards', () => {
  it('the token in its place, whatever else is there', () => {
    const headers = { authorization: 'bearer x', cookie: 'a=1; t=x', accept: '*/*' };
    assert.deepEqual(left({}, { headers, query: 't=x' }), {
      headers: [
        ['cookie', 'a=1; t=x'],
        ['accept', '*/*'],
      ],
      query: 't=x',
    });
    assert.deepEqual(left({ from: { cookie: 't' } }, { headers, query: 't=x' }), {
      headers: [
        ['accept', '*/*'],
        ['Cookie', 'a=1'],
      ],
      query: 't=x',
    });
    assert.deepEqual(left({ from: { query: 't' } }, { headers, query: 't=x&b' }), {
      headers: [
        ['cookie', 'a=1; t=x'],
        ['accept', '*/*'],
      ],
      query: 'b',
    });
  });

  it('no Authorization of another scheme', () => {
    const headers = { authorization: 'Basic YTpi' };
    for (const from of ['authorization', { cookie: 't' }, { query: 't' }])
      assert.deepEqual(left({ from }, { headers }).headers, [['authorization', 'Basic YTpi']]);
  });
});

describe('jwt with a token from elsewhere', () => {
  for (const [from, init] of [
    [{ cookie: 't' }, { headers: { cookie: `t=${token}` } }],
    [{ query: 't' }, { query: `t=${token}` }],
  ] as const) {
    it(`lets no bearer token through that nobody has verified: ${JSON.stringify(from)}`, async () => {
      for (const [authorization, forwarded] of [
        ['Bearer forged', undefined],
        ['bearer', undefined],
        ['Basic YTpi', 'Basic YTpi'],
      ] as const) {
        const headers = { ...('headers' in init && init.headers), authorization };
        const exchange = fakeExchange({ ...init, headers });
        assert.equal(await bench({ from }).instance.onRequest?.(exchange), undefined);
        assert.equal(exchange.consumer?.id, 'alice');
        assert.equal(exchange.request.headers.get('authorization'), forwarded);
      }
    });
  }

  it('lets none through either where tokens are optional', () => {
    const exchange = fakeExchange({ headers: { authorization: 'Bearer forged' } });
    assert.equal(ask(bench({ from: { cookie: 't' }, optional: true }), exchange), undefined);
    assert.equal(exchange.consumer, undefined);
    assert.equal(exchange.request.headers.has('authorization'), false);
  });
});

it('jwt says of a refusal whether there was a token at all', async () => {
  assert.equal(ask(bench(), fakeExchange())?.anonymous, true);
  for (const authorization of ['Bearer', 'Bearer x', `Bearer ${token}x`]) {
    const reply = await bench().instance.onRequest?.(fakeExchange({ headers: { authorization } }));
    assert.equal(reply?.status, 401);
    assert.equal(reply.anonymous, undefined, authorization);
  }
});
