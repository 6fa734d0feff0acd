import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { cutAt, everyCut } from '../../test/conformance/segmentation/cuts.ts';
import { HeaderList } from '../http/header-list.ts';
import { Llhttp, REQUEST, RESPONSE } from './llhttp.ts';
import { COMPLETE, FAILED, INCOMPLETE, MessageReader } from './message-reader.ts';

const llhttp = new Llhttp();
const octets = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What a reader makes of a message with a chunked body, fed in pieces. */
interface Reading {
  readonly head: string;
  readonly target: string;
  readonly lines: readonly (readonly [string, string])[];
  readonly body: string;
  readonly trailers: readonly (readonly [string, string])[];
  readonly rest: string;
  readonly failed: boolean;
}

function readMessage(pieces: readonly Buffer[], type: typeof REQUEST | typeof RESPONSE = REQUEST): Reading {
  const reader = new MessageReader(llhttp, type);
  let [head, target, body, rest] = ['', '', '', ''];
  let lines: Reading['lines'] = [];
  let trailers: Reading['trailers'] = [];
  let state: 'head' | 'body' | 'done' | 'failed' = 'head';
  for (const piece of pieces) {
    let at = 0;
    while (at < piece.length) {
      if (state === 'done' || state === 'failed') {
        rest += piece.toString('latin1', at);
        break;
      }
      const result: number = state === 'head' ? reader.readHead(piece, at) : reader.readChunked(piece, at);
      if (state === 'body') {
        for (let i = 0; i < reader.data.length; i += 2)
          body += piece.toString('latin1', reader.data[i], reader.data[i + 1]);
      }
      at += reader.consumed;
      if (result === FAILED) state = 'failed';
      if (result !== COMPLETE) continue;
      if (state === 'head') {
        head = reader.text;
        target = reader.text.slice(reader.targetStart, reader.targetEnd);
        lines = [...new HeaderList(reader.text, reader.spans)];
        reader.clearHead();
        state = 'body';
      } else {
        trailers = [...(reader.takeTrailers() ?? [])];
        state = 'done';
      }
    }
  }
  reader.close();
  return { head, target, lines, body, trailers, rest, failed: state === 'failed' };
}

const head =
  'POST /some/target?q HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\nEmpty:\r\nX-Long:   a b c  \r\n\r\n';
const body = '5\r\nhello\r\n1;ext="a;b";c\r\n \r\n00a\r\n0123456789\r\n0\r\n';
const trailers = 'X-Sum: 1\r\nX-Empty:\r\nX-Two: a  b  \r\n\r\n';
const next = 'GET /next HTTP/1.1\r\n';

describe('MessageReader', () => {
  const whole = readMessage([octets(head + body + trailers + next)]);

  it('reads head, body and trailers, and stops in front of what follows', () => {
    assert.deepEqual(whole, {
      head,
      target: '/some/target?q',
      lines: [
        ['Host', 'gw.test'],
        ['Transfer-Encoding', 'chunked'],
        ['Empty', ''],
        ['X-Long', 'a b c  '],
      ],
      body: 'hello 0123456789',
      trailers: [
        ['X-Sum', '1'],
        ['X-Empty', ''],
        ['X-Two', 'a  b'],
      ],
      rest: next,
      failed: false,
    });
  });

  it('reads the same however it is cut in two, and byte by byte', () => {
    const message = octets(head + body + trailers + next);
    for (const cuts of everyCut(message.length)) {
      assert.deepEqual(readMessage(cutAt(message, cuts)), whole, `cut at ${cuts.slice(0, 3).join(', ')}`);
    }
  });

  it('reads the same however it is cut anywhere', () => {
    const message = octets(head + body + trailers + next);
    const places = fc.uniqueArray(fc.integer({ min: 1, max: message.length - 1 }), { maxLength: 20 });
    fc.assert(
      fc.property(places, (cuts) => {
        assert.deepEqual(
          readMessage(
            cutAt(
              message,
              cuts.toSorted((a, b) => a - b),
            ),
          ),
          whole,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('reads any body in any chunks', () => {
    const chunks = fc.array(fc.string({ minLength: 1, maxLength: 40, unit: 'binary-ascii' }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(chunks, fc.nat(60), (parts, cut) => {
        const coded = parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
        const message = octets(`${head}${coded}0\r\n\r\n`);
        const pieces = cutAt(message, [head.length, Math.min(message.length - 1, head.length + 1 + cut)]);
        assert.equal(readMessage(pieces).body, parts.join(''));
      }),
    );
  });

  it('knows the status of an answer, and stops behind each interim one', () => {
    const reader = new MessageReader(llhttp, RESPONSE);
    const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
    const text = octets(`${interim}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK`);
    assert.equal(reader.readHead(text, 0), COMPLETE);
    assert.deepEqual([reader.status, reader.consumed], [103, interim.length]);
    reader.clearHead();
    reader.skipBody();
    assert.equal(reader.readHead(text, interim.length), COMPLETE);
    assert.equal(reader.status, 200);
    assert.deepEqual([reader.versionMajor, reader.versionMinor], [1, 1]);
    reader.close();
  });

  it('knows whether part of a head has been read', () => {
    const reader = new MessageReader(llhttp, REQUEST);
    assert.equal(reader.midHead, false);
    assert.equal(reader.readHead(octets('G'), 0), INCOMPLETE);
    assert.equal(reader.midHead, true);
    reader.clearHead();
    assert.equal(reader.midHead, false);
    reader.close();
  });

  it('holds a parser only while it needs one', () => {
    const reader = new MessageReader(llhttp, REQUEST);
    const parser = llhttp.acquire(REQUEST);
    llhttp.release(REQUEST, parser);
    assert.equal(reader.readHead(octets('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 0), COMPLETE);
    assert.notEqual(llhttp.acquire(REQUEST), parser, 'the reader has it');
    reader.skipBody();
    assert.equal(llhttp.acquire(REQUEST), parser, 'the reader has given it back');
    reader.close();
    reader.close();
    assert.notEqual(llhttp.acquire(REQUEST), parser, 'it was not given back twice');
  });

  it('says where and why it failed', () => {
    const reader = new MessageReader(llhttp, REQUEST);
    assert.equal(reader.readHead(octets('GET / HTTP/1.1\r\nA b\r\n\r\n'), 0), FAILED);
    assert.notEqual(reader.errorCode, 0);
    assert.equal(reader.errorReason, 'Invalid header token');
    reader.close();
  });

  for (const [what, bad] of [
    ['a size in another notation', '0x2\r\nab\r\n0\r\n\r\n'],
    ['a size with a sign', '+2\r\nab\r\n0\r\n\r\n'],
    ['no size', '\r\nab\r\n0\r\n\r\n'],
    ['an underscore in a size', '1_0\r\nab\r\n0\r\n\r\n'],
    ['a size of 17 digits', `${'1'.repeat(17)}\r\nab\r\n0\r\n\r\n`],
    ['spaces behind a size', '2 \r\nab\r\n0\r\n\r\n'],
    ['a bare LF behind a size', '2\nab\r\n0\r\n\r\n'],
    ['data longer than its size', '2\r\nabc\r\n0\r\n\r\n'],
    ['a bare LF behind data', '2\r\nab\n0\r\n\r\n'],
    ['a CR in an extension', '2;a\rb\r\nab\r\n0\r\n\r\n'],
    ['a LF in an extension', '2;a\nb\r\nab\r\n0\r\n\r\n'],
    ['a trailer without a colon', '0\r\nX\r\n\r\n'],
    ['a folded trailer', '0\r\nX: a\r\n b\r\n\r\n'],
  ] as const) {
    it(`refuses ${what}, however it is cut`, () => {
      const message = octets(head + bad);
      for (const cuts of [[], ...everyCut(message.length)]) {
        assert.ok(readMessage(cutAt(message, cuts)).failed, `cut at ${cuts.slice(0, 3).join(', ')}`);
      }
    });
  }

  it('refuses more than 1 KiB of extensions between two octets of data, however it is cut', () => {
    const extended = (size: number): Buffer =>
      octets(`${head}1;${'x'.repeat(size - '1;\r\n'.length)}\r\na\r\n0\r\n\r\n`);
    for (const step of [1, 7, 100, 5000]) {
      const cuts = (message: Buffer): number[] =>
        Array.from({ length: Math.ceil(message.length / step) - 1 }, (_, i) => (i + 1) * step);
      const fits = extended(1024);
      const tooMuch = extended(1025);
      assert.equal(readMessage(cutAt(fits, cuts(fits))).failed, false, `in pieces of ${step}`);
      assert.equal(readMessage(cutAt(tooMuch, cuts(tooMuch))).failed, true, `in pieces of ${step}`);
    }
  });

  it('counts trailers as they come, so that somebody can put an end to them', () => {
    const reader = new MessageReader(llhttp, REQUEST);
    reader.readHead(octets(head), 0);
    reader.readChunked(octets('0\r\n'), 0);
    for (let line = 0; line < 100; line++) {
      assert.equal(reader.readChunked(octets(`X-${line % 10}: 12345\r\n`), 0), INCOMPLETE);
    }
    assert.equal(reader.trailerCount, 100);
    assert.equal(reader.trailerBytes, 800);
    assert.equal(reader.readChunked(octets('\r\n'), 0), COMPLETE);
    assert.equal(reader.takeTrailers()?.size, 100);
    assert.deepEqual([reader.trailerCount, reader.trailerBytes], [0, 0]);
    assert.equal(reader.takeTrailers(), undefined);
    reader.close();
  });
});
