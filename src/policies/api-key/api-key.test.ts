import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { fakeExchange, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { answer, ask, benchPolicy, headOf, optionMistakes } from '../../../test/kit/policy-bench.ts';
import { isSecretParameter } from '../../observe/secret-names.ts';
import { apiKey } from './api-key.ts';

type Options = z.input<typeof apiKey.options>;

const key = 'wg_a-key-of-acme';
const other = 'wg_another-key-of-acme';

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

const acme: Options = {
  consumers: [{ name: 'acme', groups: ['gold'], keys: [digestOf(key), digestOf(other)] }],
};

function statusOf(options: Options, init: FakeExchangeInit): number {
  return ask(benchPolicy(apiKey, options), fakeExchange(init))?.status ?? 200;
}

describe('api-key', () => {
  it('lets requests with any of the keys pass, and says whose they are', () => {
    const policy = benchPolicy(apiKey, acme);
    for (const value of [key, other]) {
      const exchange = fakeExchange({ headers: { 'X-API-Key': value } });
      assert.equal(ask(policy, exchange), undefined);
      assert.deepEqual(exchange.consumer, { id: 'acme', groups: ['gold'] });
      assert.equal(exchange.request.headers.has('x-api-key'), false, 'the service does not see it');
    }
  });

  it('takes a digest in either case', () => {
    const keys = [`sha256:${digestOf(key).slice(7).toUpperCase()}`];
    assert.equal(statusOf({ consumers: [{ name: 'a', keys }] }, { headers: { 'x-api-key': key } }), 200);
  });

  it('forwards the header when told to', () => {
    const exchange = fakeExchange({ headers: { 'x-api-key': key } });
    assert.equal(ask(benchPolicy(apiKey, { ...acme, forward: true }), exchange), undefined);
    assert.equal(exchange.request.headers.get('x-api-key'), key);
  });

  it('reads another header when told to, and the usual one no longer', () => {
    const options = { ...acme, header: 'X-Shop-Key' };
    assert.equal(statusOf(options, { headers: { 'x-shop-key': key } }), 200);
    assert.equal(statusOf(options, { headers: { 'x-api-key': key } }), 401);
  });

  it('leaves the query alone unless told to', () => {
    const exchange = fakeExchange({ query: `api_key=${key}` });
    assert.equal(ask(benchPolicy(apiKey, acme), exchange)?.status, 401);
    assert.equal(exchange.request.query, `api_key=${key}`);
  });

  for (const [query, left, status] of [
    [`api_key=${key}`, undefined, 200],
    [`a=1&api_key=${key}&b=%20`, 'a=1&b=%20', 200],
    [`api%5Fkey=${key.replace('_', '%5f')}`, undefined, 200],
    ['api_key=wrong&a', 'a', 401],
    ['api_key=&a', 'a', 401],
    ['api_key&a', 'a', 401],
    [`api_key=${key}&api_key=${key}`, undefined, 401],
    [`API_KEY=${key}`, `API_KEY=${key}`, 401],
    ['', '', 401],
    [undefined, undefined, 401],
  ] as const) {
    it(`takes the key out of the query ${query}`, () => {
      const exchange = fakeExchange(query === undefined ? {} : { query });
      const reply = ask(benchPolicy(apiKey, { ...acme, query: 'api_key' }), exchange);
      assert.equal(reply?.status ?? 200, status);
      assert.equal(exchange.request.query, left);
    });
  }

  it('refuses a key in the header and one in the query together, and forwards neither', () => {
    const exchange = fakeExchange({ headers: { 'x-api-key': key }, query: `api_key=${key}` });
    assert.equal(ask(benchPolicy(apiKey, { ...acme, query: 'api_key' }), exchange)?.status, 401);
    assert.equal(exchange.request.query, undefined);
    assert.equal(exchange.request.headers.has('x-api-key'), false);
  });

  for (const [what, headers] of [
    ['none', []],
    ['an empty one', [['x-api-key', '']]],
    [
      'two, even of the same key',
      [
        ['x-api-key', key],
        ['X-Api-Key', key],
      ],
    ],
    ['two in one line', [['x-api-key', `${key}, ${key}`]]],
    ['one that is too long', [['x-api-key', key.repeat(40)]]],
    ['one that is not ASCII', [['x-api-key', `${key}é`]]],
    ['the digest instead of the key', [['x-api-key', digestOf(key)]]],
  ] as [string, [string, string][]][]) {
    it(`refuses ${what}`, () => assert.equal(statusOf(acme, { headers }), 401));
  }

  it('does not even look at a key of more than 512 characters', () => {
    const options = {
      consumers: [{ name: 'a', keys: [digestOf('x'.repeat(512)), digestOf('x'.repeat(513))] }],
    };
    assert.equal(statusOf(options, { headers: { 'x-api-key': 'x'.repeat(512) } }), 200);
    assert.equal(statusOf(options, { headers: { 'x-api-key': 'x'.repeat(513) } }), 401);
  });

  it('says the same whatever the reason, and how to do better', () => {
    const policy = benchPolicy(
      apiKey,
      { query: 'api_key', consumers: [{ name: 'acme', expires: '2025-12-31', keys: [digestOf(key)] }] },
      { clock: new FakeClock() },
    );
    const replies = [{}, { 'x-api-key': key }, { 'x-api-key': 'wrong' }].map((headers) =>
      ask(policy, fakeExchange({ headers, id: 'req-1' })),
    );
    for (const reply of replies)
      assert.deepEqual({ ...reply, anonymous: true }, replies[0], 'no client sees whether it is anonymous');
    assert.equal(
      replies[0]?.body,
      '{"title":"Unauthorized","status":401,"detail":"A valid API key is needed.","code":"api_key_refused","requestId":"req-1"}',
    );
    assert.equal(
      headOf(replies[0]).headers.get('www-authenticate'),
      'ApiKey header="x-api-key", query="api_key"',
    );
    assert.deepEqual(Object.fromEntries(policy.counts), { refused: 2, expired: 1 });
  });

  it('refuses a key from the second on in which it or its consumer expires', () => {
    const clock = new FakeClock();
    const keyFor = (expires: string): string => `key-until-${expires}`;
    const entry = (expires: string): { digest: string; expires: string } => ({
      digest: digestOf(keyFor(expires)),
      expires,
    });
    const [first, second, third] = [
      '2026-01-01T00:01:00Z',
      '2026-01-01T02:02:00+02:00',
      '2026-01-02',
    ] as const;
    const policy = benchPolicy(
      apiKey,
      {
        consumers: [
          {
            name: 'acme',
            expires: '2026-01-01T00:03:00Z',
            keys: [entry(first), entry(second), entry(third)],
          },
        ],
      },
      { clock },
    );
    const pass = (): boolean[] =>
      [first, second, third].map(
        (at) => ask(policy, fakeExchange({ headers: { 'x-api-key': keyFor(at) } })) === undefined,
      );
    assert.deepEqual(pass(), [true, true, true]);
    clock.advance(59_999);
    assert.deepEqual(pass(), [true, true, true]);
    clock.advance(1);
    assert.deepEqual(pass(), [false, true, true]);
    clock.advance(60_000);
    assert.deepEqual(pass(), [false, false, true]);
    clock.advance(60_000);
    assert.deepEqual(pass(), [false, false, false], 'the consumer has expired');
  });

  it('tells caches that the answer depends on the header', () => {
    const policy = benchPolicy(apiKey, acme);
    assert.equal(answer(policy, fakeExchange()).headers.get('vary'), 'x-api-key');
  });

  it('takes only query parameters that the access log masks', () => {
    for (const query of ['api_key', 'apikey', 'X-API-Key', 'access-key', 'token', 'my_secret']) {
      assert.deepEqual(optionMistakes(apiKey, { ...acme, query }), [], query);
      assert.equal(isSecretParameter(query), true, query);
    }
    for (const query of ['', 'k', 'user', 'a=b_token', 'tok en'])
      assert.equal(optionMistakes(apiKey, { ...acme, query }).length, 1, query);
  });

  const keys = (...list: unknown[]): unknown => ({ consumers: [{ name: 'acme', keys: list }] });
  for (const [options, expected] of [
    [{}, ': api-key refuses everybody | list who has keys under `consumers`'],
    [keys(key), `consumers.0.keys.0: a key in clear text | write its digest: ${digestOf(key)}`],
    [
      keys({ digest: key }),
      `consumers.0.keys.0.digest: a key in clear text | write its digest: ${digestOf(key)}`,
    ],
    [keys('a'.repeat(64)), 'consumers.0.keys.0: a digest without sha256: in front, or a key in clear text'],
    [keys('sha256:abc'), 'consumers.0.keys.0: this is not a digest that can stand here'],
    [keys('sha512:abc'), 'consumers.0.keys.0: this is not a digest that can stand here'],
    [keys(''), 'consumers.0.keys.0: an empty key'],
    [keys(digestOf('')), 'consumers.0.keys.0: this is the digest of an empty text'],
    [keys({ digest: digestOf('a'), expires: '2026-02-30' }), 'consumers.0.keys.0.expires: this is not a day'],
    [keys({ digest: digestOf('a'), expires: '31.12.2026' }), 'consumers.0.keys.0.expires: this is not a day'],
    [keys({ digest: digestOf('a'), expires: '2200-01-01' }), 'consumers.0.keys.0.expires: this is not a day'],
    [keys(digestOf('a'), digestOf('a')), 'consumers.0.keys.1: this key stands here twice'],
    [
      {
        consumers: [
          { name: 'a', keys: [digestOf('k')] },
          { name: 'b', keys: [{ digest: digestOf('k') }] },
        ],
      },
      'consumers.1.keys.0: consumer 1 of the list has this key too',
    ],
    [
      {
        consumers: [
          { name: 'a', keys: [] },
          { name: 'a', keys: [] },
        ],
      },
      'consumers.1.name: consumer 1 of the list has this name too',
    ],
    [{ consumers: [{ name: 'a\r\nb', keys: [] }] }, 'consumers.0.name: this is not a name'],
    [{ consumers: [{ name: 'a', groups: [' '], keys: [] }] }, 'consumers.0.groups.0: this is not a name'],
    [{ ...acme, header: 'x key' }, 'header: "x key" is not a header name'],
    [{ ...acme, header: 'Host' }, 'header: a policy cannot write "Host"'],
    [{ ...acme, query: 'k' }, 'query: the access log would show keys under this name'],
  ] as const) {
    it(`refuses the options ${JSON.stringify(options).slice(0, 100)}`, () => {
      const [first = 'nothing', ...others] = optionMistakes(apiKey, options);
      assert.ok(first.startsWith(expected), first);
      assert.deepEqual(others, []);
    });
  }
});
