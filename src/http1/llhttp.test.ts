import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { HPE, Llhttp, REQUEST, RESPONSE } from './llhttp.ts';
import type { LlhttpEvents } from './llhttp.ts';

const load = createRequire(import.meta.url);
const request = 'POST /a?b HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n';
const body = '3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n';

/** Notes what the parser reports, sliced out of what it was fed. */
class Recorder implements LlhttpEvents {
  readonly seen: string[] = [];
  fed = '';
  atHead: number = HPE.OK;
  atEnd: number = HPE.OK;

  onUrl(start: number, end: number): void {
    this.#note('url', start, end);
  }

  onHeaderField(start: number, end: number): void {
    this.#note('name', start, end);
  }

  onHeaderValue(start: number, end: number): void {
    this.#note('value', start, end);
  }

  onBody(start: number, end: number): void {
    this.#note('body', start, end);
  }

  onHeadersComplete(): number {
    this.seen.push('head');
    return this.atHead;
  }

  onMessageComplete(): number {
    this.seen.push('end');
    return this.atEnd;
  }

  #note(what: string, start: number, end: number): void {
    this.seen.push(`${what} ${this.fed.slice(start, end)}`);
  }
}

/** Feeds a text from an offset. Offsets of events are counted from there. */
function feed(llhttp: Llhttp, parser: number, events: Recorder, text: string, start = 0): number {
  events.fed = text.slice(start);
  return llhttp.execute(parser, events, Buffer.from(text, 'latin1'), start);
}

describe('the build of llhttp that undici ships', () => {
  it('lies where it is looked for, in a package of the major version that was tried', () => {
    const { version } = load('undici/package.json') as { version: string };
    assert.match(version, /^8\./, 'look at llhttp.ts and its tests before moving to another major version');
    assert.ok(load('undici/lib/llhttp/llhttp_simd-wasm.js') instanceof Uint8Array);
  });

  it('numbers its errors as we do', () => {
    const { ERROR, TYPE } = load('undici/lib/llhttp/constants.js') as Record<string, Record<string, number>>;
    for (const [name, code] of Object.entries(HPE)) assert.equal(ERROR?.[name], code, name);
    assert.deepEqual([TYPE?.['REQUEST'], TYPE?.['RESPONSE']], [REQUEST, RESPONSE]);
  });

  it('is as strict as it comes: nothing that it can be lenient about is let through', () => {
    const llhttp = new Llhttp();
    const bad = [
      'GET / HTTP/1.1\nHost: a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost : a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n',
      'GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na0\r\n\r\n',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n',
    ];
    for (const text of bad) {
      const parser = llhttp.acquire(REQUEST);
      assert.notEqual(feed(llhttp, parser, new Recorder(), text), HPE.OK, JSON.stringify(text));
      assert.notEqual(llhttp.reason(parser), '');
      llhttp.release(REQUEST, parser);
    }
  });
});

describe('Llhttp', () => {
  it('reports the parts of a request by their offsets', () => {
    const llhttp = new Llhttp();
    const events = new Recorder();
    const parser = llhttp.acquire(REQUEST);
    assert.equal(feed(llhttp, parser, events, request + body), HPE.OK);
    assert.equal(llhttp.consumed, request.length + body.length);
    assert.deepEqual(events.seen, [
      'url /a?b',
      'name Host',
      'value gw.test',
      'name Transfer-Encoding',
      'value chunked',
      'head',
      'body abc',
      'body de',
      'name X-Sum',
      'value 1',
      'end',
    ]);
    assert.deepEqual([llhttp.versionMajor(parser), llhttp.versionMinor(parser)], [1, 1]);
  });

  it('reports the status and version of an answer', () => {
    const llhttp = new Llhttp();
    const parser = llhttp.acquire(RESPONSE);
    const events = new Recorder();
    feed(llhttp, parser, events, 'HTTP/1.0 404 Not Found\r\nContent-Length: 2\r\n\r\nno');
    assert.equal(llhttp.status(parser), 404);
    assert.deepEqual([llhttp.versionMajor(parser), llhttp.versionMinor(parser)], [1, 0]);
    assert.deepEqual(events.seen, ['name Content-Length', 'value 2', 'head', 'body no', 'end']);
  });

  it('stops right behind the head and right behind the message when told to, and goes on there', () => {
    const llhttp = new Llhttp();
    const parser = llhttp.acquire(REQUEST);
    const events = new Recorder();
    events.atHead = events.atEnd = HPE.PAUSED;
    const text = `${request}${body}GET /next HTTP/1.1\r\n`;
    assert.equal(feed(llhttp, parser, events, text), HPE.PAUSED);
    assert.equal(llhttp.consumed, request.length);
    assert.equal(feed(llhttp, parser, events, text, request.length), HPE.PAUSED);
    assert.equal(llhttp.consumed, body.length);
    assert.equal(events.seen.at(-1), 'end');
    assert.equal(feed(llhttp, parser, events, text, request.length + body.length), HPE.OK);
    assert.equal(events.seen.at(-1), 'url /next');
  });

  it('stops behind the head of an upgrade as behind any other', () => {
    const llhttp = new Llhttp();
    const head = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    const events = new Recorder();
    events.atHead = HPE.PAUSED;
    assert.equal(feed(llhttp, llhttp.acquire(REQUEST), events, `${head}frames`), HPE.PAUSED);
    assert.equal(llhttp.consumed, head.length);
    const answer = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    assert.equal(feed(llhttp, llhttp.acquire(RESPONSE), events, `${answer}frames`), HPE.PAUSED);
    assert.equal(llhttp.consumed, answer.length);
  });

  it('says where it stopped, why, and with which code', () => {
    const llhttp = new Llhttp();
    const cases: [text: string, code: number, at: number][] = [
      ['FOO / HTTP/1.1\r\n', HPE.INVALID_METHOD, 1],
      ['GET /\x01 HTTP/1.1\r\n', HPE.INVALID_URL, 5],
      ['GET / HTTP/1.2\r\n', HPE.INVALID_VERSION, 14],
      ['GET / HTTP/1.1\r\nContent-Length: x\r\n', HPE.INVALID_CONTENT_LENGTH, 32],
      ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', HPE.PAUSED_H2_UPGRADE, 24],
    ];
    for (const [text, code, at] of cases) {
      const parser = llhttp.acquire(REQUEST);
      assert.equal(feed(llhttp, parser, new Recorder(), text), code, JSON.stringify(text));
      assert.equal(llhttp.consumed, at, JSON.stringify(text));
      llhttp.release(REQUEST, parser);
    }
    const parser = llhttp.acquire(REQUEST);
    feed(llhttp, parser, new Recorder(), 'GET / HTTP/1.1\r\nContent-Length: x\r\n');
    assert.equal(llhttp.reason(parser), 'Invalid character in Content-Length');
  });

  it('keeps the state of several parsers apart', () => {
    const llhttp = new Llhttp();
    const parsers = Array.from({ length: 3 }, () => ({
      parser: llhttp.acquire(REQUEST),
      events: new Recorder(),
    }));
    assert.equal(new Set(parsers.map(({ parser }) => parser)).size, 3);
    for (let i = 0; i < request.length; i++) {
      for (const { parser, events } of parsers) {
        assert.equal(feed(llhttp, parser, events, request.slice(i, i + 1)), HPE.OK);
      }
    }
    for (const { events } of parsers) assert.equal(events.seen.at(-1), 'head');
  });

  it('lends a parser that was given back as good as new, whatever it had come to', () => {
    const llhttp = new Llhttp();
    for (const text of ['GET /half', 'nonsense', `${request}zz`, request + body]) {
      const parser = llhttp.acquire(REQUEST);
      feed(llhttp, parser, new Recorder(), text);
      llhttp.release(REQUEST, parser);
      assert.equal(llhttp.acquire(REQUEST), parser, 'it is the same one');
      assert.equal(feed(llhttp, parser, new Recorder(), request + body), HPE.OK, JSON.stringify(text));
      llhttp.release(REQUEST, parser);
    }
  });

  it('takes 64 KiB at once and leaves the rest', () => {
    const llhttp = new Llhttp();
    const parser = llhttp.acquire(REQUEST);
    const size = 100_000;
    const text = `GET /${'x'.repeat(size)} HTTP/1.1\r\n\r\n`;
    assert.equal(feed(llhttp, parser, new Recorder(), text), HPE.OK);
    assert.equal(llhttp.consumed, 65_536);
    const events = new Recorder();
    assert.equal(feed(llhttp, parser, events, text, 65_536), HPE.OK);
    assert.equal(llhttp.consumed, text.length - 65_536);
    assert.equal(events.seen.at(-1), 'end');
  });

  it('goes on when its memory had to grow for more parsers', () => {
    const llhttp = new Llhttp();
    const parsers = Array.from({ length: 20_000 }, () => llhttp.acquire(REQUEST));
    const events = new Recorder();
    for (const parser of [parsers[0], parsers.at(-1)]) {
      assert.ok(parser !== undefined && parser !== 0);
      assert.equal(feed(llhttp, parser, events, request), HPE.OK);
      assert.equal(events.seen.at(-1), 'head');
    }
    for (const parser of parsers) llhttp.release(REQUEST, parser);
  });

  it('keeps some parsers at rest, and gives the memory of the others back', () => {
    const llhttp = new Llhttp();
    let highest = 0;
    for (let round = 0; round < 20; round++) {
      const parsers = Array.from({ length: 2000 }, () => llhttp.acquire(RESPONSE));
      const most = Math.max(...parsers);
      if (round > 0) assert.ok(most <= highest, 'freed memory is used again');
      highest = Math.max(highest, most);
      for (const parser of parsers) llhttp.release(RESPONSE, parser);
    }
  });
});
