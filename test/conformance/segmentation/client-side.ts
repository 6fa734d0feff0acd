import { systemClock } from '../../../src/core/clock.ts';
import { LoopTurn } from '../../../src/core/loop-turn.ts';
import { ReadMemory } from '../../../src/http1/read-memory.ts';
import { TimerWheel } from '../../../src/core/timer-wheel.ts';
import type { UpstreamHandler } from '../../../src/core/upstream-call.ts';
import { ClientConnection } from '../../../src/http1/client-connection.ts';
import { Llhttp } from '../../../src/http1/llhttp.ts';
import { MemorySocket } from './memory-socket.ts';

/** Everything that a connection to a target made of what it read. */
export interface ClientTrace {
  readonly events: readonly unknown[];
  readonly body: string;
  readonly destroyed: boolean;
  /** Whether it was given back for another exchange. */
  readonly reusable: boolean;
}

const llhttp = new Llhttp();
const wheel = new TimerWheel(systemClock);
const settings = {
  connectTimeout: 0,
  headersTimeout: 0,
  bodyIdleTimeout: 0,
  streamIdleTimeout: 0,
  interimLimit: 16,
};

/** Reads a target's bytes in these pieces through a client connection that has sent a request of this method. */
export function ask(pieces: readonly Buffer[], method: string, finish: boolean): ClientTrace {
  const events: unknown[] = [];
  let body = '';
  let failed = false;
  let reusable = false;
  const socket = new MemorySocket();
  const owner = { onReusable: () => void (reusable = true), onGone: () => void (reusable = false) };
  const environment = { llhttp, wheel, turn: new LoopTurn(), readMemory: new ReadMemory() };
  const connection = new ClientConnection(socket.asSocket, owner, environment, settings, 'connect');
  const handler: UpstreamHandler = {
    onInterim: (status, headers) => void events.push({ interim: status, headers: [...headers] }),
    onUpstreamHead: ({ headers, ...rest }) => void events.push({ ...rest, headers: [...headers] }),
    onUpgrade: (headers) => void events.push({ upgrade: [...headers] }),
    onResponseBody: (chunk) => void (body += Buffer.from(chunk).toString('latin1')),
    onResponseEnd: (trailers) => void events.push({ end: trailers === undefined ? [] : [...trailers] }),
    onUpstreamDrain() {},
    onUpstreamBackpressure() {},
    onUpstreamError: (error) => {
      events.push({ failed: error.code });
      failed = true;
    },
    onBatchStart() {},
    // The samples are cut from one buffer, which is used again.
    onBatchEnd: () => false,
  };
  socket.emit('connect');
  const head = `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`;
  connection.start({ head, isHead: method === 'HEAD', length: 0, upgrade: undefined }, handler, settings);
  for (const piece of pieces) socket.deliver(piece);
  if (finish) socket.finish();
  // How much of a broken body went through before it broke is a matter of reads; that it broke is not.
  if (failed) body = '';
  const trace = { events, body, destroyed: socket.destroyed, reusable };
  connection.destroy();
  return trace;
}
