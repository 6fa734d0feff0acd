import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import CachePolicy from 'http-cache-semantics';
import { ageOf, freshFor } from '../../src/policies/cache/answer.ts';
import { askWhetherItHolds, isConfirmation } from '../../src/policies/cache/conditions.ts';
import { requestDirectives, reuseOf } from '../../src/policies/cache/reuse.ts';
import { confirmedHeaders, headToStore } from '../../src/policies/cache/storing.ts';
import { httpDate } from '../../src/http/date.ts';
import { arrival, keptHead, plainRules, receivedHead, storingRequest } from '../kit/cache-heads.ts';
import { receivedHeaders } from '../kit/fake-exchange.ts';

type Lines = Readonly<Record<string, string>>;

/** The library at a time that the test sets: it has no clock that one could hand it. */
class TimedPolicy extends CachePolicy {
  static time = arrival;

  now(): number {
    return TimedPolicy.time;
  }
}

/** What the library makes of an answer that came at {@link arrival}. */
function theirs(
  headers: Lines,
  { status = 200, asked = {} }: { status?: number; asked?: Lines } = {},
): CachePolicy {
  TimedPolicy.time = arrival;
  return new TimedPolicy({ method: 'GET', url: '/', headers: asked }, { status, headers }, { shared: true });
}

/** What of it is answered so many seconds later, `served` also while it is fetched again. */
function theyServe(headers: Lines, seconds: number, asked: Lines = {}): boolean {
  const policy = theirs(headers);
  TimedPolicy.time = arrival + seconds * 1000;
  return policy.evaluateRequest({ method: 'GET', url: '/', headers: asked }).response !== undefined;
}

function weServe(headers: Lines, seconds: number, asked: Lines = {}): boolean {
  const head = headToStore(storingRequest(), receivedHead(headers), plainRules);
  if (typeof head === 'string') return false;
  return reuseOf(head, requestDirectives(receivedHeaders(asked)), arrival + seconds * 1000) !== 'validate';
}

const at = (seconds: number): string => httpDate(arrival + seconds * 1000);
const few = fc.nat(20);
const valued = (name: string): fc.Arbitrary<string> => few.map((seconds) => `${name}=${seconds}`);
const some = (...members: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc
    .subarray(members.map((_, index) => index))
    .chain((chosen) =>
      fc.tuple(...members.filter((_, index) => chosen.includes(index))).map((parts) => parts.join(', ')),
    );

/** Lines of an answer that was made when it came. What is '' is left out. */
const answers = (control: fc.Arbitrary<string>): fc.Arbitrary<Record<string, string>> =>
  fc
    .record({
      'cache-control': control,
      expires: fc.option(fc.integer({ min: -5, max: 20 }).map(at), { nil: '' }),
      'last-modified': fc.option(fc.integer({ min: -1000, max: -1 }).map(at), { nil: '' }),
      age: fc.option(few.map(String), { nil: '' }),
      etag: fc.constantFrom('', '"a"', 'W/"b"'),
    })
    .map((lines) => ({
      date: at(0),
      ...Object.fromEntries(Object.entries(lines).filter(([, value]) => value !== '')),
    }));

const word = (text: string): fc.Arbitrary<string> => fc.constant(text);
const anyControl = some(
  ...[word('no-store'), word('private'), word('public'), word('no-cache'), word('must-revalidate')],
  ...[valued('max-age'), valued('s-maxage'), valued('stale-while-revalidate')],
);

describe('the cache and http-cache-semantics', () => {
  it('keep the same, as far as it is ever fresh (RFC 9111 §3)', () => {
    const status = fc.constantFrom(200, 203, 204, 299, 300, 301, 302, 307, 308, 404, 410, 501);
    const asked = fc.constantFrom<Lines>({}, { authorization: 'x' }, { 'cache-control': 'no-store' });
    let kept = 0;
    fc.assert(
      fc.property(answers(anyControl), status, asked, (headers, code, request) => {
        const policy = theirs(headers, { status: code, asked: request });
        const head = headToStore(
          storingRequest({ headers: request, credentials: request['authorization'] !== undefined }),
          receivedHead(headers, { status: code }),
          { ...plainRules, heuristic: true },
        );
        if (typeof head !== 'string') {
          // They do not know 299, which is kept when it says how long it is fresh.
          if (code !== 299) assert.ok(policy.storable(), JSON.stringify(headers));
          kept++;
        } else if (policy.storable() && code !== 299)
          assert.ok(policy.stale(), `${head} ${JSON.stringify(headers)}`);
      }),
      { numRuns: 500 },
    );
    assert.ok(kept > 50);
  });

  it('reckon the same lifetime, age and time that is left (RFC 9111 §4.2)', () => {
    const control = some(word('public'), word('must-revalidate'), valued('max-age'), valued('s-maxage'));
    let compared = 0;
    fc.assert(
      fc.property(answers(control), few, (headers, later) => {
        const head = headToStore(storingRequest(), receivedHead(headers), { ...plainRules, heuristic: true });
        if (typeof head === 'string') return;
        const policy = theirs(headers);
        TimedPolicy.time = arrival + later * 1000;
        const now = arrival + later * 1000;
        assert.equal(ageOf(head, now), policy.age());
        // Theirs is time that is guessed in fractions.
        const left = Math.floor(policy.maxAge()) - policy.age();
        assert.equal(freshFor(head, now), left);
        assert.equal(Math.max(0, freshFor(head, now)) * 1000, Math.max(0, left) * 1000);
        compared++;
      }),
      { numRuns: 500 },
    );
    assert.ok(compared > 50);
  });

  it('answer the same requests without asking (RFC 9111 §4, §5.2.1; RFC 5861 §3)', () => {
    const control = some(word('public'), valued('max-age'), valued('stale-while-revalidate'));
    const wishes = some(
      ...[
        word('no-cache'),
        valued('max-age'),
        few.map((seconds) => `min-fresh=${seconds + 1}`),
        word('max-stale'),
      ],
    );
    const served = [0, 0];
    fc.assert(
      fc.property(answers(control), few, wishes, (headers, later, wish) => {
        // We keep nothing that nobody has said a time for.
        fc.pre(headers['expires'] !== undefined || (headers['cache-control'] ?? '').includes('max-age'));
        const asked = wish === '' ? {} : { 'cache-control': wish };
        const ours = weServe(headers, later, asked);
        // What is stale when it comes, and cannot be confirmed, is not kept.
        if (typeof headToStore(storingRequest(), receivedHead(headers), plainRules) === 'string') return;
        assert.equal(ours, theyServe(headers, later, asked));
        served[Number(ours)] = (served[Number(ours)] ?? 0) + 1;
      }),
      { numRuns: 1000 },
    );
    assert.ok(served.every((times) => times > 50));
  });

  it('ask their target with the same conditions (RFC 9111 §4.3.1)', () => {
    fc.assert(
      fc.property(answers(valued('max-age')), (headers) => {
        const request = receivedHeaders({ accept: 'x' });
        const head = headToStore(storingRequest(), receivedHead(headers), plainRules);
        if (typeof head === 'string') return;
        askWhetherItHolds(head, request);
        const asked = { accept: 'x' };
        const theirRequest = theirs(headers).revalidationHeaders({ method: 'GET', url: '/', headers: asked });
        assert.deepEqual(
          Object.fromEntries([...request].map(([name, value]) => [name.toLowerCase(), value])),
          theirRequest,
        );
      }),
      { numRuns: 200 },
    );
  });

  it('update the same lines by a 304 (RFC 9111 §3.2)', () => {
    const names = ['x-a', 'x-b', 'content-length', 'content-encoding', 'content-range', 'cache-control'];
    const update = fc.dictionary(fc.constantFrom(...names), fc.constantFrom('max-age=5', 'max-age=6'));
    fc.assert(
      fc.property(update, fc.constantFrom('"a"', 'W/"a"'), (changes, etag) => {
        const stored = {
          ...{ etag, date: at(-1), 'cache-control': 'max-age=1', 'x-a': '1', 'x-b': '1' },
          ...{ 'content-encoding': 'gzip' },
        };
        const confirmation = { ...changes, etag, date: at(9) };
        const request = { method: 'GET', url: '/', headers: {} };
        const { policy, matches } = theirs(stored).revalidatedPolicy(request, {
          status: 304,
          headers: confirmation,
        });
        const head = keptHead(stored);
        assert.equal(isConfirmation(head, receivedHeaders(confirmation)), matches);
        const ours = Object.fromEntries(confirmedHeaders(head, receivedHeaders(confirmation), arrival));
        // They leave out what the stored answer does not have, and serve a date and an age of their own.
        const theirLines = policy.responseHeaders();
        for (const name of Object.keys(stored))
          if (name !== 'date') assert.equal(ours[name], theirLines[name], name);
      }),
      { numRuns: 200 },
    );
  });
});

describe('where http-cache-semantics does otherwise, the cache does as the standard says', () => {
  it('a fresh answer with must-revalidate is used: that is about stale ones (RFC 9111 §5.2.2.2)', () => {
    const headers = { 'cache-control': 'max-age=10, must-revalidate' };
    assert.equal(weServe(headers, 5), true);
    assert.equal(theyServe(headers, 5), false);
  });

  it('and one with proxy-revalidate as well (RFC 9111 §5.2.2.8)', () => {
    const headers = { 'cache-control': 'max-age=10, proxy-revalidate' };
    assert.equal(weServe(headers, 5), true);
    assert.equal(theyServe(headers, 5), false);
  });

  it('no-cache is confirmed, whatever staleness a client accepts (RFC 9111 §5.2.2.4)', () => {
    const headers = { 'cache-control': 'max-age=10, no-cache', etag: '"a"' };
    assert.equal(weServe(headers, 5, { 'cache-control': 'max-stale' }), false);
    assert.equal(theyServe(headers, 5, { 'cache-control': 'max-stale' }), true);
  });

  it('no-cache with field names leaves the rest to be used (RFC 9111 §5.2.2.4)', () => {
    const headers = { 'cache-control': 'max-age=10, no-cache="x-a"' };
    assert.equal(weServe(headers, 5), true);
    assert.equal(theyServe(headers, 5), false);
  });

  it('private with field names leaves the rest to be kept (RFC 9111 §5.2.2.7)', () => {
    const headers = { 'cache-control': 'max-age=10, private="x-a"', 'x-a': '1' };
    assert.deepEqual(keptHead(headers).lines, [['cache-control', headers['cache-control']]]);
    assert.equal(theirs(headers).storable(), false);
  });

  it('names of directives have no case (RFC 9111 §5.2)', () => {
    const headers = { 'cache-control': 'max-age=10, No-Store' };
    assert.equal(weServe(headers, 5), false);
    assert.equal(theyServe(headers, 5), true);
  });

  it('what stands within quotes is no directive (RFC 9110 §5.6.4)', () => {
    const headers = { 'cache-control': 'x="a, max-age=99", max-age=10' };
    assert.equal(keptHead(headers).lifetime, 10);
    assert.equal(weServe({ 'cache-control': 'x="a, no-store", max-age=10' }, 5), true);
    assert.equal(theyServe({ 'cache-control': 'x="a, no-store, b", max-age=10' }, 5), false);
  });

  it('max-age twice with two values is stale (RFC 9111 §4.2.1)', () => {
    const headers = { 'cache-control': 'max-age=1, max-age=10' };
    assert.equal(weServe(headers, 5), false);
    assert.equal(theyServe(headers, 5), true);
  });

  it('s-maxage forbids stale use, even where a client accepts it (RFC 9111 §5.2.2.10)', () => {
    const headers = { 'cache-control': 's-maxage=10' };
    assert.equal(weServe(headers, 15, { 'cache-control': 'max-stale' }), false);
    assert.equal(theyServe(headers, 15, { 'cache-control': 'max-stale' }), true);
  });

  it('max-stale=5 takes what has been stale for 5 seconds (RFC 9111 §5.2.1.2)', () => {
    const headers = { 'cache-control': 'max-age=10' };
    assert.equal(weServe(headers, 15, { 'cache-control': 'max-stale=5' }), true);
    assert.equal(theyServe(headers, 15, { 'cache-control': 'max-stale=5' }), false);
  });

  it('Pragma means nothing in an answer, and nothing beside Cache-Control (RFC 9111 §5.4)', () => {
    const headers = { 'cache-control': 'max-age=10' };
    const asked = { pragma: 'no-cache', 'cache-control': 'max-age=9' };
    assert.equal(weServe(headers, 5, asked), true);
    assert.equal(theyServe(headers, 5, asked), false);
    const old = { pragma: 'no-cache', expires: at(10) };
    assert.equal(weServe(old, 5), true);
    assert.equal(theyServe(old, 5), false);
  });

  it('the age counts from Date too (RFC 9111 §4.2.3)', () => {
    const headers = { 'cache-control': 'max-age=10', date: at(-8) };
    assert.equal(weServe(headers, 5), false);
    assert.equal(theyServe(headers, 5), true);
  });

  it('an Age that is not one number is no leave to take it for young (RFC 9111 §4.2.3, §5.1)', () => {
    const headers = { 'cache-control': 'max-age=10', age: 'x' };
    assert.equal(weServe(headers, 5), false);
    assert.equal(theyServe(headers, 5), true);
  });

  it('a date that is none of HTTP is past (RFC 9111 §5.3)', () => {
    const headers = { expires: new Date(arrival + 10_000).toISOString() };
    assert.equal(weServe(headers, 5), false);
    assert.equal(theyServe(headers, 5), true);
  });

  it('CDN-Cache-Control counts, alone (RFC 9213 §2.2)', () => {
    const headers = { 'cache-control': 'max-age=1', 'cdn-cache-control': 'max-age=10' };
    assert.equal(weServe(headers, 5), true);
    assert.equal(theyServe(headers, 5), false);
  });

  it('must-understand takes the place of no-store (RFC 9111 §5.2.2.3)', () => {
    const headers = { 'cache-control': 'max-age=10, must-understand, no-store' };
    assert.equal(weServe(headers, 5), true);
    assert.equal(theyServe(headers, 5), false);
  });

  it('a 304 adds lines that the stored answer did not have (RFC 9111 §3.2)', () => {
    const stored = { 'cache-control': 'max-age=10', etag: '"a"' };
    const confirmation = { etag: '"a"', 'x-new': '1' };
    const request = { method: 'GET', url: '/', headers: {} };
    const { policy } = theirs(stored).revalidatedPolicy(request, { status: 304, headers: confirmation });
    assert.equal(policy.responseHeaders()['x-new'], undefined);
    const lines = confirmedHeaders(keptHead(stored), receivedHeaders(confirmation), arrival);
    assert.deepEqual(
      lines.find(([name]) => name === 'x-new'),
      ['x-new', '1'],
    );
  });

  it('a 304 without an entity-tag answers the only one that was asked about (RFC 9110 §13.1.2)', () => {
    const stored = { 'cache-control': 'max-age=10', etag: '"a"' };
    const request = { method: 'GET', url: '/', headers: {} };
    assert.equal(theirs(stored).revalidatedPolicy(request, { status: 304, headers: {} }).matches, false);
    assert.equal(isConfirmation(keptHead(stored), receivedHeaders({})), true);
  });

  it('Set-Cookie is not kept, public or not, which RFC 9111 §7.3 leaves to a cache', () => {
    const headers = { 'cache-control': 'public, max-age=10', 'set-cookie': 'a=b' };
    assert.equal(weServe(headers, 5), false);
    assert.equal(theyServe(headers, 5), true);
  });
});
