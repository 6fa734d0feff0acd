import { systemClock } from '../../../src/core/clock.ts';
import type { DownstreamHandler } from '../../../src/core/downstream.ts';
import type { GatewayError } from '../../../src/core/errors.ts';
import { LoopTurn } from '../../../src/core/loop-turn.ts';
import { ReadMemory } from '../../../src/http1/read-memory.ts';
import { TimerWheel } from '../../../src/core/timer-wheel.ts';
import { HeaderList } from '../../../src/http/header-list.ts';
import { Llhttp } from '../../../src/http1/llhttp.ts';
import type { Http1Request } from '../../../src/http1/request-head.ts';
import { ServerConnection } from '../../../src/http1/server-connection.ts';
import type { ServerConnectionHandler } from '../../../src/http1/server-connection.ts';
import { MemorySocket } from './memory-socket.ts';

/** Everything that a connection from a client made of what it read. */
export interface ServerTrace {
  /** What the client gets to read. */
  readonly written: string;
  /** The requests as the gateway was handed them, and what went wrong. */
  readonly events: readonly unknown[];
  readonly destroyed: boolean;
  readonly ended: boolean;
}

const llhttp = new Llhttp();
const wheel = new TimerWheel(systemClock);

/** Reads the bytes in these pieces through a server connection, with a gateway that answers what is complete with `OK`. */
export function serve(pieces: readonly Buffer[], finish: boolean): ServerTrace {
  const events: unknown[] = [];
  const socket = new MemorySocket();
  const handler: ServerConnectionHandler = {
    settings: {
      headerBytes: 16 * 1024,
      headerCount: 100,
      targetBytes: 8 * 1024,
      headersTimeout: 0,
      keepAliveTimeout: 0,
      writeTimeout: 0,
      bodyMinRate: 0,
      requestsPerConnection: 1000,
    },
    llhttp,
    wheel,
    turn: new LoopTurn(),
    readMemory: new ReadMemory(),
    draining: false,
    date: () => 'Thu, 01 Jan 1970 00:00:00 GMT',
    onRequest: (request, connection) => new OkExchange(request, connection, events),
    onRefused: (error) => {
      events.push({ refused: error.code });
      return '{}';
    },
    onClose() {},
  };
  const connection = new ServerConnection(socket.asSocket, handler, '127.0.0.1');
  for (const piece of pieces) socket.deliver(piece);
  if (finish) socket.finish();
  const trace = { written: socket.written, events, destroyed: socket.destroyed, ended: socket.writableEnded };
  connection.socket.destroy();
  return trace;
}

/** An exchange that answers a complete request with `OK`, and a broken one with its error, as the gateway does. */
class OkExchange implements DownstreamHandler {
  readonly #connection: ServerConnection;
  readonly #events: unknown[];
  readonly #head: unknown;
  readonly #isHead: boolean;
  #body = '';

  constructor(request: Http1Request, connection: ServerConnection, events: unknown[]) {
    this.#connection = connection;
    this.#events = events;
    this.#isHead = request.method === 'HEAD';
    const { headers, ...rest } = request;
    this.#head = { ...rest, headers: [...headers] };
  }

  start(): void {
    this.#connection.startBody();
    const { contentLength } = this.#head as { contentLength: number };
    if (contentLength === 0) this.onRequestEnd(undefined);
  }

  onRequestBody(chunk: Uint8Array): void {
    this.#body += Buffer.from(chunk).toString('latin1');
  }

  onRequestEnd(trailers: HeaderList | undefined): void {
    this.#events.push({
      head: this.#head,
      body: this.#body,
      trailers: trailers === undefined ? [] : [...trailers],
    });
    this.#answer(200, 'target', 'OK');
  }

  onClientError(error: GatewayError): void {
    this.#events.push({ head: this.#head, failed: error.code });
    if (!this.#connection.headSent) this.#answer(error.status, 'error', '');
  }

  /** The samples are cut from one buffer, which is used again. */
  onRequestFlush(): boolean {
    return false;
  }
  onClientDrain(): void {}
  onExchangeTimeout(): void {}
  onResponseSent(): void {}

  #answer(status: number, from: 'target' | 'error', body: string): void {
    const connection = this.#connection;
    connection.sendHead(
      { status, headers: new HeaderList(), from },
      body.length,
      !this.#isHead && body !== '',
    );
    if (!this.#isHead && body !== '') connection.write(Buffer.from(body));
    connection.end();
  }
}
