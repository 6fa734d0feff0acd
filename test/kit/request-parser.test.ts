import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { RequestParser } from './request-parser.ts';
import type { RecordedRequest } from './request-parser.ts';

function parse(text: string, cuts: readonly number[] = []): RequestParser {
  const parser = new RequestParser({ onHead() {}, onRequest() {} });
  const bytes = Buffer.from(text, 'latin1');
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    parser.push(bytes.subarray(from, to));
    from = to;
  }
  return parser;
}

function only(parser: RequestParser): RecordedRequest {
  assert.equal(parser.requests.length, 1);
  const [request] = parser.requests;
  assert.ok(request);
  return request;
}

const head = 'POST /a HTTP/1.1\r\nHost: a\r\n';

describe('a well-formed stream', () => {
  const text =
    `${head}Content-Length: 5\r\n\r\nhello` +
    `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n` +
    'GET /b HTTP/1.1\r\nHost: a\r\n\r\n';

  test('is split into its requests, without irregularities', () => {
    const parser = parse(text);
    assert.deepEqual(
      parser.requests.map(({ method, target, bodyLength, framing, complete, irregularities }) => [
        method,
        target,
        bodyLength,
        framing,
        complete,
        irregularities,
      ]),
      [
        ['POST', '/a', 5, 'length', true, []],
        ['POST', '/a', 8, 'chunked', true, []],
        ['GET', '/b', 0, 'none', true, []],
      ],
    );
    const [first, second, third] = parser.requests;
    assert.deepEqual([first?.start, first?.end, second?.start], [0, first?.end, first?.end]);
    assert.equal(third?.end, text.length);
    assert.equal(second?.body.toString(), 'helloabc');
    assert.deepEqual(second?.chunkExtensions, [';x=y']);
    assert.deepEqual(second?.trailers, [['X-Sum', '1']]);
  });

  test('is split the same however it is cut', () => {
    const summary = (parser: RequestParser): unknown =>
      parser.requests.map((r) => [r.start, r.end, r.headers, r.body.toString(), r.irregularities]);
    const whole = summary(parse(text));
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 })), (cuts) => {
        assert.deepEqual(
          summary(
            parse(
              text,
              cuts.toSorted((a, b) => a - b),
            ),
          ),
          whole,
        );
      }),
    );
  });
});

const irregular: readonly (readonly [name: string, text: string, what: RegExp])[] = [
  ['a bare LF', 'GET / HTTP/1.1\nHost: a\r\n\r\n', /bare LF/],
  ['a bare CR in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n', /bare CR/],
  ['a folded line', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n', /folded/],
  ['a space before the colon', 'GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n', /not a token/],
  ['a line without a colon', 'GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n', /without a colon/],
  ['an empty name', 'GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n', /empty header name/],
  ['a NUL in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n', /control byte/],
  ['a vertical tab before a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: \vb\r\n\r\n', /control byte/],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', /0 Host lines/],
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', /2 Host lines/],
  ['a list as Host', 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n', /Host "a, b"/],
  ['two lengths', `${head}Content-Length: 0\r\nContent-Length: 0\r\n\r\n`, /2 Content-Length lines/],
  ['a signed length', `${head}Content-Length: +0\r\n\r\n`, /Content-Length "\+0"/],
  ['a length beyond counting', `${head}Content-Length: 9007199254740993\r\n\r\n`, /Content-Length "9/],
  [
    'length and coding',
    `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    /and Transfer/,
  ],
  ['a coding that is not chunked', `${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, /gzip/],
  [
    'a coding on 1.0',
    'GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    /on HTTP\/1\.0/,
  ],
  ['a chunk size with 0x', `${head}Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n`, /chunk size/],
  [
    'a chunk size and a space',
    `${head}Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n`,
    /chunk size/,
  ],
  ['an empty extension', `${head}Transfer-Encoding: chunked\r\n\r\n5;\r\nhello\r\n0\r\n\r\n`, /chunk size/],
  [
    'chunk data that is too long',
    `${head}Transfer-Encoding: chunked\r\n\r\n1\r\nhello\r\n0\r\n\r\n`,
    /not followed/,
  ],
  ['a fragment', 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n', /byte in the target/],
  ['obs-text in the target', 'GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n', /byte in the target/],
  ['two spaces', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', /white space in the request line/],
  ['a version that is none', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n', /version/],
  ['garbage', '\x16\x03\x01\x02\x00\n', /request line/],
];

describe('an irregular request', () => {
  for (const [name, text, what] of irregular) {
    test(`is told: ${name}`, () => {
      assert.match(only(parse(text)).irregularities.join('; '), what);
    });
  }

  test('an empty line before a request is told', () => {
    const parser = parse('\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.deepEqual(parser.irregularities, ['empty line before a request line']);
    assert.deepEqual(only(parser).irregularities, []);
  });

  test('a request that breaks off is not complete', () => {
    assert.equal(only(parse(`${head}Content-Length: 5\r\n\r\nhell`)).complete, false);
  });
});
