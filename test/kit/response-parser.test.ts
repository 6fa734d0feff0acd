import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { ByteQueue } from './byte-queue.ts';
import { MalformedResponse, ResponseParser } from './response-parser.ts';
import type { ReceivedResponse } from './response-parser.ts';

/** Reads responses to these methods, the bytes arriving in pieces. */
function read(text: string, methods: readonly string[], cuts: readonly number[] = []): ReceivedResponse[] {
  const queue = new ByteQueue();
  const bytes = Buffer.from(text, 'latin1');
  const responses: ReceivedResponse[] = [];
  let parser = new ResponseParser(methods[0] ?? 'GET');
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    queue.push(bytes.subarray(from, to));
    from = to;
    for (let got = parser.read(queue); got !== undefined; got = parser.read(queue)) {
      responses.push(got);
      parser = new ResponseParser(methods[responses.length] ?? 'GET');
    }
  }
  const last = parser.end();
  return last === undefined ? responses : [...responses, last];
}

const stream =
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi' +
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n' +
  'HTTP/1.1 204 No Content\r\n\r\n' +
  'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n' +
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n' +
  'HTTP/1.0 200 \r\n\r\nto the end';
const methods = ['GET', 'HEAD', 'GET', 'GET', 'GET', 'GET'];

describe('several responses on one connection', () => {
  test('are told apart by their framing and the method they answer', () => {
    assert.deepEqual(
      read(stream, methods).map((r) => [
        r.status,
        r.framing,
        r.text,
        r.interim.map((i) => i.status),
        r.trailers,
      ]),
      [
        [200, 'length', 'hi', [103], []],
        [200, 'none', '', [], []],
        [204, 'none', '', [], []],
        [304, 'none', '', [], []],
        [200, 'chunked', 'abc', [], [['X-T', '1']]],
        [200, 'close', 'to the end', [], []],
      ],
    );
  });

  test('are the same however the bytes are cut', () => {
    const summary = (cuts: readonly number[]): unknown =>
      read(stream, methods, cuts).map((r) => [r.status, r.headers, r.text]);
    const whole = summary([]);
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: stream.length - 1 })), (cuts) => {
        assert.deepEqual(summary(cuts.toSorted((a, b) => a - b)), whole);
      }),
    );
  });
});

describe('a malformed response is refused', () => {
  const malformed: readonly (readonly [name: string, text: string])[] = [
    ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n'],
    ['status 099', 'HTTP/1.1 099 OK\r\n\r\n'],
    ['no status line', 'hello\r\n'],
    ['length and coding', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n'],
    ['a length on a 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n'],
    ['CR in a value', 'HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n'],
    ['a bad chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ];
  for (const [name, text] of malformed) {
    test(name, () => assert.throws(() => read(text, ['GET']), MalformedResponse));
  }

  test('a body that breaks off is not complete', () => {
    assert.deepEqual(read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell', ['GET']), []);
  });
});
