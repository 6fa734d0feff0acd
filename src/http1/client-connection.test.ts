import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { MemorySocket } from '../../test/conformance/segmentation/memory-socket.ts';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import type { GatewayError } from '../core/errors.ts';
import { LoopTurn } from '../core/loop-turn.ts';
import { ReadMemory } from './read-memory.ts';
import { TimerWheel } from '../core/timer-wheel.ts';
import type { UpstreamHandler, UpstreamResponse } from '../core/upstream-call.ts';
import { ClientConnection } from './client-connection.ts';
import type { OutgoingRequest } from './client-settings.ts';
import { Llhttp } from './llhttp.ts';

const TICK = 50;
const llhttp = new Llhttp();
const settings = {
  connectTimeout: 3000,
  headersTimeout: 30_000,
  bodyIdleTimeout: 60_000,
  streamIdleTimeout: 600_000,
  interimLimit: 16,
};
const head = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';

/** Notes what reaches the exchange. */
class Exchange implements UpstreamHandler {
  readonly events: string[] = [];
  error: GatewayError | undefined;
  body = '';
  onHead: (() => void) | undefined;

  onInterim(status: number): void {
    this.events.push(`interim ${status}`);
  }

  onUpstreamHead({ status }: UpstreamResponse): void {
    this.events.push(`head ${status}`);
    this.onHead?.();
  }

  onUpgrade(): void {
    this.events.push('upgrade');
  }

  onResponseBody(chunk: Uint8Array): void {
    this.body += Buffer.from(chunk).toString('latin1');
  }

  onResponseEnd(): void {
    this.events.push('end');
  }

  onUpstreamError(error: GatewayError): void {
    this.error = error;
    this.events.push(error.code);
  }

  onUpstreamDrain(): void {}
  onUpstreamBackpressure(): void {}
  onBatchStart(): void {}

  onBatchEnd(): boolean {
    return false;
  }
}

describe('ClientConnection', () => {
  let clock: FakeClock;
  let wheel: TimerWheel;
  let socket: MemorySocket;
  let connection: ClientConnection;
  let exchange: Exchange;
  let kept: (number | undefined)[];
  let gone: number;

  beforeEach(() => {
    clock = new FakeClock();
    wheel = new TimerWheel(clock, TICK);
    socket = new MemorySocket();
    kept = [];
    gone = 0;
    const owner = {
      onReusable: (_: ClientConnection, timeout: number | undefined) => void kept.push(timeout),
      onGone: () => void gone++,
    };
    const environment = { llhttp, wheel, turn: new LoopTurn(), readMemory: new ReadMemory() };
    connection = new ClientConnection(socket.asSocket, owner, environment, settings, 'connect');
  });

  afterEach(() => {
    connection.destroy();
    wheel.close();
  });

  function start(request: Partial<OutgoingRequest> = {}): void {
    exchange = new Exchange();
    connection.start({ head, isHead: false, length: 0, upgrade: undefined, ...request }, exchange, settings);
  }

  function answer(text: string): void {
    socket.deliver(Buffer.from(text, 'latin1'));
  }

  function pass(milliseconds: number): void {
    for (let left = milliseconds; left > 0; left -= TICK) {
      clock.advance(Math.min(left, TICK));
      wheel.advance();
    }
  }

  /** Nothing happens until shortly before that time, and then it is the error. */
  function failsAfter(milliseconds: number, code: string): void {
    pass(milliseconds - TICK);
    assert.notEqual(exchange.events.at(-1), code, `not before ${milliseconds} ms`);
    pass(3 * TICK);
    assert.equal(exchange.events.at(-1), code);
    assert.deepEqual([socket.destroyed, gone], [true, 1]);
  }

  it('has the time of a connect until it stands, whatever was written', () => {
    start();
    failsAfter(3000, 'upstream_connect_timeout');
  });

  it('has the time of a head from the connect, if the request is complete by then', () => {
    start();
    pass(2900);
    socket.emit('connect');
    failsAfter(30_000, 'upstream_headers_timeout');
  });

  it('has the time of a head from the end of the request', () => {
    start({ length: 5 });
    socket.emit('connect');
    connection.write(Buffer.from('hel'));
    connection.flush();
    pass(1_000_000);
    assert.equal(exchange.error, undefined);
    connection.write(Buffer.from('lo'));
    connection.end();
    assert.equal(socket.written, `${head}hello`);
    failsAfter(30_000, 'upstream_headers_timeout');
  });

  it('has the time of a head anew for each exchange, and none while it rests', () => {
    start();
    socket.emit('connect');
    answer('HTTP/1.1 204 No Content\r\n\r\n');
    assert.deepEqual(kept, [undefined]);
    pass(1_000_000);
    assert.equal(gone, 0);
    start();
    pass(29_000);
    answer('HTTP/1.1 204 No Content\r\n\r\n');
    start();
    failsAfter(30_000, 'upstream_headers_timeout');
  });

  it('has the time of a quiet body from its last octet', () => {
    start();
    socket.emit('connect');
    answer('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n');
    for (let octet = 0; octet < 5; octet++) {
      pass(59_000);
      answer('x');
    }
    failsAfter(60_000, 'upstream_body_timeout');
    assert.equal(exchange.body, 'xxxxx');
  });

  it('has a longer time for a quiet event stream', () => {
    start();
    socket.emit('connect');
    answer('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
    failsAfter(600_000, 'upstream_body_timeout');
  });

  it('has a longer time for a quiet relay, and what is written counts as well', () => {
    start({ upgrade: 'websocket' });
    socket.emit('connect');
    answer(switching);
    pass(500_000);
    connection.write(Buffer.from('x'));
    failsAfter(600_000, 'upstream_body_timeout');
  });

  it('does not count the time in which its exchange takes nothing', () => {
    start();
    socket.emit('connect');
    answer('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx');
    connection.pause();
    pass(1_000_000);
    assert.equal(exchange.error, undefined);
    connection.resume();
    failsAfter(60_000, 'upstream_body_timeout');
  });

  it('hands nothing over while it is paused, and everything in order afterwards', () => {
    start();
    socket.emit('connect');
    exchange.onHead = () => connection.pause();
    answer('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
    answer('def');
    assert.deepEqual([exchange.events, exchange.body], [['head 200'], '']);
    connection.resume();
    assert.deepEqual([exchange.events, exchange.body], [['head 200', 'end'], 'abcdef']);
    assert.equal(kept.length, 1);
  });

  it('goes on when it is resumed in the very call in which it was paused', () => {
    start();
    socket.emit('connect');
    exchange.onHead = () => {
      connection.pause();
      connection.resume();
    };
    answer('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
    answer('def');
    assert.deepEqual([exchange.events, exchange.body], [['head 200', 'end'], 'abcdef']);
  });

  it('tells nothing more once it is destroyed, whatever still comes', () => {
    for (const text of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc']) {
      start();
      socket.emit('connect');
      answer(text);
      const before = exchange.events.length;
      connection.destroy();
      socket.emit('data', Buffer.from('def'));
      socket.emit('end');
      socket.emit('error', new Error('reset'));
      pass(100_000);
      assert.equal(exchange.events.length, before);
      assert.equal(gone, 1);
    }
  });

  it('is not kept when its target says so, has closed, or goes on talking', () => {
    const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n';
    for (const text of [
      `${ok}Connection: close\r\n\r\nOK`,
      `${ok}\r\nOKx`,
      'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nOK',
    ]) {
      socket = new MemorySocket();
      const owner = { onReusable: () => assert.fail(text), onGone: () => void gone++ };
      connection = new ClientConnection(
        socket.asSocket,
        owner,
        { llhttp, wheel, turn: new LoopTurn(), readMemory: new ReadMemory() },
        settings,
        'connect',
      );
      start();
      socket.emit('connect');
      const before = gone;
      answer(text);
      assert.deepEqual([exchange.events, exchange.body], [['head 200', 'end'], 'OK'], text);
      assert.deepEqual([gone, socket.destroyed], [before + 1, true], text);
    }
  });

  it('is not kept when the answer came before the end of the request', () => {
    start({ length: 10 });
    socket.emit('connect');
    connection.write(Buffer.from('hello'));
    connection.flush();
    answer('HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno');
    assert.deepEqual([exchange.events, exchange.body], [['head 413', 'end'], 'no']);
    assert.deepEqual([kept.length, gone, socket.destroyed], [0, 1, true]);
  });

  it('hands on what a target promises of a connection at rest', () => {
    start();
    socket.emit('connect');
    answer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=7\r\n\r\n');
    assert.deepEqual(kept, [7]);
  });

  it('gives a relay of which both sides have ended a moment to leave, and no more', () => {
    start({ upgrade: 'websocket' });
    socket.emit('connect');
    answer(switching);
    // Whatever is queued does not leave.
    socket.destroySoon = () => undefined;
    connection.end();
    socket.finish();
    assert.deepEqual(exchange.events, ['upgrade', 'end']);
    assert.deepEqual([socket.destroyed, gone], [false, 0]);
    pass(9900);
    assert.equal(gone, 0);
    pass(300);
    assert.deepEqual([socket.destroyed, gone], [true, 1]);
  });

  it('tells a reset in the head from one in the body', () => {
    const broken = new Error('read ECONNRESET');
    for (const [text, code] of [
      ['', 'upstream_closed'],
      ['HTTP/1.1 200', 'upstream_malformed'],
      ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', 'upstream_body_broken'],
      ['HTTP/1.1 200 OK\r\n\r\nhel', 'upstream_body_broken'],
    ] as const) {
      socket = new MemorySocket();
      const owner = { onReusable: () => assert.fail(text), onGone: () => void gone++ };
      const environment = { llhttp, wheel, turn: new LoopTurn(), readMemory: new ReadMemory() };
      connection = new ClientConnection(socket.asSocket, owner, environment, settings, 'connect');
      start();
      socket.emit('connect');
      if (text !== '') answer(text);
      socket.emit('error', broken);
      assert.equal(exchange.error?.code, code, JSON.stringify(text));
      assert.equal(exchange.error.cause, broken);
    }
  });
});
