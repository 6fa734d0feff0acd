import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fakeExchange, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { bypassReader, type Bypass } from './bypass.ts';
import { options, type CacheOptions } from './options.ts';

function bypassOf(init: FakeExchangeInit, bypass: Partial<CacheOptions['bypass']> = {}): Bypass | undefined {
  const { bypass: none } = options.parse({});
  return bypassReader({ bypass: { ...none, ...bypass } })(fakeExchange(init).request);
}

describe('bypassReader', () => {
  it('lets only plain GET and HEAD meet the cache', () => {
    assert.equal(bypassOf({}), undefined);
    assert.equal(
      bypassOf({ method: 'HEAD', headers: { 'If-None-Match': '"a"', Range: 'bytes=0-1' } }),
      undefined,
    );
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PURGE', 'get'])
      assert.equal(bypassOf({ method }), 'method');
    assert.equal(bypassOf({ hasBody: true }), 'body');
    assert.equal(bypassOf({ headers: { 'Sec-WebSocket-Key': 'x' } }), 'upgrade');
    for (const name of ['If-Match', 'If-Unmodified-Since'])
      assert.equal(bypassOf({ headers: { [name]: 'x' } }), 'condition');
    for (const name of ['X-HTTP-Method-Override', 'x_http_method', 'X-Original-URL', 'X-Rewrite-Url'])
      assert.equal(bypassOf({ headers: { [name]: 'x' } }), 'override', name);
  });

  it('lets past what a rule names', () => {
    const rules = { headers: ['X-A'], cookies: ['session'], query: ['preview'] };
    for (const init of [
      { headers: { 'x-a': '' } },
      { headers: { Cookie: 'a=b; session=1' } },
      { headers: { Cookie: 'a=b;session' } },
      {
        headers: [
          ['Cookie', 'a=b'],
          ['Cookie', ' session =1'],
        ] as const,
      },
      { query: 'preview' },
      { query: 'a=1&%70review=0' },
    ])
      assert.equal(bypassOf(init, rules), 'rule', JSON.stringify(init));
    for (const init of [
      {},
      { headers: { Cookie: 'sessions=1; a=session' } },
      { query: 'previews=1&a=preview' },
    ])
      assert.equal(bypassOf(init, rules), undefined, JSON.stringify(init));
  });
});
