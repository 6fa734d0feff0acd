import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { fakeExchange, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { keyMaker } from './key.ts';
import { options, type CacheOptions } from './options.ts';

type Written = Partial<Pick<CacheOptions, 'key' | 'perConsumer'>>;

function keyOf(init: FakeExchangeInit, written: Written = {}, routeId = 'r'): string {
  return keyMaker({ ...options.parse({}), ...written }, routeId)(fakeExchange(init)).text;
}

const querying = (query: CacheOptions['key']['query']): Written => ({ key: { query, headers: [] } });

describe('keyMaker', () => {
  it('F109: tells apart host, port, scheme, path, query and route, and nothing else', () => {
    const all: FakeExchangeInit[] = [
      {},
      { host: 'b.example.com' },
      { port: 8080 },
      { client: { scheme: 'https' } },
      { path: '/a' },
      { path: '/a/' },
      { path: '/A' },
      { path: '/a%2Fb' },
      { path: '/a/b' },
      { query: '' },
      { query: 'a=1&b=2' },
      { query: 'b=2&a=1' },
      { query: 'a=1&a=1' },
      { query: 'a=%31' },
    ];
    assert.notEqual(keyOf({}, {}, 'other'), keyOf({}));
    assert.equal(new Set(all.map((init) => keyOf(init))).size, all.length);
    // A HEAD is answered from what a GET has left.
    assert.equal(keyOf({ method: 'HEAD' }), keyOf({}));
    assert.equal(keyOf({ headers: { Cookie: 'a' }, consumer: { id: 'a' } }), keyOf({}));
  });

  it('takes as much of the query as it is told', () => {
    const key = (query: string, rule: CacheOptions['key']['query']): string =>
      keyOf({ query }, querying(rule));
    assert.equal(key('a=1', 'none'), keyOf({}, querying('none')));
    const only = { only: ['a'] };
    assert.equal(key('a=1&b=2', only), key('b=3&a=1&&', only));
    assert.notEqual(key('a=1', only), key('a=2', only));
    assert.equal(key('%61=1', { without: ['a'] }), key('', { without: ['a'] }));
    assert.notEqual(key('b=1&c=2', { without: ['a'] }), key('c=2&b=1', { without: ['a'] }));
    // What some services take for two parameters is never left out as one.
    assert.notEqual(key('a=1;b=2', { without: ['a'] }), key('a=1;b=3', { without: ['a'] }));
  });

  it('tells by headers, all their lines, and by consumers, when told to', () => {
    const written: Written = { key: { query: 'all', headers: ['X-A'] } };
    assert.notEqual(keyOf({ headers: { 'x-a': '1' } }, written), keyOf({ headers: { 'x-a': '2' } }, written));
    assert.notEqual(keyOf({ headers: { 'x-a': '' } }, written), keyOf({}, written));
    assert.notEqual(
      keyOf({ headers: { 'x-a': '1, 2' } }, written),
      keyOf(
        {
          headers: [
            ['x-a', '1'],
            ['x-a', '2'],
          ],
        },
        written,
      ),
    );
    const ids = [undefined, '', 'a', 'b', 'a\nb', '"a"'].map((id) =>
      keyOf(id === undefined ? {} : { consumer: { id } }, { perConsumer: true }),
    );
    assert.equal(new Set(ids).size, ids.length);
  });

  it('does not take an answer kept by other rules for one of its own', () => {
    const texts = [
      keyOf({ query: 'a=1' }),
      keyOf({ query: 'a=1' }, querying({ only: ['a'] })),
      keyOf({ query: 'a=1' }, querying({ only: ['a', 'b'] })),
      keyOf({ query: 'a=1' }, querying({ without: ['b'] })),
      keyOf({ query: 'a=1' }, querying('none')),
      keyOf({ query: 'a=1' }, { perConsumer: true }),
      keyOf({ query: 'a=1' }, { key: { query: 'all', headers: ['x'] } }),
      keyOf({ query: 'a=1' }, { key: { query: 'all', headers: ['y'] } }),
    ];
    assert.equal(new Set(texts).size, texts.length);
  });

  it('makes the key that the same request would have for another place', () => {
    const exchange = fakeExchange({
      path: '/a',
      query: 'x=1',
      headers: { 'x-a': '1' },
      consumer: { id: 'c' },
    });
    for (const written of [
      {},
      { perConsumer: true },
      querying({ without: ['y'] }),
      { key: { query: 'all', headers: ['x-a'] } },
    ] as Written[]) {
      const key = keyMaker({ ...options.parse({}), ...written }, 'r');
      for (const [path, query] of [
        ['/b', 'z=1&y=2'],
        ['/b', undefined],
      ] as const) {
        const asked = fakeExchange({
          path,
          ...(query === undefined ? {} : { query }),
          headers: { 'x-a': '1' },
          consumer: { id: 'c' },
        });
        const expected = key(asked);
        assert.deepEqual(key(exchange, expected.place), expected);
      }
    }
  });

  it('never throws, whatever the query', () => {
    const rules = [{ only: ['a', 'é'] }, { without: ['a'] }] as const;
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.constantFrom(...rules), (query, rule) => {
        keyOf(
          { query },
          querying('only' in rule ? { only: [...rule.only] } : { without: [...rule.without] }),
        );
      }),
    );
  });
});
