import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arrival, keptHead } from '../../../test/kit/cache-heads.ts';
import { receivedHeaders, type FakeHeaders } from '../../../test/kit/fake-exchange.ts';
import { storedAnswer } from '../../../test/kit/stored-answer.ts';
import type { Reply } from '../../core/exchange.ts';
import { hitStatus, replyFrom, replyFromFill } from './serving.ts';

const head = keptHead({
  ...{ 'Cache-Control': 'max-age=60', ETag: '"a"', 'Content-Type': 'text/plain', 'Content-Language': 'de' },
  Age: '3',
});
const stored = storedAnswer({ body: '0123456789', head });
const told = { now: arrival + 5000, status: undefined };
const get = (headers: FakeHeaders) => ({ method: 'GET', headers: receivedHeaders(headers) });

/** The names and values of a reply's lines. */
function linesOf(reply: Reply | undefined): [string, string][] {
  return [...(reply?.headers ?? [])].map(([name, value]) => [name, value]);
}

const bodyOf = (reply: Reply | undefined): string =>
  reply?.body instanceof Uint8Array ? Buffer.from(reply.body).toString() : '(none)';

describe('replyFrom', () => {
  it('is the whole with its lines and its age (RFC 9111 §5.1)', () => {
    const reply = replyFrom(stored, get({}), told);
    assert.equal(reply?.status, 200);
    assert.equal(bodyOf(reply), '0123456789');
    assert.deepEqual(linesOf(reply), [
      ['Cache-Control', 'max-age=60'],
      ['ETag', '"a"'],
      ['Content-Type', 'text/plain'],
      ['Content-Language', 'de'],
      ['Age', '8'],
    ]);
  });

  it('tells each client the age of its own time', () => {
    const ages = [0, 1000, 59_000].map((later) =>
      new Map(linesOf(replyFrom(stored, get({}), { ...told, now: arrival + later }))).get('Age'),
    );
    assert.deepEqual(ages, ['3', '4', '62']);
  });

  it('says what the cache did, when told to', () => {
    const reply = replyFrom(stored, get({}), { ...told, status: 'waygate; hit' });
    assert.deepEqual(linesOf(reply).at(-1), ['Cache-Status', 'waygate; hit']);
  });

  it('is 304 without what describes a body for who has it', () => {
    const reply = replyFrom(stored, get({ 'If-None-Match': '"a"' }), told);
    assert.deepEqual([reply?.status, reply?.body], [304, undefined]);
    assert.deepEqual(
      linesOf(reply).map(([name]) => name),
      ['Cache-Control', 'ETag', 'Age'],
    );
  });

  it('is the part that is asked for, or says that there is none', () => {
    const part = replyFrom(stored, get({ Range: 'bytes=2-4' }), told);
    assert.deepEqual([part?.status, bodyOf(part)], [206, '234']);
    assert.deepEqual(linesOf(part).at(-1), ['Content-Range', 'bytes 2-4/10']);
    const none = replyFrom(stored, get({ Range: 'bytes=10-' }), told);
    assert.deepEqual([none?.status, none?.body], [416, undefined]);
    assert.deepEqual(linesOf(none).at(-1), ['Content-Range', 'bytes */10']);
  });

  it('is nothing when what is stored is another part, and has one Content-Range otherwise', () => {
    const range = { 'Cache-Control': 'max-age=60', 'Content-Range': 'bytes 2-6/10' };
    const part = storedAnswer({
      body: '23456',
      head: keptHead(range, {}, { status: 206 }),
      part: { first: 2, last: 6, length: 10 },
    });
    assert.equal(replyFrom(part, get({}), told), undefined);
    const reply = replyFrom(part, get({ Range: 'bytes=3-4' }), told);
    assert.deepEqual([reply?.status, bodyOf(reply)], [206, '34']);
    assert.deepEqual(
      linesOf(reply).filter(([name]) => /content-range/i.test(name)),
      [['Content-Range', 'bytes 3-4/10']],
    );
  });

  it('says of what nobody knows the age of that it is as old as can be', () => {
    const ageless = storedAnswer({
      head: keptHead({ 'Cache-Control': 'max-age=60', Age: 'x', ETag: '"a"' }),
    });
    assert.deepEqual(linesOf(replyFrom(ageless, get({}), told)).at(-1), ['Age', '2147483648']);
    assert.equal(hitStatus(ageless.head, arrival), 'waygate; hit; ttl=-2147483648');
  });
});

describe('replyFromFill', () => {
  it('is the answer as it comes, or 304 for who has it', () => {
    const body = { start: () => ({ pause() {}, resume() {}, cancel() {} }) };
    assert.equal(replyFromFill(head, body, get({}), told).body, body);
    const reply = replyFromFill(head, body, get({ 'If-None-Match': '"a"' }), told);
    assert.deepEqual([reply.status, reply.body], [304, undefined]);
  });
});

describe('hitStatus', () => {
  it('is how long it is still fresh (RFC 9211 §2.3)', () => {
    assert.equal(hitStatus(head, arrival), 'waygate; hit; ttl=57');
    assert.equal(hitStatus(head, arrival + 60_000), 'waygate; hit; ttl=-3');
  });
});
