import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keptHead, arrival } from '../../../test/kit/cache-heads.ts';
import { storedAnswer } from '../../../test/kit/stored-answer.ts';
import { receivedHeaders, type FakeHeaders } from '../../../test/kit/fake-exchange.ts';
import type { StoredHead } from '../../core/answer-store.ts';
import { httpDate } from '../../http/date.ts';
import {
  askWhetherItHolds,
  isConditional,
  isConfirmation,
  isOfUseFor,
  portionFor,
  type Portion,
} from './conditions.ts';

const at = (seconds: number): string => httpDate(arrival + seconds * 1000);
const head = (headers: Readonly<Record<string, string>> = {}, status = 200): StoredHead =>
  keptHead({ 'Cache-Control': 'max-age=60', ...headers }, {}, { status });
const part = (first: number, last: number): StoredHead =>
  keptHead(
    { 'Cache-Control': 'max-age=60', 'Content-Range': `bytes ${first}-${last}/10` },
    {},
    { status: 206 },
  );

/** What a GET with these headers gets of a stored answer of ten octets. */
function portion(stored: StoredHead, headers: FakeHeaders, { method = 'GET', length = 10 } = {}): Portion {
  return portionFor(stored, length, { method, headers: receivedHeaders(headers) }, arrival + 5000);
}

describe('portionFor', () => {
  it('is the whole for a request without conditions', () => {
    assert.deepEqual(portion(head(), {}), { kind: 'whole' });
  });

  it('is 304 for who has it already, If-None-Match before If-Modified-Since (RFC 9110 §13.2.2)', () => {
    const stored = head({ ETag: '"a"', 'Last-Modified': at(-100) });
    for (const [headers, kind] of [
      [{ 'If-None-Match': 'W/"a"' }, 'not-modified'],
      [{ 'If-None-Match': '"b", "a"' }, 'not-modified'],
      [{ 'If-None-Match': '*' }, 'not-modified'],
      [{ 'If-None-Match': '"b"', 'If-Modified-Since': at(0) }, 'whole'],
      [{ 'If-Modified-Since': at(-100) }, 'not-modified'],
      [{ 'If-Modified-Since': at(-101) }, 'whole'],
      [{ 'If-Modified-Since': 'x' }, 'whole'],
    ] as const)
      assert.equal(portion(stored, headers).kind, kind, JSON.stringify(headers));
    assert.equal(portion(head(), { 'If-None-Match': '*' }).kind, 'not-modified');
    assert.equal(portion(head(), { 'If-None-Match': '"a"' }).kind, 'whole');
    assert.equal(portion(head({ ETag: '"a"' }, 404), { 'If-None-Match': '"a"' }).kind, 'whole');
  });

  it('compares with when it was sent, or came, when nothing says when it changed (RFC 9111 §4.3.2)', () => {
    assert.equal(portion(head({ Date: at(-10) }), { 'If-Modified-Since': at(-10) }).kind, 'not-modified');
    assert.equal(portion(head({ Date: at(-10) }), { 'If-Modified-Since': at(-11) }).kind, 'whole');
    assert.equal(portion(head(), { 'If-Modified-Since': at(0) }).kind, 'not-modified');
    assert.equal(portion(head(), { 'If-Modified-Since': at(-1) }).kind, 'whole');
  });

  it('is the part that is asked for, or says that there is none', () => {
    assert.deepEqual(portion(head(), { Range: 'bytes=2-4' }), {
      ...{ kind: 'part', octets: { first: 2, last: 4 }, contentRange: 'bytes 2-4/10' },
    });
    assert.deepEqual(portion(head(), { Range: 'bytes=10-' }), {
      ...{ kind: 'unsatisfiable', contentRange: 'bytes */10' },
    });
    for (const range of ['bytes=0-1,3-4', 'x=1', 'bytes=4-3'])
      assert.equal(portion(head(), { Range: range }).kind, 'whole', range);
  });

  it('F115: has no parts for HEAD, of errors, or of nothing', () => {
    assert.equal(portion(head(), { Range: 'bytes=2-4' }, { method: 'HEAD' }).kind, 'whole');
    assert.equal(portion(head({}, 404), { Range: 'bytes=2-4' }).kind, 'whole');
    assert.equal(portion(head(), { Range: 'bytes=0-0' }, { length: 0 }).kind, 'whole');
    assert.equal(portion(head(), { Range: 'bytes=-1' }, { length: 0 }).kind, 'whole');
  });

  it('F115: takes a stored part for that part and no other', () => {
    const stored = part(4, 8);
    assert.deepEqual(portion(stored, { Range: 'bytes=5-6' }, { length: 5 }), {
      ...{ kind: 'part', octets: { first: 1, last: 2 }, contentRange: 'bytes 5-6/10' },
    });
    for (const headers of [
      {},
      { Range: 'bytes=3-5' },
      { Range: 'bytes=5-' },
      { Range: 'bytes=-2' },
      { Range: 'bytes=0-' },
    ])
      assert.equal(portion(stored, headers, { length: 5 }).kind, 'missing', JSON.stringify(headers));
    assert.equal(portion(stored, { Range: 'bytes=5-6' }, { method: 'HEAD', length: 5 }).kind, 'missing');
    assert.equal(portion(part(5, 9), { Range: 'bytes=-2' }, { length: 5 }).kind, 'part');
  });

  it('is the whole where If-Range names another (RFC 9110 §13.1.5)', () => {
    const stored = head({ ETag: '"a"', 'Last-Modified': at(-100), Date: at(0) });
    const kind = (condition: string, of = stored): string =>
      portion(of, { Range: 'bytes=0-1', 'If-Range': condition }).kind;
    assert.equal(kind('"a"'), 'part');
    assert.equal(kind(at(-100)), 'part');
    for (const condition of ['"b"', 'W/"a"', 'x', at(-99), at(-101)])
      assert.equal(kind(condition), 'whole', condition);
    assert.equal(kind('W/"a"', head({ ETag: 'W/"a"' })), 'whole');
    // It may have been changed again within that second, or nobody knows when it was sent (RFC 9110 §8.8.2.2).
    assert.equal(kind(at(0), head({ 'Last-Modified': at(0), Date: at(0) })), 'whole');
    assert.equal(kind(at(-100), head({ 'Last-Modified': at(-100) })), 'whole');
  });
});

describe('askWhetherItHolds', () => {
  it('asks with what the stored answer has, in place of what the client has (RFC 9111 §4.3.1)', () => {
    const request = receivedHeaders({
      ...{
        'If-None-Match': '"c"',
        Range: 'bytes=0-1',
        'If-Range': '"c"',
        'If-Modified-Since': at(0),
        Accept: 'x',
      },
    });
    askWhetherItHolds(head({ ETag: 'W/"a"' }), request);
    assert.deepEqual(
      [...request],
      [
        ['Accept', 'x'],
        ['If-None-Match', 'W/"a"'],
      ],
    );
    assert.ok(isConditional(request));
    askWhetherItHolds(head({ ETag: '"a"', 'Last-Modified': at(-1) }), request);
    assert.deepEqual(
      [...request],
      [
        ['Accept', 'x'],
        ['If-None-Match', '"a"'],
        ['If-Modified-Since', at(-1)],
      ],
    );
  });
});

describe('isConfirmation', () => {
  it('F114: is none when it names another representation (RFC 9111 §4.3.4)', () => {
    const confirms = (etag: string | undefined, named?: string): boolean =>
      isConfirmation(
        head(etag === undefined ? {} : { ETag: etag }),
        receivedHeaders(named === undefined ? {} : { ETag: named }),
      );
    assert.ok(confirms('"a"', '"a"'));
    assert.ok(confirms('W/"a"', '"a"'));
    assert.ok(confirms('"a"'));
    assert.equal(confirms('"a"', '"b"'), false);
    assert.equal(confirms('"a"', 'W/"b"'), false);
  });
});

describe('isOfUseFor', () => {
  it('F115: is a part only for who wants a part of it', () => {
    const stored = storedAnswer({ body: '45678', head: part(4, 8), part: { first: 4, last: 8, length: 10 } });
    const wants = (headers: FakeHeaders): boolean =>
      isOfUseFor(stored, { method: 'GET', headers: receivedHeaders(headers) }, arrival);
    assert.ok(wants({ Range: 'bytes=4-4' }));
    assert.equal(wants({}), false);
    assert.equal(wants({ Range: 'bytes=0-4' }), false);
    assert.ok(isOfUseFor(storedAnswer(), { method: 'GET', headers: receivedHeaders({}) }, arrival));
  });
});
