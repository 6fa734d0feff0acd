import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { MemorySocket } from '../../test/conformance/segmentation/memory-socket.ts';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { LoopTurn } from '../core/loop-turn.ts';
import { ReadMemory } from '../http1/read-memory.ts';
import { TimerWheel } from '../core/timer-wheel.ts';
import type { UpstreamHandler } from '../core/upstream-call.ts';
import type { ClientConnection } from '../http1/client-connection.ts';
import { Llhttp } from '../http1/llhttp.ts';
import { ConnectionPool } from './connection-pool.ts';

const TICK = 50;
const llhttp = new Llhttp();
const settings = {
  connectTimeout: 3000,
  headersTimeout: 30_000,
  bodyIdleTimeout: 60_000,
  streamIdleTimeout: 600_000,
  interimLimit: 16,
};
const deaf: UpstreamHandler = {
  onInterim() {},
  onUpstreamHead() {},
  onUpgrade() {},
  onResponseBody() {},
  onResponseEnd() {},
  onUpstreamDrain() {},
  onUpstreamBackpressure() {},
  onUpstreamError() {},
  onBatchStart() {},
  onBatchEnd: () => false,
};

/** A socket in memory of which the pool may ask whether it can still be read. */
class PooledSocket extends MemorySocket {
  get readable(): boolean {
    return !this.destroyed;
  }
}

describe('ConnectionPool', () => {
  let clock: FakeClock;
  let wheel: TimerWheel;
  let sockets: PooledSocket[];
  let pool: ConnectionPool;

  beforeEach(() => {
    clock = new FakeClock();
    wheel = new TimerWheel(clock, TICK);
    sockets = [];
    pool = makePool();
  });

  afterEach(() => {
    pool.destroy();
    wheel.close();
  });

  function makePool(): ConnectionPool {
    const open = (): Socket => {
      const socket = new PooledSocket();
      sockets.push(socket);
      return socket.asSocket;
    };
    const made = new ConnectionPool(
      { event: 'connect', open },
      { llhttp, wheel, turn: new LoopTurn(), readMemory: new ReadMemory() },
    );
    made.keepAlive = 4000;
    return made;
  }

  function pass(milliseconds: number): void {
    for (let left = milliseconds; left > 0; left -= TICK) {
      clock.advance(Math.min(left, TICK));
      wheel.advance();
    }
  }

  function start(connection: ClientConnection): void {
    connection.start(
      { head: 'GET / HTTP/1.1\r\n\r\n', isHead: false, length: 0, upgrade: undefined },
      deaf,
      settings,
    );
  }

  /** A connection that serves an exchange, on its socket. */
  function serve(fresh = false): { connection: ClientConnection; socket: PooledSocket } {
    const known = new Set(sockets);
    const connection = pool.acquire(settings, fresh);
    const socket = sockets.find((each) => each.asSocket === connection.socket);
    assert.ok(socket !== undefined);
    if (!known.has(socket)) socket.emit('connect');
    start(connection);
    return { connection, socket };
  }

  function answer(socket: PooledSocket, ...lines: readonly string[]): void {
    const head = ['HTTP/1.1 200 OK', 'Content-Length: 2', ...lines].join('\r\n');
    socket.deliver(Buffer.from(`${head}\r\n\r\nOK`, 'latin1'));
  }

  function exchange(...lines: readonly string[]): ClientConnection {
    const { connection, socket } = serve();
    answer(socket, ...lines);
    return connection;
  }

  it('uses a connection at rest again, the newest first', () => {
    const first = serve();
    const second = serve();
    assert.equal(pool.size, 2);
    assert.equal(pool.idle, 0);
    answer(first.socket);
    answer(second.socket);
    assert.equal(pool.idle, 2);
    assert.equal(serve().connection, second.connection);
    assert.equal(serve().connection, first.connection);
    assert.equal(first.connection.reused, true);
    assert.equal(pool.size, 2);
  });

  it('opens another where a fresh one is asked for, and leaves those at rest', () => {
    const resting = exchange();
    const { connection } = serve(true);
    assert.notEqual(connection, resting);
    assert.equal(connection.reused, false);
    assert.deepEqual([pool.size, pool.idle, pool.busy], [2, 1, 1]);
  });

  it('opens another in the place of one at rest where there may be no more', () => {
    pool.limit = 1;
    const resting = exchange();
    assert.notEqual(serve(true).connection, resting);
    assert.deepEqual([pool.size, pool.idle, pool.busy], [1, 0, 1]);
  });

  it('does not use a connection that rested for the keep-alive time, to the tick', () => {
    const connection = exchange();
    pass(3950);
    assert.equal(serve().connection, connection);
    answer(sockets[0] ?? assert.fail());
    pass(4000);
    assert.notEqual(serve().connection, connection);
    assert.equal(sockets[0]?.destroyed, true);
  });

  it('closes what rested too long by itself, within a second', () => {
    exchange();
    pass(4000 + 1000 + 2 * TICK);
    assert.equal(sockets[0]?.destroyed, true);
    assert.equal(pool.size, 0);
    pass(5000);
    assert.equal(wheel.size, 0, 'and leaves no timer behind');
  });

  it('believes a target that promises more or less, less a second', () => {
    for (const [promise, usable, tooLate] of [
      ['timeout=20', 18_950, 19_000],
      ['timeout=2', 950, 1000],
      ['timeout=20, max=100', 18_950, 19_000],
      ['timeout=86400', 59_950, 60_000],
    ] as const) {
      const connection = exchange(`Keep-Alive: ${promise}`);
      pass(usable);
      const { connection: again, socket } = serve();
      assert.equal(again, connection, promise);
      answer(socket, `Keep-Alive: ${promise}`);
      pass(tooLate);
      assert.notEqual(serve().connection, connection, promise);
      pool.destroy();
      pool = makePool();
    }
  });

  for (const line of ['Keep-Alive: timeout=1', 'Keep-Alive: timeout=0', 'Connection: close']) {
    it(`does not keep a connection after ${line}`, () => {
      exchange(line);
      assert.equal(sockets[0]?.destroyed, true);
      assert.equal(pool.size, 0);
    });
  }

  it('keeps none when the keep-alive time is 0', () => {
    pool.keepAlive = 0;
    exchange();
    assert.equal(sockets[0]?.destroyed, true);
  });

  it('gives up a connection on which octets come that nobody asked for', () => {
    const connection = exchange();
    sockets[0]?.deliver(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'));
    assert.equal(sockets[0]?.destroyed, true);
    assert.deepEqual([pool.size, pool.idle], [0, 0]);
    assert.notEqual(serve().connection, connection);
  });

  it('gives up a connection whose octets behind the answer came with it, and delivers the answer', () => {
    const { socket } = serve();
    socket.deliver(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOKHTTP/1.1 200 OK\r\n\r\n'));
    assert.equal(socket.destroyed, true);
    assert.deepEqual([pool.size, pool.idle], [0, 0]);
  });

  it('forgets a connection at rest that its target closes', () => {
    exchange();
    sockets[0]?.finish();
    assert.deepEqual([pool.size, pool.idle], [0, 0]);
    exchange();
    sockets[1]?.emit('error', new Error('reset'));
    sockets[1]?.destroy();
    assert.deepEqual([pool.size, pool.idle], [0, 0]);
  });

  it('passes over connections at rest that are dead already', () => {
    const alive = serve();
    const dead = serve();
    answer(alive.socket);
    answer(dead.socket);
    assert.equal(pool.idle, 2);
    // The system has closed it, and nobody was told yet.
    dead.socket.destroyed = true;
    assert.equal(serve().connection, alive.connection);
    assert.equal(pool.size, 1);
  });

  it('closes those at rest when it is closed, and those in use when they come to rest', () => {
    exchange();
    const { socket } = serve(true);
    pool.close();
    assert.equal(sockets[0]?.destroyed, true);
    assert.equal(socket.destroyed, false);
    answer(socket);
    assert.equal(socket.destroyed, true);
    assert.equal(pool.size, 0);
  });

  it('closes everything when it is destroyed', () => {
    exchange();
    const { socket } = serve(true);
    pool.destroy();
    assert.equal(socket.destroyed, true);
    assert.equal(pool.size, 0);
  });
});
