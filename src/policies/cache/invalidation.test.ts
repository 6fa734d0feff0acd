import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { fakeResponse, type FakeHeaders } from '../../../test/kit/fake-exchange.ts';
import type { AnswerPlace } from '../../core/answer-store.ts';
import { invalidatedPlaces, isOwnLocation } from './invalidation.ts';

const place: AnswerPlace = { route: 'shop', host: 'shop.test', path: '/a/b', query: '?x' };

/** The paths that an answer makes invalid. */
function paths(method: string, headers: FakeHeaders = {}, status = 200, of = place): string[] {
  return invalidatedPlaces(method, fakeResponse(headers, { status }), of).map(
    ({ path, query }) => path + query,
  );
}

describe('invalidatedPlaces', () => {
  it('is the URL of what succeeds in changing something (RFC 9111 §4.4)', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH'])
      assert.deepEqual(paths(method), ['/a/b?x']);
    for (const status of [201, 204, 303, 399]) assert.deepEqual(paths('POST', {}, status), ['/a/b?x']);
    for (const status of [400, 404, 500, 103]) assert.deepEqual(paths('POST', {}, status), []);
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']) assert.deepEqual(paths(method), []);
  });

  it('is also what Location and Content-Location name on the same host', () => {
    for (const [value, path] of [
      ['/c', '/c'],
      ['c?y=1', '/a/c?y=1'],
      ['../c', '/c'],
      ['?y', '/a/b?y'],
      ['http://shop.test/c', '/c'],
      ['https://SHOP.test:443/c', '/c'],
      ['//shop.test/c', '/c'],
      ['/%7Ec', '/~c'],
    ] as const) {
      assert.deepEqual(paths('POST', { Location: value }), ['/a/b?x', path], value);
      assert.deepEqual(paths('POST', { 'Content-Location': value }), ['/a/b?x', path], value);
    }
    const both = paths('POST', { Location: '/c', 'Content-Location': '/d' });
    assert.deepEqual(both, ['/a/b?x', '/c', '/d']);
  });

  it('is nothing on another host, and nothing that is no URL', () => {
    for (const value of [
      'http://other.test/c',
      '//other.test/c',
      'http://shop.test:8080/c',
      'http://[',
      'data:,x',
    ])
      assert.deepEqual(paths('POST', { Location: value }), ['/a/b?x'], value);
    const withPort = { ...place, host: 'shop.test:8080' };
    assert.deepEqual(paths('POST', { Location: 'http://shop.test:8080/c' }, 200, withPort), ['/a/b?x', '/c']);
  });

  it('never throws, whatever Location and the host are', () => {
    const octets = fc
      .array(fc.integer({ min: 0x20, max: 0xff }), { maxLength: 20 })
      .map((codes) => String.fromCharCode(...codes));
    fc.assert(
      fc.property(octets, octets, (value, host) => {
        paths('POST', { Location: value });
        paths('POST', { Location: `http://${value}` }, 200, { ...place, host });
      }),
    );
    assert.deepEqual(paths('POST', { Location: 'http://x/' }, 200, { ...place, host: '\\' }), ['/a/b?x']);
  });
});

describe('isOwnLocation', () => {
  it('is the URL itself, and nothing else', () => {
    const own = (value: string): boolean => isOwnLocation(fakeResponse({ 'Content-Location': value }), place);
    for (const value of ['/a/b?x', 'b?x', 'http://shop.test/a/b?x']) assert.ok(own(value), value);
    for (const value of ['/a/b', '/a/b?y', '/a/c?x', 'http://other.test/a/b?x', 'http://['])
      assert.equal(own(value), false, value);
    assert.equal(isOwnLocation(fakeResponse(), place), false);
  });
});
