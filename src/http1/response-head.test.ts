import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GatewayError } from '../core/errors.ts';
import { Llhttp, RESPONSE } from './llhttp.ts';
import { COMPLETE, FAILED, MessageReader } from './message-reader.ts';
import type { Http1Response } from './response-head.ts';
import { readResponseHead } from './response-head.ts';

const llhttp = new Llhttp();

/** What becomes of a head: the answer, `malformed`, or `incomplete`. */
function read(text: string, toHead = false): Http1Response | 'malformed' | 'incomplete' {
  const reader = new MessageReader(llhttp, RESPONSE);
  try {
    const result = reader.readHead(Buffer.from(text, 'latin1'), 0);
    if (result === FAILED) return 'malformed';
    if (result !== COMPLETE) return 'incomplete';
    return readResponseHead(reader, toHead);
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'upstream_malformed') return 'malformed';
    throw error;
  } finally {
    reader.close();
  }
}

function accepted(text: string, toHead = false): Http1Response {
  const response = read(text, toHead);
  if (typeof response === 'string') assert.fail(`${response}: ${JSON.stringify(text)}`);
  return response;
}

function answer(status: number, ...lines: readonly string[]): string {
  return `HTTP/1.1 ${status} Some Reason\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
}

function headersOf(response: Http1Response): string[] {
  return [...response.headers].map(([name, value]) => `${name}: ${value}`);
}

describe('a status line', () => {
  for (const line of [
    'HTTP/1.1 200 OK',
    'HTTP/1.0 200 OK',
    'HTTP/1.1 200 ',
    'HTTP/1.1 200',
    'HTTP/1.1 599 \xe9\t!',
  ]) {
    it(`${JSON.stringify(line)} is accepted`, () => {
      assert.equal(accepted(`${line}\r\n\r\n`).status, Number(line.slice(9, 12)));
    });
  }

  for (const line of [
    'HTTP/1.1  200 OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 600 OK',
    'HTTP/1.1 099 OK',
    'HTTP/1.1 2x0 OK',
    'HTTP/1.1 -20 OK',
    'HTTP/1.1 200 O\0K',
    'HTTP/1.1 200 O\x01K',
    'HTTP/1.1 200\tOK',
    'HTTP/1.2 200 OK',
    'HTTP/2.0 200 OK',
    'HTTP/0.9 200 OK',
    'http/1.1 200 OK',
    'ICY 200 OK',
    ' HTTP/1.1 200 OK',
    'GET / HTTP/1.1',
    '\0',
  ]) {
    it(`${JSON.stringify(line)} is refused`, () => assert.equal(read(`${line}\r\n\r\n`), 'malformed'));
  }
});

describe('the lines of an answer', () => {
  it('keep their order and spelling, also when a name comes many times', () => {
    const lines = ['Set-Cookie: a=1; Path=/', 'X-A: b', 'set-cookie: c=2', 'Set-Cookie: d=3'];
    assert.deepEqual(headersOf(accepted(answer(200, ...lines))), lines);
  });

  it('lose those of one connection, and those that Connection names', () => {
    const response = accepted(
      answer(
        200,
        'Connection: x-hop, keep-alive, upgrade',
        'Keep-Alive: timeout=5',
        'Proxy-Connection: close',
        'Proxy-Authenticate: Basic',
        'Proxy-Authentication-Info: x',
        'Trailer: X-Sum',
        'Upgrade: h2c',
        'X-Hop: 1',
        'X-Stay: 2',
      ),
    );
    assert.deepEqual(headersOf(response), ['X-Stay: 2']);
  });

  it('keep what a Connection header must not take away', () => {
    const lines = [
      'Set-Cookie: a',
      'Location: /b',
      'Content-Type: c',
      'Cache-Control: no-store',
      'ETag: "d"',
    ];
    const connection = 'Connection: set-cookie, location, content-type, cache-control, etag, close';
    assert.deepEqual(headersOf(accepted(answer(200, connection, ...lines))), lines);
  });

  it('are no longer than 16 KiB each', () => {
    const line = (length: number): string => `A: ${'x'.repeat(length - 3)}`;
    assert.equal(accepted(answer(200, line(16_384))).headers.size, 1);
    assert.equal(read(answer(200, line(16_385))), 'malformed');
  });

  for (const [what, text] of [
    ['a CR in a value', answer(200, 'A: b\rc')],
    ['a NUL in a value', answer(200, 'A: b\0c')],
    ['a bare LF', answer(200, 'A: b').replaceAll('\r\n', '\n')],
    ['a bare LF behind a value', answer(200, 'A: b\nC: d')],
    ['a folded line', answer(200, 'A: b', ' c')],
    ['a space before the colon', answer(200, 'A : b')],
    ['a line without a colon', answer(200, 'A')],
    ['an empty name', answer(200, ': b')],
    ['a control in a name', answer(200, 'A\x01: b')],
  ] as const) {
    it(`are refused for ${what}`, () => assert.equal(read(text), 'malformed'));
  }
});

describe('the framing of an answer', () => {
  const framing = (text: string, toHead = false): unknown[] => {
    const { body, length, hasBody } = accepted(text, toHead);
    return [body, length, hasBody];
  };

  it('is a length, chunked, or the end of the connection', () => {
    assert.deepEqual(framing(answer(200, 'Content-Length: 5')), ['length', 5, true]);
    assert.deepEqual(framing(answer(200, 'Content-Length: 0')), ['none', 0, true]);
    assert.deepEqual(framing(answer(200, 'Transfer-Encoding: Chunked')), ['chunked', -1, true]);
    assert.deepEqual(framing(answer(200)), ['close', -1, true]);
    assert.deepEqual(framing(answer(200, 'Content-Length: 5').replace('1.1', '1.0')), ['length', 5, true]);
  });

  it('is nothing where there is no body, whatever the lines say', () => {
    assert.deepEqual(framing(answer(200, 'Content-Length: 5'), true), ['none', 5, false]);
    assert.deepEqual(framing(answer(200, 'Transfer-Encoding: chunked'), true), ['none', -1, false]);
    assert.deepEqual(framing(answer(200), true), ['none', -1, false]);
    assert.deepEqual(framing(answer(304, 'Content-Length: 5')), ['none', 5, false]);
    assert.deepEqual(framing(answer(204, 'Content-Length: 5')), ['none', -1, false]);
    assert.deepEqual(framing(answer(103, 'Link: </a>')), ['none', -1, false]);
  });

  it('leaves Content-Length among the lines, but for 1xx and 204', () => {
    for (const [status, left] of [
      [200, '5'],
      [304, '5'],
      [204, undefined],
      [103, undefined],
      [101, undefined],
    ] as const) {
      assert.equal(accepted(answer(status, 'Content-Length: 5')).headers.get('content-length'), left);
    }
  });

  for (const lines of [
    ['Content-Length: 5', 'Content-Length: 5'],
    ['Content-Length: 5', 'Content-Length: 6'],
    ['Content-Length: 5, 5'],
    ['Content-Length: +5'],
    ['Content-Length: 05'],
    ['Content-Length:'],
    ['Content-Length: 5 '.padEnd(40), 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Content-Length: 0'],
    ['Transfer-Encoding: gzip'],
    ['Transfer-Encoding: gzip, chunked'],
    ['Transfer-Encoding: chunked, gzip'],
    ['Transfer-Encoding: chunked, chunked'],
    ['Transfer-Encoding: foo'],
    ['Transfer-Encoding: identity'],
    ['Transfer-Encoding:'],
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  ]) {
    it(`${JSON.stringify(lines)} is refused`, () => assert.equal(read(answer(200, ...lines)), 'malformed'));
  }

  it('is not chunked with HTTP/1.0', () => {
    assert.equal(read(answer(200, 'Transfer-Encoding: chunked').replace('1.1', '1.0')), 'malformed');
  });
});

describe('what a target says of its connection', () => {
  const keeps = (text: string): boolean => accepted(text).keepAlive;
  const length = 'Content-Length: 0';

  it('keeps it, or does not', () => {
    assert.equal(keeps(answer(200, length)), true);
    assert.equal(keeps(answer(200, length, 'Connection: close')), false);
    assert.equal(keeps(answer(200, length, 'Connection: keep-alive, Close')), false);
    assert.equal(keeps(answer(200)), false, 'a body that ends with the connection');
    assert.equal(keeps(answer(200, length).replace('1.1', '1.0')), false);
    assert.equal(keeps(answer(200, length, 'Connection: keep-alive').replace('1.1', '1.0')), true);
  });

  it('promises a time in Keep-Alive, or does not', () => {
    const timeout = (value: string): number | undefined =>
      accepted(answer(200, length, `Keep-Alive: ${value}`)).keepAliveTimeout;
    assert.equal(timeout('timeout=5'), 5);
    assert.equal(timeout('timeout=5, max=100'), 5);
    assert.equal(timeout('max=100,Timeout=7'), 7);
    assert.equal(timeout('timeout=0'), 0);
    assert.equal(timeout('max=100'), undefined);
    assert.equal(timeout('timeout=-5'), undefined);
    assert.equal(timeout('timeout=1e9'), undefined);
    assert.equal(timeout('xtimeout=5'), undefined);
    assert.equal(timeout('timeout=99999999999'), undefined);
    assert.equal(accepted(answer(200, length)).keepAliveTimeout, undefined);
  });

  it('upgrades only with a 101', () => {
    const lines = ['Connection: Upgrade', 'Upgrade: WebSocket'];
    assert.equal(accepted(answer(101, ...lines)).upgrade, 'websocket');
    assert.equal(accepted(answer(426, length, ...lines)).upgrade, undefined);
    assert.equal(accepted(answer(101)).upgrade, undefined);
  });

  it('is an event stream by its media type', () => {
    const isEventStream = (...lines: string[]): boolean => accepted(answer(200, ...lines)).isEventStream;
    assert.equal(isEventStream('Content-Type: text/event-stream'), true);
    assert.equal(isEventStream('Content-Type: Text/Event-Stream; charset=utf-8'), true);
    assert.equal(isEventStream('Content-Type: text/event-streams'), false);
    assert.equal(isEventStream('Content-Type: text/html'), false);
    assert.equal(isEventStream(), false);
    assert.equal(isEventStream('Content-Type: text/event-stream', length), false, 'there is no body');
  });
});
