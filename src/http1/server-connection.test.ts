import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { MemorySocket } from '../../test/conformance/segmentation/memory-socket.ts';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import type { DownstreamHandler } from '../core/downstream.ts';
import type { GatewayError } from '../core/errors.ts';
import { LoopTurn } from '../core/loop-turn.ts';
import { ReadMemory } from './read-memory.ts';
import { TimerWheel } from '../core/timer-wheel.ts';
import { HeaderList } from '../http/header-list.ts';
import { Llhttp } from './llhttp.ts';
import type { Http1Request } from './request-head.ts';
import type { ServerConnectionHandler } from './server-connection.ts';
import { ServerConnection } from './server-connection.ts';
import type { ServerSettings } from './server-settings.ts';

const TICK = 50;
const llhttp = new Llhttp();
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n';
const probe = 'HTTP/1.1 100 Continue\r\n\r\n';

/** Notes what reaches an exchange, and answers when the test says so. */
class Exchange implements DownstreamHandler {
  readonly request: Http1Request;
  readonly connection: ServerConnection;
  readonly events: string[] = [];
  body = '';

  constructor(request: Http1Request, connection: ServerConnection) {
    this.request = request;
    this.connection = connection;
  }

  start(): void {
    this.connection.setBodyTimeouts(300_000, 30_000);
    this.connection.setExchangeTimeout(60_000);
    if (this.request.hasBody) this.connection.startBody();
  }

  answer(text = 'OK'): void {
    const { connection } = this;
    connection.sendHead({ status: 200, headers: new HeaderList(), from: 'target' }, text.length, true);
    if (text !== '') connection.write(Buffer.from(text));
    connection.end();
  }

  onRequestBody(chunk: Uint8Array): void {
    this.body += Buffer.from(chunk).toString('latin1');
  }

  onRequestEnd(): void {
    this.events.push('end');
  }

  onClientError(error: GatewayError): void {
    this.events.push(error.code);
  }

  onExchangeTimeout(): void {
    this.events.push('time-out');
  }

  onResponseSent(): void {
    this.events.push('sent');
  }

  onRequestFlush(): boolean {
    return false;
  }

  onClientDrain(): void {}
}

describe('ServerConnection', () => {
  let clock: FakeClock;
  let wheel: TimerWheel;
  let socket: MemorySocket;
  let connection: ServerConnection;
  let exchanges: Exchange[];
  let refused: string[];
  let closed: number;
  let draining: boolean;

  beforeEach(() => {
    clock = new FakeClock();
    wheel = new TimerWheel(clock, TICK);
    exchanges = [];
    refused = [];
    closed = 0;
    draining = false;
    connect();
  });

  afterEach(() => {
    socket.destroy();
    wheel.close();
  });

  function connect(change: Partial<ServerSettings> = {}): void {
    socket = new MemorySocket();
    const turn = new LoopTurn();
    const handler: ServerConnectionHandler = {
      settings: {
        headersTimeout: 10_000,
        keepAliveTimeout: 75_000,
        writeTimeout: 60_000,
        bodyMinRate: 0,
        requestsPerConnection: 1000,
        headerBytes: 16_384,
        headerCount: 100,
        targetBytes: 8192,
        ...change,
      },
      llhttp,
      wheel,
      turn,
      readMemory: new ReadMemory(),
      get draining() {
        return draining;
      },
      date: () => 'Thu, 01 Jan 1970 00:00:00 GMT',
      onRequest: (request, from) => {
        const made = new Exchange(request, from);
        exchanges.push(made);
        return made;
      },
      onRefused: (error) => {
        refused.push(error.code);
        return '{}';
      },
      onClose: () => void closed++,
    };
    connection = new ServerConnection(socket.asSocket, handler, '127.0.0.1');
  }

  function receive(text: string): void {
    socket.deliver(Buffer.from(text, 'latin1'));
  }

  function exchange(index = exchanges.length - 1): Exchange {
    return exchanges[index] ?? assert.fail(`there is no exchange ${index}`);
  }

  function pass(milliseconds: number): void {
    for (let left = milliseconds; left > 0; left -= TICK) {
      clock.advance(Math.min(left, TICK));
      wheel.advance();
    }
  }

  /** The statuses written so far. */
  function statuses(): string[] {
    return [...socket.written.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status ?? '');
  }

  it('has 10 s for the first head, silence included', () => {
    pass(9900);
    assert.equal(socket.destroyed, false);
    pass(200);
    assert.deepEqual([socket.destroyed, socket.written, closed], [true, '', 1]);
  });

  it('answers 408 to a head that does not come to its end in 10 s', () => {
    receive(get.slice(0, -1));
    pass(9900);
    assert.equal(socket.written, '');
    pass(200);
    assert.deepEqual([statuses(), refused], [['408'], ['request_timeout']]);
  });

  it('rests for 75 s, and then has 10 s from the first octet of the next head', () => {
    receive(get);
    exchange().answer();
    pass(74_000);
    receive(get.slice(0, 5));
    pass(9900);
    assert.equal(refused.length, 0);
    receive(get.slice(5));
    exchange().answer();
    pass(74_900);
    assert.equal(socket.destroyed, false);
    pass(200);
    assert.deepEqual([socket.destroyed, statuses()], [true, ['200', '200']]);
  });

  it('has no time-out of its own while an exchange is under way, but that of the exchange', () => {
    receive(get);
    pass(59_900);
    assert.deepEqual(exchange().events, []);
    pass(200);
    assert.deepEqual(exchange().events, ['time-out']);
    pass(1_000_000);
    assert.equal(socket.destroyed, false);
  });

  it('hands over one request at a time, in order, whatever came in one read', () => {
    receive(get + post.replace('/', '/second') + 'hello' + get.replace('/', '/third'));
    assert.equal(exchanges.length, 1);
    exchange().answer('first');
    assert.equal(exchanges.length, 2);
    assert.deepEqual([exchange().request.path, exchange().body], ['/second', 'hello']);
    exchange().answer('second');
    exchange().answer('third');
    assert.match(socket.written, /first[^]*second[^]*third$/);
    assert.deepEqual(exchange(0).events, ['sent']);
    assert.deepEqual(exchange(1).events, ['end', 'sent']);
  });

  it('reads nothing while a request waits behind another', () => {
    receive(get + get);
    assert.equal(socket.isPaused(), true);
    exchange().answer();
    assert.equal(socket.isPaused(), false);
  });

  it('closes behind the last request that a connection may have, and says so', () => {
    connect({ requestsPerConnection: 2 });
    receive(get);
    exchange().answer();
    receive(get + get);
    exchange().answer();
    assert.equal(exchanges.length, 2);
    assert.deepEqual(socket.written.match(/Connection: close/g)?.length, 1);
    assert.equal(socket.writableEnded, true);
  });

  it('closes behind the present exchange while the gateway drains, and says so', () => {
    receive(get);
    draining = true;
    exchange().answer();
    assert.match(socket.written, /Connection: close/);
    assert.equal(socket.writableEnded, true);
  });

  it('closes at once when it rests and is shut down, and otherwise behind its exchange', () => {
    connection.shutdown();
    assert.equal(socket.destroyed, true);
    connect();
    receive(get);
    connection.shutdown();
    assert.equal(socket.destroyed, false);
    exchange().answer();
    assert.equal(socket.writableEnded, true);
    connect();
    receive(get.slice(0, 5));
    connection.shutdown();
    assert.equal(socket.destroyed, false, 'a request is on its way');
  });

  it('discards what still comes for 2 s behind its last answer, and then is gone', () => {
    receive(get.replace('Host', 'Connection: close\r\nHost'));
    exchange().answer();
    receive(get.repeat(1000));
    assert.equal(exchanges.length, 1);
    pass(1900);
    assert.equal(socket.destroyed, false);
    pass(200);
    assert.equal(socket.destroyed, true);
  });

  it('does not answer a request whose body stops coming with anything but 408', () => {
    receive(`${post}he`);
    pass(29_900);
    assert.deepEqual(exchange().events, []);
    pass(200);
    assert.deepEqual(exchange().events, ['request_timeout']);
  });

  it('takes a FIN in the middle of a body for an abort', () => {
    receive(`${post}he`);
    socket.finish();
    assert.deepEqual(exchange().events, ['client_aborted', 'sent']);
    assert.deepEqual([socket.destroyed, closed], [true, 1]);
  });

  it('asks a client that closed its side whether it is there, at growing intervals, until it has an answer', () => {
    receive(get);
    socket.finish();
    assert.equal(socket.written, probe);
    for (const [elapsed, probes] of [
      [200, 1],
      [150, 2],
      [550, 3],
      [1050, 4],
      [2050, 5],
    ] as const) {
      pass(elapsed);
      assert.equal(socket.written, probe.repeat(probes), `after ${elapsed} more`);
    }
    exchange().answer();
    const { written } = socket;
    assert.match(written, /200 OK[^]*OK$/);
    pass(60_000);
    assert.equal(socket.written, written);
  });

  it('asks no client of HTTP/1.0 whether it is there', () => {
    receive(get.replace('HTTP/1.1', 'HTTP/1.0'));
    socket.finish();
    pass(10_000);
    assert.equal(socket.written, '');
    exchange().answer();
    assert.match(socket.written, /OK$/);
  });

  it('ends a relay of which one side has ended after 10 s', () => {
    receive(get);
    connection.sendUpgrade(new HeaderList());
    receive('frames');
    assert.equal(exchange().body, 'frames');
    connection.end();
    assert.deepEqual([socket.writableEnded, socket.destroyed], [true, false]);
    pass(9900);
    assert.equal(socket.destroyed, false);
    pass(200);
    assert.equal(socket.destroyed, true);
    assert.deepEqual(exchange().events, ['client_aborted', 'sent']);
  });

  it('tells the exchange of the client’s end of a relay, once, and is done when both have ended', () => {
    receive(get);
    connection.sendUpgrade(new HeaderList());
    socket.finish();
    assert.deepEqual(exchange().events, ['end']);
    connection.write(Buffer.from('last words'));
    connection.end();
    assert.deepEqual(exchange().events, ['end', 'sent']);
    assert.match(socket.written, /last words$/);
  });

  it('resets where nothing else says that a body is not complete, and only there', () => {
    for (const [version, length, reset] of [
      ['1.1', 100, false],
      ['1.1', -1, false],
      ['1.0', 100, false],
      ['1.0', -1, true],
    ] as const) {
      connect();
      receive(get.replace('1.1', version));
      connection.sendHead({ status: 200, headers: new HeaderList(), from: 'target' }, length, true);
      connection.write(Buffer.from('half'));
      connection.abort({} as GatewayError);
      assert.deepEqual([socket.destroyed, socket.wasReset], [true, reset], `${version} ${length}`);
      assert.ok(!socket.written.endsWith('0\r\n\r\n'));
    }
  });

  it('never sends more or less of a body than it announced', () => {
    for (const text of ['hell', 'hello!']) {
      connect();
      receive(get);
      connection.sendHead({ status: 200, headers: new HeaderList(), from: 'target' }, 5, true);
      connection.write(Buffer.from(text));
      connection.end();
      assert.equal(socket.destroyed, true);
      assert.ok(!socket.written.endsWith(text) || text.length < 5);
    }
  });

  it('sends interim answers to those who can take them, before the head only', () => {
    receive(get);
    connection.sendInterim(103, HeaderList.from([['Link', '</a>']]));
    exchange().answer();
    assert.match(socket.written, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    connect();
    receive(get.replace('1.1', '1.0'));
    connection.sendInterim(103, HeaderList.from([['Link', '</a>']]));
    assert.equal(socket.written, '');
  });
});
