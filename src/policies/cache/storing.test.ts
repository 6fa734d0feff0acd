import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  keptHead,
  plainRules,
  receivedHead,
  storingRequest,
  arrival,
  type AskedParts,
} from '../../../test/kit/cache-heads.ts';
import { receivedHeaders, type FakeHeaders } from '../../../test/kit/fake-exchange.ts';
import type { ReceivedHead } from './answer.ts';
import { confirmedHeaders, headToStore, type StoringRules } from './storing.ts';

interface Case {
  readonly asked?: AskedParts;
  readonly answer?: FakeHeaders;
  readonly received?: Partial<ReceivedHead>;
  readonly rules?: Partial<StoringRules>;
}

/** Whether it is kept, or why not. */
function fate({ asked, answer = { 'Cache-Control': 'max-age=60' }, received, rules }: Case): string {
  const kept = headToStore(storingRequest(asked), receivedHead(answer, received), {
    ...plainRules,
    ...rules,
  });
  return typeof kept === 'string' ? kept : 'kept';
}

const saying = (control: string): Readonly<Record<string, string>> => ({ 'Cache-Control': control });

describe('headToStore', () => {
  it('keeps an answer to GET that says how long it is fresh', () => {
    assert.equal(fate({}), 'kept');
    assert.equal(fate({ answer: saying('s-maxage=60') }), 'kept');
    assert.equal(fate({ answer: { Expires: 'Sun, 06 Nov 1994 08:50:37 GMT' } }), 'kept');
    assert.equal(fate({ answer: {} }), 'not-fresh');
    assert.equal(fate({ answer: saying('public') }), 'not-fresh');
    assert.equal(fate({ answer: { ETag: '"a"' } }), 'not-fresh');
    assert.equal(fate({ answer: saying('max-age=0') }), 'not-fresh');
  });

  it('keeps what is stale at once only if its target can confirm it, or it is used stale', () => {
    assert.equal(fate({ answer: { ...saying('max-age=0'), ETag: '"a"' } }), 'kept');
    assert.equal(fate({ answer: { ...saying('no-cache'), 'Last-Modified': 'x' } }), 'kept');
    assert.equal(fate({ answer: saying('no-cache') }), 'not-fresh');
    assert.equal(fate({ answer: saying('max-age=0, stale-while-revalidate=9') }), 'kept');
    assert.equal(fate({ answer: saying('max-age=0, must-revalidate, stale-if-error=9') }), 'not-fresh');
    assert.equal(fate({ answer: saying('max-age=0'), rules: { staleIfError: 9 } }), 'kept');
    assert.equal(fate({ answer: { ...saying('max-age=5'), Age: '5' } }), 'not-fresh');
    assert.equal(fate({ answer: { ...saying('max-age=5, stale-if-error=9'), Age: 'x' } }), 'not-fresh');
  });

  it('keeps no answer to another method, unless that is the representation itself', () => {
    for (const method of ['POST', 'PUT', 'HEAD', 'OPTIONS', 'get'])
      assert.equal(fate({ asked: { method } }), 'method');
    assert.equal(fate({ asked: { method: 'POST', represents: true } }), 'kept');
  });

  it('keeps no interim answer, no 304, and nothing that is about the headers of one request', () => {
    for (const status of [100, 103, 304, 401, 406, 412, 413, 416, 417, 421, 429, 431])
      assert.equal(fate({ received: { status } }), 'status', String(status));
    assert.equal(fate({ received: { status: 429 }, rules: { ttl: () => 5 } }), 'kept');
    // Whoever sends a Range that nothing satisfies does not decide what the others get, with `ttl: { 4xx: … }` neither.
    assert.equal(fate({ received: { status: 416 }, rules: { ttl: () => 5 } }), 'status');
  });

  it('keeps nothing for a request or an answer that says no-store', () => {
    assert.equal(fate({ asked: { headers: saying('x, No-Store') } }), 'request-no-store');
    assert.equal(fate({ answer: saying('no-store, max-age=60') }), 'no-store');
    assert.equal(fate({ answer: saying('max-age=60, NO-STORE') }), 'no-store');
    assert.equal(fate({ answer: saying('no-store'), rules: { ttl: () => 60 } }), 'no-store');
  });

  it('takes must-understand in the place of no-store, for statuses it knows (RFC 9111 §5.2.2.3)', () => {
    const answer = saying('must-understand, no-store, max-age=60');
    assert.equal(fate({ answer }), 'kept');
    assert.equal(fate({ answer, received: { status: 299 } }), 'status');
  });

  it('keeps nothing private; of private fields all but those', () => {
    for (const control of [
      'private',
      'private=""',
      'private="a b"',
      'private="x", private',
      'public, private',
    ])
      assert.equal(fate({ answer: saying(`max-age=60, ${control}`) }), 'private', control);
    const kept = keptHead({
      ...saying('max-age=60, private="x-a", no-cache="X-B"'),
      'X-A': '1',
      'x-b': '2',
      'X-C': '3',
    });
    assert.deepEqual(
      kept.lines.map(([name]) => name),
      ['Cache-Control', 'X-C'],
    );
    assert.equal(kept.alwaysValidate, false);
  });

  it('keeps no field that is named as for one alone, though the same directive stands there for all', () => {
    const kept = keptHead({ ...saying('max-age=60, no-cache="x-a", no-cache'), 'X-A': '1', 'X-C': '3' });
    assert.deepEqual(
      kept.lines.map(([name]) => name),
      ['Cache-Control', 'X-C'],
    );
    assert.equal(kept.alwaysValidate, true);
  });

  it('keeps no field that Cache-Control names, though CDN-Cache-Control is obeyed', () => {
    const kept = keptHead({ ...saying('private="x-a"'), 'CDN-Cache-Control': 'max-age=60', 'X-A': '1' });
    assert.deepEqual(
      kept.lines.map(([name]) => name),
      ['Cache-Control', 'CDN-Cache-Control'],
    );
  });

  it('keeps nothing for credentials unless the answer says so (RFC 9111 §3.5)', () => {
    const asked = { credentials: true };
    assert.equal(fate({ asked }), 'credentials');
    for (const control of ['public', 's-maxage=9', 'must-revalidate']) {
      assert.equal(fate({ asked, answer: saying(`max-age=60, ${control}`) }), 'kept', control);
      assert.ok(keptHead(saying(`max-age=60, ${control}`)).forCredentials);
    }
    for (const control of [
      'proxy-revalidate',
      's-maxage',
      's-maxage=x',
      's-maxage=1, s-maxage=2',
      'x="public"',
    ])
      assert.equal(fate({ asked, answer: saying(`max-age=60, ${control}`) }), 'credentials', control);
    assert.equal(keptHead(saying('max-age=60')).forCredentials, false);
    assert.equal(fate({ asked, rules: { perConsumer: true } }), 'kept');
    assert.equal(
      fate({ asked, answer: saying('max-age=60, private'), rules: { perConsumer: true } }),
      'private',
    );
  });

  it('keeps nothing with Set-Cookie, or only the rest of it', () => {
    for (const name of ['Set-Cookie', 'set-cookie2']) {
      const answer = { ...saying('public, max-age=60'), [name]: 'a=b' };
      assert.equal(fate({ answer }), 'set-cookie');
      assert.equal(fate({ answer, rules: { perConsumer: true } }), 'set-cookie');
      assert.deepEqual(keptHead(answer, { stripSetCookie: true }).lines, [
        ['Cache-Control', 'public, max-age=60'],
      ]);
    }
  });

  it('does not guess how long the answer to a request with cookies is fresh', () => {
    const answer = { 'Last-Modified': 'Sun, 06 Nov 1993 08:49:37 GMT' };
    const rules = { heuristic: true };
    assert.equal(fate({ answer, rules }), 'kept');
    assert.equal(fate({ answer, rules, asked: { headers: { Cookie: 'a=b' } } }), 'cookie');
    assert.equal(fate({ asked: { headers: { Cookie: 'a=b' } } }), 'kept');
  });

  it('keeps no part that it cannot place', () => {
    const part = (range: string): Case => ({
      received: { status: 206 },
      answer: { ...saying('max-age=60'), 'Content-Range': range },
    });
    assert.equal(fate(part('bytes 0-4/10')), 'kept');
    for (const range of ['bytes 0-4/*', 'bytes 4-0/10', 'bytes 0-10/10', 'items 0-4/10', ''])
      assert.equal(fate(part(range)), 'partial', range);
    assert.equal(fate({ received: { status: 206 } }), 'partial');
  });

  it('keeps no errors beyond the limit, unless the route says how long', () => {
    for (const status of [400, 404, 500, 503]) {
      assert.equal(keptHead(saying('max-age=3600'), {}, { status }).lifetime, 60);
      assert.equal(keptHead(saying('max-age=30'), {}, { status }).lifetime, 30);
      assert.equal(keptHead(saying('max-age=3600'), { ttl: () => 600 }, { status }).lifetime, 600);
      assert.ok(keptHead(saying('max-age=30, stale-if-error=9'), {}, { status }).neverStale);
      assert.equal(fate({ received: { status }, answer: {} }), 'not-fresh');
      assert.equal(fate({ received: { status }, rules: { errorLimit: 0 } }), 'not-fresh');
    }
    assert.equal(keptHead(saying('max-age=3600'), {}, { status: 301 }).lifetime, 3600);
  });

  it('is never used stale where that is forbidden, or what is said of its age is unclear', () => {
    for (const control of [
      ...['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=60'],
      ...['max-age=1', 'max-age=x', 's-maxage'],
    ])
      assert.ok(
        keptHead({ ...saying(`max-age=60, ${control}`), ETag: '"a"' }, { staleIfError: 9 }).neverStale,
        control,
      );
    assert.equal(keptHead(saying('s-maxage=60, stale-while-revalidate=9')).neverStale, false);
    assert.equal(keptHead(saying('max-age=60, no-cache="a"')).neverStale, false);
  });

  it('keeps no line of the connection', () => {
    const kept = keptHead({
      ...saying('max-age=60'),
      ...{
        Connection: 'x',
        'Keep-Alive': '1',
        'Transfer-Encoding': 'chunked',
        Upgrade: 'h2c',
        TE: 'x',
        Trailer: 'x',
      },
      ...{ 'Proxy-Authenticate': 'x', 'Proxy-Authentication-Info': 'x', Age: '1', 'Cache-Status': 'x' },
      ...{ 'Content-Length': '5', 'X-Kept': 'yes' },
    });
    assert.deepEqual(
      kept.lines.map(([name]) => name),
      ['Cache-Control', 'X-Kept'],
    );
  });

  it('knows the words that it may be purged by, whatever their case', () => {
    const kept = keptHead([
      ['Cache-Control', 'max-age=60'],
      ['Cache-Tag', 'A, b'],
      ['Surrogate-Key', ' b  C\td '],
    ]);
    assert.deepEqual(kept.tags, ['a', 'b', 'c', 'd']);
  });

  it('F106: never throws, and keeps nothing of which Cache-Control is malformed', () => {
    const octets = fc
      .array(fc.integer({ min: 0x20, max: 0xff }), { maxLength: 30 })
      .map((codes) => String.fromCharCode(...codes));
    const name = fc.constantFrom(
      ...['Cache-Control', 'CDN-Cache-Control', 'Expires', 'Date', 'Age', 'Vary', 'ETag', 'Last-Modified'],
      ...['Content-Range', 'Cache-Tag', 'Surrogate-Key', 'Set-Cookie', 'Pragma'],
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, octets)), fc.constantFrom(200, 206, 404), (lines, status) => {
        const kept = headToStore(storingRequest(), receivedHead(lines, { status }), {
          ...plainRules,
          heuristic: true,
        });
        if (typeof kept !== 'string') assert.ok(kept.lifetime >= 0 && kept.initialAge >= 0);
      }),
    );
    assert.equal(fate({ answer: saying('max-age=60; public') }), 'malformed');
  });
});

describe('confirmedHeaders', () => {
  const stored = keptHead({
    ...saying('max-age=60'),
    ETag: '"a"',
    Date: 'old',
    'Content-Type': 'text/a',
    'X-A': '1',
  });

  it('takes the lines of the 304, and keeps those that describe the stored body (RFC 9111 §3.2)', () => {
    const confirmation = receivedHeaders([
      ['date', 'new'],
      ['ETag', 'W/"a"'],
      ['Content-Length', '0'],
      ['Content-Encoding', 'gzip'],
      ['Connection', 'x'],
      ['x-a', '2'],
      ['x-a', '3'],
      ['X-B', '4'],
    ]);
    assert.deepEqual(confirmedHeaders(stored, confirmation, arrival), [
      ['Cache-Control', 'max-age=60'],
      ['ETag', '"a"'],
      ['Content-Type', 'text/a'],
      ['date', 'new'],
      ['x-a', '2'],
      ['x-a', '3'],
      ['X-B', '4'],
    ]);
  });

  it('is of now when the 304 does not say of when: its stored Date would make it old again', () => {
    assert.deepEqual(
      confirmedHeaders(stored, receivedHeaders({}), arrival).filter(([name]) => name === 'Date'),
      [['Date', 'Sun, 06 Nov 1994 08:49:37 GMT']],
    );
  });
});
