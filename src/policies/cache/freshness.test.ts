import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { keptHead, plainRules, receivedHead, arrival } from '../../../test/kit/cache-heads.ts';
import type { FakeHeaders } from '../../../test/kit/fake-exchange.ts';
import { httpDate } from '../../http/date.ts';
import { ageOf, freshFor, type ReceivedHead } from './answer.ts';
import { directivesOf, initialAge, lifetimeOf, saysHowLong, type LifetimeRules } from './freshness.ts';

function lifetime(
  headers: FakeHeaders,
  rules: Partial<LifetimeRules> = {},
  parts: Partial<ReceivedHead> = {},
): number | undefined {
  const head = receivedHead(headers, parts);
  return lifetimeOf(head, directivesOf(head.headers).control, { ...plainRules, ...rules });
}

const at = (seconds: number): string => httpDate(arrival + seconds * 1000);

describe('lifetimeOf', () => {
  it('takes s-maxage before max-age before Expires (RFC 9111 §4.2.1)', () => {
    const Expires = at(30);
    assert.equal(lifetime({ 'Cache-Control': 'max-age=20, s-maxage=10', Expires }), 10);
    assert.equal(lifetime({ 'Cache-Control': 's-maxage=0, max-age=20' }), 0);
    assert.equal(lifetime({ 'Cache-Control': 'max-age=20', Expires }), 20);
    assert.equal(lifetime({ Expires }), 30);
    assert.equal(lifetime({ Expires, Date: at(-5) }), 35);
    assert.equal(lifetime({ Expires: at(-1) }), 0);
    assert.equal(lifetime({}), undefined);
  });

  it('takes an Expires that is none, or is there twice, for past (RFC 9111 §5.3)', () => {
    for (const Expires of ['0', '-1', '', 'tomorrow', at(30).replace('GMT', 'UTC')])
      assert.equal(lifetime({ Expires }), 0, Expires);
    assert.equal(
      lifetime([
        ['Expires', at(30)],
        ['Expires', at(30)],
      ]),
      0,
    );
  });

  it('takes what the route says in place of all', () => {
    const ttl = (status: number): number | undefined => (status === 200 ? 5 : undefined);
    assert.equal(lifetime({ 'Cache-Control': 'max-age=20' }, { ttl }), 5);
    assert.equal(lifetime({}, { ttl }), 5);
    assert.equal(lifetime({ 'Cache-Control': 'max-age=20' }, { ttl }, { status: 404 }), 20);
  });

  it('guesses a tenth of the time since the last change, at most a day, only when told to (RFC 9111 §4.2.2)', () => {
    const headers = { 'Last-Modified': at(-1000) };
    assert.equal(lifetime(headers), undefined);
    assert.equal(lifetime(headers, { heuristic: true }), 100);
    assert.equal(lifetime({ ...headers, Date: at(-500) }, { heuristic: true }), 50);
    assert.equal(lifetime({ 'Last-Modified': at(-1e8) }, { heuristic: true }), 86_400);
    assert.equal(lifetime({ 'Last-Modified': at(60) }, { heuristic: true }), 0);
    assert.equal(lifetime({ 'Last-Modified': 'x' }, { heuristic: true }), undefined);
    assert.equal(lifetime(headers, { heuristic: true }, { status: 302 }), undefined);
    assert.equal(
      lifetime({ ...headers, 'Cache-Control': 'public' }, { heuristic: true }, { status: 302 }),
      100,
    );
    assert.equal(lifetime({ ...headers, 'Cache-Control': 'max-age=x' }, { heuristic: true }), 0);
    assert.equal(lifetime({ ...headers, 'Cache-Control': 'no-cache' }, { heuristic: true }), 0);
    assert.equal(lifetime({ 'Cache-Control': 'no-cache' }, { heuristic: true }, { status: 302 }), undefined);
    assert.equal(lifetime({ 'Cache-Control': 'no-cache, public' }, {}, { status: 302 }), 0);
  });

  it('obeys CDN-Cache-Control alone where that is sound (RFC 9213 §2.2)', () => {
    const rest = { 'Cache-Control': 'max-age=20', Expires: at(30) };
    assert.equal(lifetime({ ...rest, 'CDN-Cache-Control': 'max-age=10' }), 10);
    assert.equal(lifetime({ Expires: at(30), 'CDN-Cache-Control': 'public' }), undefined);
    assert.equal(lifetime({ ...rest, 'CDN-Cache-Control': '&&&&' }), 20);
    assert.equal(lifetime({ ...rest, 'CDN-Cache-Control': '' }), 20);
    assert.equal(lifetime({ Expires: at(30), 'CDN-Cache-Control': 'a b' }), 30);
    assert.equal(lifetime({ ...rest, 'CDN-Cache-Control': 'max-age=10, &&&&' }), 20);
    assert.equal(lifetime({ ...rest, 'CDN-Cache-Control': 'max-age=10;x="y"' }), 10);
    assert.equal(lifetime({ ...rest, 'CDN-Cache-Control': 'max-age="10"' }), 0);
  });
});

describe('saysHowLong', () => {
  it('means the answer itself, in the field that counts', () => {
    const says = (headers: FakeHeaders): boolean => saysHowLong(receivedHead(headers).headers);
    assert.ok(says({ 'Cache-Control': 'max-age=1' }));
    assert.ok(says({ 'Cache-Control': 's-maxage=1' }));
    assert.ok(says({ Expires: '0' }));
    assert.equal(says({ 'Last-Modified': at(-9) }), false);
    assert.equal(
      says({ 'CDN-Cache-Control': 'public', Expires: at(9), 'Cache-Control': 'max-age=1' }),
      false,
    );
  });
});

describe('initialAge', () => {
  const age = (headers: FakeHeaders, parts: Partial<ReceivedHead> = {}): number =>
    initialAge(receivedHead(headers, parts));

  it('is the larger of what Date and what Age say, and the time on the way (RFC 9111 §4.2.3)', () => {
    assert.equal(age({}), 0);
    assert.equal(age({ Age: '7' }), 7);
    assert.equal(age({ Date: at(-9) }), 9);
    assert.equal(age({ Date: at(-9), Age: '7' }), 9);
    assert.equal(age({ Date: at(9) }), 0);
    assert.equal(age({ Age: '7' }, { requestTime: arrival - 2000 }), 9);
    assert.equal(age({}, { requestTime: arrival + 60_000 }), 0);
  });

  it('is without end for an Age that is not one number', () => {
    for (const Age of ['', 'x', '-1', '1.5', '0, 0', '7200, 0', '0,7200'])
      assert.equal(age({ Age }), Infinity, Age);
    assert.equal(
      age([
        ['Age', '0'],
        ['Age', '0'],
      ]),
      Infinity,
    );
  });
});

describe('ageOf and freshFor', () => {
  it('add up to the lifetime, whatever the time', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1000), fc.nat(10_000_000), (seconds, initial, later) => {
        const head = keptHead({ 'Cache-Control': `max-age=${seconds}`, Age: String(initial), ETag: '"a"' });
        assert.equal(ageOf(head, arrival + later) + freshFor(head, arrival + later), seconds);
        assert.equal(ageOf(head, arrival + later), initial + Math.floor(later / 1000));
      }),
    );
  });

  it('F187: take nothing for fresh when the clock was set back', () => {
    const head = keptHead({ 'Cache-Control': 'max-age=60' });
    assert.equal(ageOf(head, arrival - 5000), 0);
    assert.equal(freshFor(head, arrival - 5000), 60);
    assert.equal(freshFor(head, arrival - 3_600_000), -Infinity);
  });
});
