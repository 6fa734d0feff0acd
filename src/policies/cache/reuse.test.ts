import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { keptHead, arrival } from '../../../test/kit/cache-heads.ts';
import { receivedHeaders, type FakeHeaders } from '../../../test/kit/fake-exchange.ts';
import {
  forbidsStoring,
  nothingSaid,
  requestDirectives,
  reuseOf,
  standsInForErrors,
  type Reuse,
} from './reuse.ts';

const after = (seconds: number): number => arrival + seconds * 1000;
const said = (control: string) => requestDirectives(receivedHeaders({ 'Cache-Control': control }));

/** What becomes of an answer with this Cache-Control, so many seconds later. */
function reuse(control: string, seconds: number, asked = ''): Reuse {
  const head = keptHead({ 'Cache-Control': control, ETag: '"a"' });
  return reuseOf(head, asked === '' ? nothingSaid : said(asked), after(seconds));
}

describe('requestDirectives', () => {
  it('reads those of RFC 9111 §5.2.1', () => {
    assert.deepEqual(said('no-cache, max-age=1, min-fresh=2, max-stale=3, Only-If-Cached'), {
      ...{ maxAge: 1, minFresh: 2, maxStale: 3, noCache: true, onlyIfCached: true },
    });
    assert.deepEqual(said('x'), nothingSaid);
    assert.equal(said('max-stale').maxStale, Infinity);
    assert.equal(said('max-stale=x').maxStale, 0);
    assert.equal(said('max-age=x').maxAge, 0);
  });

  it('obeys Pragma only without Cache-Control (RFC 9111 §5.4)', () => {
    const noCache = (headers: FakeHeaders): boolean => requestDirectives(receivedHeaders(headers)).noCache;
    assert.ok(noCache({ Pragma: 'no-cache' }));
    assert.ok(noCache({ Pragma: 'x , No-Cache' }));
    assert.ok(
      noCache([
        ['Pragma', 'x'],
        ['Pragma', 'no-cache'],
      ]),
    );
    assert.equal(noCache({ Pragma: 'no-cache', 'Cache-Control': 'max-age=9' }), false);
    assert.equal(noCache({ Pragma: 'no-cached' }), false);
    assert.equal(noCache({}), false);
  });

  it('F106: never throws, and reads in one pass', () => {
    const octets = fc
      .array(fc.integer({ min: 0x20, max: 0xff }), { maxLength: 40 })
      .map((codes) => String.fromCharCode(...codes));
    fc.assert(
      fc.property(octets, (text) => {
        said(text);
        requestDirectives(receivedHeaders({ Pragma: text }));
      }),
    );
    for (const piece of [',', ' ', ', ', 'no-cache', 'no-cache ', 'max-stale ', 'max-stale']) {
      said(`max-stale,${piece.repeat(100_000)};`);
      requestDirectives(receivedHeaders({ Pragma: `${piece.repeat(100_000)};` }));
    }
  });
});

describe('forbidsStoring', () => {
  it('is what no-store does, beside garbage too', () => {
    const forbids = (control: string): boolean =>
      forbidsStoring(receivedHeaders({ 'Cache-Control': control }));
    assert.ok(forbids('max-age=0, NO-STORE'));
    assert.ok(forbids('a b, no-store'));
    assert.equal(forbids('no-cache'), false);
    assert.equal(forbidsStoring(receivedHeaders({})), false);
  });
});

describe('reuseOf', () => {
  it('uses what is fresh until the last second of its lifetime (RFC 9111 §4.2)', () => {
    assert.equal(reuse('max-age=10', 0), 'fresh');
    assert.equal(reuse('max-age=10', 9.9), 'fresh');
    assert.equal(reuse('max-age=10', 10), 'validate');
  });

  it('asks about no-cache every time', () => {
    assert.equal(reuse('max-age=10, no-cache', 0), 'validate');
    assert.equal(reuse('max-age=10, no-cache, stale-while-revalidate=9', 11), 'validate');
    assert.equal(reuse('max-age=10, no-cache', 0, 'max-stale'), 'validate');
  });

  it('obeys a client that wants it younger, fresher or confirmed', () => {
    assert.equal(reuse('max-age=10', 5, 'max-age=5'), 'fresh');
    assert.equal(reuse('max-age=10', 5, 'max-age=4'), 'validate');
    assert.equal(reuse('max-age=10', 5, 'max-age=4, max-stale=60'), 'validate');
    assert.equal(reuse('max-age=10', 5, 'min-fresh=5'), 'fresh');
    assert.equal(reuse('max-age=10', 5, 'min-fresh=6'), 'validate');
    assert.equal(reuse('max-age=10', 5, 'no-cache'), 'validate');
  });

  it('obeys a client that takes it stale, as long as nothing forbids it', () => {
    assert.equal(reuse('max-age=10', 15, 'max-stale=5'), 'stale');
    assert.equal(reuse('max-age=10', 16, 'max-stale=5'), 'validate');
    assert.equal(reuse('max-age=10', 1e6, 'max-stale'), 'stale');
    assert.equal(reuse('max-age=10', 15, 'max-stale, min-fresh=1'), 'validate');
    for (const control of ['must-revalidate', 'proxy-revalidate', 's-maxage=10', 'max-age=11'])
      assert.equal(reuse(`max-age=10, ${control}`, 15, 'max-stale'), 'validate', control);
  });

  it('uses it stale while it is fetched again (RFC 5861 §3)', () => {
    assert.equal(reuse('max-age=10, stale-while-revalidate=5', 14), 'stale-while-revalidate');
    assert.equal(reuse('max-age=10, stale-while-revalidate=5', 15), 'validate');
    assert.equal(reuse('max-age=10, stale-while-revalidate=5, must-revalidate', 12), 'validate');
    assert.equal(reuse('s-maxage=10, stale-while-revalidate=5', 12), 'stale-while-revalidate');
  });

  it('uses nothing whose age nobody knows', () => {
    const head = keptHead(
      { 'Cache-Control': 'max-age=10', Age: 'x', ETag: '"a"' },
      { staleWhileRevalidate: 60 },
    );
    assert.equal(reuseOf(head, said('max-stale'), arrival), 'validate');
    assert.equal(standsInForErrors(head, arrival), false);
  });
});

describe('standsInForErrors', () => {
  const stands = (control: string, seconds: number): boolean =>
    standsInForErrors(keptHead({ 'Cache-Control': control, ETag: '"a"' }), after(seconds));

  it('does so for as long as it says (RFC 5861 §4)', () => {
    assert.ok(stands('max-age=10, stale-if-error=5', 14));
    assert.equal(stands('max-age=10, stale-if-error=5', 15), false);
    assert.equal(stands('max-age=10', 11), false);
    assert.ok(stands('max-age=10', 9));
  });

  it('never does where that is forbidden', () => {
    for (const control of ['must-revalidate', 'proxy-revalidate', 'no-cache'])
      assert.equal(stands(`max-age=10, stale-if-error=99, ${control}`, 11), false, control);
  });
});
