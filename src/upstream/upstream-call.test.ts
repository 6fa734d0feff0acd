import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MemorySocket } from '../../test/conformance/segmentation/memory-socket.ts';
import { eventually } from '../../test/kit/eventually.ts';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import type { UpstreamConfig } from '../config/schema.ts';
import type { GatewayError } from '../core/errors.ts';
import { LoopTurn } from '../core/loop-turn.ts';
import { ReadMemory } from '../http1/read-memory.ts';
import { systemRandom } from '../core/random.ts';
import { TimerWheel } from '../core/timer-wheel.ts';
import type { UpstreamHandler } from '../core/upstream-call.ts';
import { Llhttp } from '../http1/llhttp.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { Target, TargetStates } from './target.ts';
import { TargetState } from './target.ts';
import type { CallRequest } from './upstream-call.ts';
import { UpstreamCall } from './upstream-call.ts';
import { Upstream, UpstreamState } from './upstream.ts';

const llhttp = new Llhttp();
const settings = {
  connectTimeout: 3000,
  headersTimeout: 30_000,
  bodyIdleTimeout: 60_000,
  streamIdleTimeout: 600_000,
  interimLimit: 16,
};
const okAnswer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK';

/** A socket in memory that says of itself what the engine asks: whose it is, whether it is paused, what was written. */
class TargetSocket extends MemorySocket {
  readonly label: string;
  pauses = 0;
  resumes = 0;

  constructor(label: string) {
    super();
    this.label = label;
  }

  get readable(): boolean {
    return !this.destroyed;
  }

  override pause(): this {
    this.pauses++;
    return super.pause();
  }

  override resume(): this {
    this.resumes++;
    return super.resume();
  }

  answer(text: string): void {
    this.deliver(Buffer.from(text, 'latin1'));
  }

  /** Fails as the system would. */
  fail(code: string): void {
    this.emit('error', Object.assign(new Error(code), { code, syscall: 'read' }));
    this.destroy();
  }
}

/** Notes what a call tells its exchange. */
class Exchange implements UpstreamHandler {
  readonly events: string[] = [];
  error: GatewayError | undefined;
  body = '';

  onInterim(status: number): void {
    this.events.push(`interim ${status}`);
  }

  onUpstreamHead({ status }: { readonly status: number }): void {
    this.events.push(`head ${status}`);
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

  onUpstreamDrain(): void {
    this.events.push('drain');
  }

  onUpstreamBackpressure(): void {
    this.events.push('full');
  }

  onUpstreamError(error: GatewayError): void {
    this.error = error;
    this.events.push(error.code);
  }

  onBatchStart(): void {}
  onBatchEnd(): boolean {
    return false;
  }
}

describe('UpstreamCall', () => {
  let clock: FakeClock;
  let wheel: TimerWheel;
  let turn: LoopTurn;
  let sockets: TargetSocket[];
  let observed: string[];
  let state: UpstreamState;
  let pools: ConnectionPool[];

  beforeEach(() => {
    clock = new FakeClock();
    wheel = new TimerWheel(clock);
    turn = new LoopTurn();
    sockets = [];
    observed = [];
    pools = [];
    state = new UpstreamState(wheel);
    state.limit = 10;
  });

  afterEach(() => {
    for (const pool of pools) pool.destroy();
    wheel.close();
  });

  function upstreamOf(labels: readonly string[], change: Partial<UpstreamConfig> = {}): Upstream {
    const targets = labels.map((label): Target => {
      const open = (): Socket => {
        const socket = new TargetSocket(label);
        sockets.push(socket);
        return socket.asSocket;
      };
      const pool = new ConnectionPool(
        { event: 'connect', open },
        { llhttp, wheel, turn, readMemory: new ReadMemory() },
      );
      pools.push(pool);
      return { weight: 1, label, host: label, state: new TargetState(pool) };
    });
    const config: UpstreamConfig = {
      name: 'service',
      targets: labels.map((host) => ({ url: `http://${host}`, protocol: 'http', host, port: 80, weight: 1 })),
      balance: 'round-robin',
      timeouts: { connect: 3000, responseHeaders: 30_000, bodyIdle: 60_000, keepAlive: 4000 },
      limits: { inFlight: 10, queue: 1000, connections: undefined },
      retries: { attempts: 1, budget: 0.2 },
      tls: { ca: undefined, serverName: undefined, verify: true },
      allowPrivate: false,
      ...change,
    };
    const next = targets.values();
    // The upstream asks nothing else of it.
    const states = { target: () => next.next().value } as unknown as TargetStates;
    const observer = {
      upstreamError: (_: string, code: string) => void observed.push(code),
      retries: () => void observed.push('retry'),
    };
    return new Upstream(config, state, states, { wheel, random: systemRandom, observer });
  }

  function callOn(
    upstream: Upstream,
    request: Partial<CallRequest> = {},
  ): { call: UpstreamCall; exchange: Exchange } {
    const exchange = new Exchange();
    const plain: CallRequest = {
      headFor: ({ host }) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      isHead: false,
      length: 0,
      upgrade: undefined,
      idempotent: true,
    };
    const call = new UpstreamCall(upstream, { ...plain, ...request }, exchange, settings);
    call.start();
    return { call, exchange };
  }

  function socketAt(index: number): TargetSocket {
    return sockets[index] ?? assert.fail(`there is no socket ${index}`);
  }

  const octets = (text: string): Buffer => Buffer.from(text, 'latin1');

  it('passes an answer on, counts itself out, and leaves the connection to the next', () => {
    const upstream = upstreamOf(['a']);
    const { call, exchange } = callOn(upstream);
    assert.equal(state.inFlight, 1);
    socketAt(0).emit('connect');
    assert.equal(socketAt(0).written, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    socketAt(0).answer(okAnswer);
    assert.deepEqual(exchange.events, ['head 200', 'end']);
    assert.equal(exchange.body, 'OK');
    assert.deepEqual([state.inFlight, call.attempts, call.target?.label], [0, 1, 'a']);
    callOn(upstream);
    assert.equal(sockets.length, 1);
  });

  it('does not touch its connection any more once another exchange has it', () => {
    const upstream = upstreamOf(['a']);
    const first = callOn(upstream);
    socketAt(0).emit('connect');
    socketAt(0).answer(okAnswer);
    const second = callOn(upstream);
    second.call.pause();
    const { pauses, resumes } = socketAt(0);
    first.call.resume();
    first.call.pause();
    first.call.write(octets('x'));
    first.call.end();
    first.call.flush();
    first.call.abort();
    assert.deepEqual([socketAt(0).pauses, socketAt(0).resumes], [pauses, resumes]);
    assert.equal(socketAt(0).destroyed, false);
    assert.equal(socketAt(0).written.match(/GET/g)?.length, 2);
    second.call.resume();
    socketAt(0).answer(okAnswer);
    assert.deepEqual(second.exchange.events, ['head 200', 'end']);
  });

  it('is done with the answer to an upgrade that the target refused, as with any other', () => {
    const upstream = upstreamOf(['a']);
    const refused = callOn(upstream, { upgrade: 'websocket', idempotent: false });
    socketAt(0).emit('connect');
    socketAt(0).answer('HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno');
    assert.deepEqual(refused.exchange.events, ['head 400', 'end']);
    assert.equal(state.inFlight, 0);
    const next = callOn(upstream);
    refused.call.abort();
    assert.equal(sockets.length, 1);
    assert.equal(socketAt(0).destroyed, false);
    socketAt(0).answer(okAnswer);
    assert.deepEqual(next.exchange.events, ['head 200', 'end']);
  });

  it('stays with a raw relay until it is aborted, also when the target has ended its side', () => {
    const upstream = upstreamOf(['a']);
    const { call, exchange } = callOn(upstream, { upgrade: 'websocket', idempotent: false });
    socketAt(0).emit('connect');
    socketAt(0).answer(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello',
    );
    assert.deepEqual([exchange.events, exchange.body], [['upgrade'], 'hello']);
    socketAt(0).finish();
    assert.deepEqual(exchange.events, ['upgrade', 'end']);
    assert.equal(state.inFlight, 1);
    call.write(octets('bye'));
    assert.match(socketAt(0).written, /bye$/);
    call.abort();
    assert.equal(state.inFlight, 0);
    assert.equal(socketAt(0).destroyed, true);
  });

  it('waits for a place, sends what the client has sent meanwhile, and lets the client go on', async () => {
    const upstream = upstreamOf(['a']);
    state.limit = 1;
    const first = callOn(upstream);
    const { call, exchange } = callOn(upstream, { length: -1, idempotent: false });
    assert.equal(sockets.length, 1);
    let more = true;
    let sent = 0;
    while (more) {
      more = call.write(Buffer.alloc(10_000));
      sent += 10_000;
      assert.ok(sent <= 70_000, 'no more than 64 KiB and a read are kept');
    }
    first.call.abort();
    await Promise.resolve();
    assert.equal(sockets.length, 2);
    socketAt(1).emit('connect');
    call.end();
    assert.equal(socketAt(1).written.match(/\0/g)?.length, sent);
    assert.ok(exchange.events.includes('drain'), 'the client that was held up goes on');
    socketAt(1).answer(okAnswer);
    assert.deepEqual(exchange.events.slice(-2), ['head 200', 'end']);
  });

  it('hands its connection to whoever waited for its place', async () => {
    const upstream = upstreamOf(['a']);
    state.limit = 1;
    const first = callOn(upstream);
    const second = callOn(upstream);
    socketAt(0).emit('connect');
    socketAt(0).answer(okAnswer);
    assert.deepEqual(first.exchange.events, ['head 200', 'end']);
    await Promise.resolve();
    assert.equal(sockets.length, 1);
    socketAt(0).answer(okAnswer);
    assert.deepEqual(second.exchange.events.slice(-2), ['head 200', 'end']);
  });

  it('gives its place in the queue up when it is aborted', async () => {
    const upstream = upstreamOf(['a']);
    state.limit = 1;
    const first = callOn(upstream);
    const second = callOn(upstream);
    const third = callOn(upstream);
    assert.deepEqual(third.exchange.events, ['upstream_busy']);
    assert.deepEqual(observed, ['upstream_busy']);
    second.call.abort();
    first.call.abort();
    await Promise.resolve();
    assert.deepEqual([sockets.length, state.inFlight], [1, 0]);
    assert.deepEqual(second.exchange.events, []);
  });

  it('fails when no place comes free in time, and has none then', () => {
    const upstream = upstreamOf(['a']);
    state.limit = 1;
    const first = callOn(upstream);
    const { exchange } = callOn(upstream);
    clock.advance(1200);
    wheel.advance();
    assert.deepEqual(exchange.events, ['upstream_busy']);
    first.call.abort();
    assert.deepEqual([sockets.length, state.inFlight], [1, 0]);
  });

  it('goes to the next target when one cannot be reached, whatever the method', () => {
    const upstream = upstreamOf(['a', 'b']);
    const { call, exchange } = callOn(upstream, { idempotent: false, length: 4 });
    call.write(octets('body'));
    call.end();
    socketAt(0).fail('ECONNREFUSED');
    assert.deepEqual([socketAt(0).label, socketAt(1).label], ['a', 'b']);
    socketAt(1).emit('connect');
    assert.match(socketAt(1).written, /Host: b\r\n\r\nbody$/);
    socketAt(1).answer(okAnswer);
    assert.deepEqual(exchange.events, ['drain', 'head 200', 'end']);
    assert.deepEqual(observed, ['retry'], 'nobody was failed');
    assert.equal(call.attempts, 2);
  });

  it('fails when no target can be reached', () => {
    const { exchange } = callOn(upstreamOf(['a', 'b']));
    socketAt(0).fail('ECONNREFUSED');
    socketAt(1).fail('ECONNREFUSED');
    assert.equal(exchange.error?.code, 'upstream_connect_failed');
    assert.deepEqual(observed, ['retry', 'upstream_connect_failed']);
    assert.equal(state.inFlight, 0);
  });

  it('does not knock again at the only target when it cannot be reached', () => {
    const { exchange } = callOn(upstreamOf(['a']));
    socketAt(0).fail('ECONNREFUSED');
    assert.equal(exchange.error?.code, 'upstream_connect_failed');
  });

  it('sends an idempotent request again, after a moment, when the only target closes before it answers', async () => {
    const { call, exchange } = callOn(upstreamOf(['a']));
    socketAt(0).emit('connect');
    socketAt(0).finish();
    assert.equal(exchange.error, undefined);
    await eventually(() => sockets.length === 2, 'the request is sent again');
    socketAt(1).emit('connect');
    socketAt(1).answer(okAnswer);
    assert.equal(call.attempts, 2);
    assert.deepEqual(exchange.events.slice(-2), ['head 200', 'end']);
  });

  it('does not send again once it was aborted in that moment', async () => {
    const { call } = callOn(upstreamOf(['a']));
    socketAt(0).emit('connect');
    socketAt(0).finish();
    call.abort();
    await sleep(80);
    assert.deepEqual([sockets.length, state.inFlight], [1, 0]);
  });

  for (const [what, request, setting] of [
    ['a request that is not idempotent', { idempotent: false }, {}],
    ['any request when retries are off', {}, { retries: { attempts: 0, budget: 0.2 } }],
  ] as const) {
    it(`does not send ${what} again when a fresh connection closes before the answer`, () => {
      const { exchange } = callOn(upstreamOf(['a', 'b'], setting), request);
      socketAt(0).emit('connect');
      socketAt(0).finish();
      assert.equal(exchange.error?.code, 'upstream_closed');
      assert.deepEqual([sockets.length, state.inFlight], [1, 0]);
    });
  }

  it('does not send again once any octet of an answer has come', () => {
    for (const beginning of ['H', 'HTTP/1.1 200 OK\r\n', okAnswer.slice(0, -1)]) {
      sockets = [];
      const { exchange } = callOn(upstreamOf(['a', 'b']));
      socketAt(0).emit('connect');
      socketAt(0).answer(beginning);
      socketAt(0).finish();
      assert.equal(sockets.length, 1, JSON.stringify(beginning));
      assert.ok(exchange.error !== undefined);
    }
  });

  for (const [size, again] of [
    [65_536, true],
    [65_537, false],
  ] as const) {
    it(`${again ? 'sends' : 'does not send'} a body of ${size} octets again`, () => {
      const { call, exchange } = callOn(upstreamOf(['a', 'b']), { length: size });
      call.write(Buffer.alloc(size - 1, 'x'));
      call.write(Buffer.alloc(1, 'y'));
      call.end();
      socketAt(0).emit('connect');
      socketAt(0).finish();
      assert.equal(sockets.length, again ? 2 : 1);
      if (again) assert.match(socketAt(1).written, /\r\n\r\nx{65535}y$/);
      else assert.equal(exchange.error?.code, 'upstream_closed');
    });
  }

  it('goes on with a body that was still under way when it is sent again', () => {
    const { call, exchange } = callOn(upstreamOf(['a', 'b']), { length: -1 });
    call.write(octets('one'));
    call.flush();
    socketAt(0).emit('connect');
    socketAt(0).finish();
    call.write(octets('two'));
    call.end();
    socketAt(1).emit('connect');
    assert.match(socketAt(1).written, /\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n$/);
    socketAt(1).answer(okAnswer);
    assert.deepEqual(exchange.events.slice(-2), ['head 200', 'end']);
  });

  it('retries no more than its budget', () => {
    const upstream = upstreamOf(['a', 'b'], { retries: { attempts: 1, budget: 0 } });
    for (let request = 0; request < 15; request++) {
      sockets = [];
      callOn(upstream);
      socketAt(0).emit('connect');
      socketAt(0).finish();
      assert.equal(sockets.length, request < 10 ? 2 : 1, `request ${request}`);
      sockets[1]?.destroy();
    }
  });

  describe('on a connection that rested', () => {
    function rested(request: Partial<CallRequest> = {}): { call: UpstreamCall; exchange: Exchange } {
      const upstream = upstreamOf(['a']);
      callOn(upstream);
      socketAt(0).emit('connect');
      socketAt(0).answer(okAnswer);
      return callOn(upstream, request);
    }

    it('sends an idempotent request again at once when the target closes it', () => {
      const { call, exchange } = rested();
      socketAt(0).finish();
      assert.equal(sockets.length, 2);
      socketAt(1).emit('connect');
      socketAt(1).answer(okAnswer);
      assert.deepEqual(exchange.events.slice(-2), ['head 200', 'end']);
      assert.equal(call.attempts, 2);
      assert.deepEqual(observed, ['retry'], 'nobody was failed');
    });

    for (const idempotent of [true, false]) {
      it(`sends ${idempotent ? 'any' : 'even a POST'} again when the target had closed before it was written`, () => {
        turn.open();
        const { exchange } = rested({ idempotent });
        socketAt(0).finish();
        assert.equal(sockets.length, 2);
        socketAt(1).emit('connect');
        socketAt(1).answer(okAnswer);
        assert.deepEqual(exchange.events.slice(-2), ['head 200', 'end']);
      });
    }

    it('takes octets that were there before it for no answer, and asks again on a fresh connection', () => {
      turn.open();
      const { exchange } = rested();
      socketAt(0).answer('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n');
      assert.equal(sockets.length, 2);
      assert.equal(socketAt(0).destroyed, true);
      socketAt(1).emit('connect');
      socketAt(1).answer(okAnswer);
      assert.deepEqual(exchange.events.slice(-2), ['head 200', 'end']);
    });

    it('does not send a POST again for such octets: the target is alive, and may read it', () => {
      turn.open();
      const { exchange } = rested({ idempotent: false });
      socketAt(0).answer('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n');
      assert.equal(sockets.length, 1);
      assert.equal(exchange.error?.code, 'upstream_closed');
    });

    it('does not send a POST again when the target closes it later', () => {
      const { exchange } = rested({ idempotent: false });
      socketAt(0).finish();
      assert.equal(sockets.length, 1);
      assert.equal(exchange.error?.code, 'upstream_closed');
    });

    it('sends a POST again when nothing of it could be written, and not when something was', () => {
      for (const [earlier, again] of [
        [false, true],
        [true, false],
      ] as const) {
        sockets = [];
        turn.open();
        const { call, exchange } = rested({ idempotent: false, length: 10 });
        call.write(octets('hello'));
        if (earlier) call.flush();
        call.write(octets('world'));
        call.flush();
        const broken = Object.assign(new Error('EPIPE'), { code: 'EPIPE', syscall: 'write' });
        socketAt(0).emit('error', broken);
        assert.equal(sockets.length, again ? 2 : 1);
        assert.equal(exchange.error?.code, again ? undefined : 'upstream_closed');
      }
    });
  });
});
