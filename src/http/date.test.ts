import assert from 'node:assert/strict';
import { STATUS_CODES } from 'node:http';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { DateCache, httpDate, parseHttpDate } from './date.ts';
import { statusText } from './status-text.ts';

describe('httpDate', () => {
  it('writes the form that RFC 9110 §5.6.7 prefers', () => {
    assert.equal(httpDate(784_111_777_000), 'Sun, 06 Nov 1994 08:49:37 GMT');
    assert.equal(httpDate(0), 'Thu, 01 Jan 1970 00:00:00 GMT');
  });

  it('refuses what is no date, or one that the form cannot hold', () => {
    for (const ms of [Number.NaN, Infinity, 8.65e15, Date.UTC(10_000, 0), -62_198_755_200_000]) {
      assert.throws(() => httpDate(ms), RangeError, String(ms));
    }
    assert.equal(httpDate(Date.UTC(9999, 11, 31)), 'Fri, 31 Dec 9999 00:00:00 GMT');
  });
});

describe('parseHttpDate', () => {
  const now = Date.UTC(2026, 5, 1);

  it('reads the three forms of RFC 9110 §5.6.7', () => {
    for (const text of [
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
      'sun, 06 nov 1994 08:49:37 gmt',
    ])
      assert.equal(parseHttpDate(text, now), 784_111_777_000, text);
  });

  it('takes a year of two digits for the one that is at most 50 years ahead', () => {
    const yearOf = (digits: string): number =>
      new Date(parseHttpDate(`Sunday, 06-Nov-${digits} 08:49:37 GMT`, now) ?? Number.NaN).getUTCFullYear();
    assert.equal(yearOf('76'), 2076);
    assert.equal(yearOf('77'), 1977);
    assert.equal(yearOf('26'), 2026);
    assert.equal(yearOf('00'), 2000);
  });

  it('takes a leap second for the last of its minute', () => {
    assert.equal(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', now), Date.UTC(2016, 11, 31, 23, 59, 59));
  });

  it('knows leap years, and no other 29 February', () => {
    assert.equal(parseHttpDate('Tue, 29 Feb 2000 00:00:00 GMT', now), Date.UTC(2000, 1, 29));
    for (const year of [1900, 2001, 2100])
      assert.equal(parseHttpDate(`Tue, 29 Feb ${year} 00:00:00 GMT`, now), undefined, String(year));
  });

  it('refuses what is no such date', () => {
    for (const text of [
      ...[
        '',
        '0',
        '-1',
        'now',
        '784111777',
        '1994-11-06T08:49:37Z',
        'Sun, 06 Nov 1994 08:49:37',
        '06 Nov 1994 08:49:37 GMT',
      ],
      ...['Sun, 06 Nov 1994 08:49:37 UTC', 'Sun, 06 Nov 1994 08:49:37 +0000', 'Sun, 6 Nov 1994 08:49:37 GMT'],
      ...['Sun, 00 Nov 1994 08:49:37 GMT', 'Sun, 31 Nov 1994 08:49:37 GMT', 'Sun, 06 Foo 1994 08:49:37 GMT'],
      ...['Sun, 06 Nov 1994 24:00:00 GMT', 'Sun, 06 Nov 1994 08:60:37 GMT', 'Sun, 06 Nov 1994 08:49:61 GMT'],
      ...[' Sun, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT'],
    ])
      assert.equal(parseHttpDate(text, now), undefined, text);
  });

  it('reads every date that httpDate writes', () => {
    const second = fc.integer({
      min: Date.UTC(2000, 0) / 1000 - 63_113_904_000,
      max: Date.UTC(9999, 11) / 1000,
    });
    fc.assert(
      fc.property(second, (seconds) => {
        fc.pre(seconds * 1000 >= -62_167_219_200_000);
        assert.equal(parseHttpDate(httpDate(seconds * 1000), now), seconds * 1000);
      }),
    );
    assert.equal(parseHttpDate(httpDate(-62_167_219_200_000), now), -62_167_219_200_000);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        assert.equal(parseHttpDate(text, now), undefined);
      }),
    );
  });
});

describe('DateCache', () => {
  it('formats once a second and follows a clock that jumps', () => {
    let now = 784_111_777_000;
    const cache = new DateCache(() => now);
    const first = cache.current();
    assert.equal(first, 'Sun, 06 Nov 1994 08:49:37 GMT');
    now += 999;
    assert.equal(cache.current(), first);
    now += 1;
    assert.equal(cache.current(), 'Sun, 06 Nov 1994 08:49:38 GMT');
    now -= 3_600_000;
    assert.equal(cache.current(), 'Sun, 06 Nov 1994 07:49:38 GMT');
  });
});

describe('statusText', () => {
  it('knows what Node knows, in the words of the current registry', () => {
    // Node keeps names from older RFCs and a joke; 510 is obsolete.
    const renamed = new Set(['413', '418', '422', '425', '509', '510']);
    let compared = 0;
    for (const [status, text] of Object.entries(STATUS_CODES)) {
      if (renamed.has(status)) continue;
      assert.equal(statusText(Number(status)), text, status);
      compared++;
    }
    assert.ok(compared > 50);
    assert.equal(statusText(413), 'Content Too Large');
    assert.equal(statusText(422), 'Unprocessable Content');
  });

  it('F62: has no phrase for a status that is not registered', () => {
    for (const status of [0, 299, 600, 999, Number.NaN]) assert.equal(statusText(status), '');
  });
});
