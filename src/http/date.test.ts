import assert from 'node:assert/strict';
import { STATUS_CODES } from 'node:http';
import { describe, it } from 'node:test';
import { DateCache, httpDate } from './date.ts';
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
