import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { eventually, patience } from './eventually.ts';
import { onFinish } from './finish.ts';
import { listen, stopListening } from './listen.ts';
import { answer } from './replies.ts';
import type { Script } from './replies.ts';
import { RequestParser } from './request-parser.ts';
import type { RecordedRequest } from './request-parser.ts';

/** How a {@link RecordingTarget} behaves. */
export interface RecordingTargetOptions {
  /** How each request is answered, unless {@link RecordingTarget.next} said otherwise: `200` with the body `OK`. */
  readonly script?: Script;
  /** Bytes sent on every connection as soon as it is there, before any request. */
  readonly greeting?: string;
  /** Whether to keep what arrives; false for bodies too large to keep. */
  readonly keepBytes?: boolean;
  /** Where to listen; any free port of 127.0.0.1 unless said otherwise. */
  readonly port?: number;
  readonly host?: string;
}

/** One connection to a {@link RecordingTarget}. */
export class RecordedConnection {
  /** The how-many-th connection it is, from 0. */
  readonly index: number;
  readonly socket: Socket;
  readonly parser: RequestParser;
  /** How the other side ended the connection; undefined while it has not. */
  ended: 'finished' | 'reset' | undefined;
  /** Whether the socket is gone. */
  closed = false;
  receivedLength = 0;
  readonly #chunks: Buffer[] = [];
  readonly #keep: boolean;

  constructor(index: number, socket: Socket, parser: RequestParser, keep: boolean) {
    this.index = index;
    this.socket = socket;
    this.parser = parser;
    this.#keep = keep;
  }

  /** Everything that arrived on it. */
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get requests(): readonly RecordedRequest[] {
    return this.parser.requests;
  }

  /** Everything that is wrong with what arrived on it; see {@link RequestParser}. */
  get irregularities(): string[] {
    return [...this.parser.irregularities, ...this.requests.flatMap((request) => request.irregularities)];
  }

  /** @internal */
  receive(chunk: Buffer): void {
    this.receivedLength += chunk.length;
    if (this.#keep) this.#chunks.push(chunk);
    this.parser.push(chunk);
  }
}

/** A raw TCP server in the place of a service: it records every byte, and answers as the test scripts it. */
export class RecordingTarget {
  readonly host: string;
  readonly port: number;
  readonly connections: RecordedConnection[] = [];
  /** Requests in the order in which their heads were complete, over all connections. */
  readonly requests: RecordedRequest[] = [];
  readonly #server: Server;
  /** How requests are answered that {@link next} says nothing about. */
  script: Script;
  readonly #scripts: Script[] = [];
  readonly #options: RecordingTargetOptions;

  /** Use {@link startRecordingTarget}. */
  constructor(server: Server, address: AddressInfo, options: RecordingTargetOptions) {
    this.host = address.address;
    this.port = address.port;
    this.#server = server;
    this.#options = options;
    this.script = options.script ?? answer();
    server.on('connection', (socket: Socket) => this.#accept(socket));
  }

  /** As it stands in a configuration. */
  get url(): string {
    return `http://${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.port}`;
  }

  /** `host:port`, as it stands in an access log. */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  /** Requests that arrived whole. */
  get completeRequests(): RecordedRequest[] {
    return this.requests.filter((request) => request.complete);
  }

  /** Connections that are not gone. */
  get openConnections(): RecordedConnection[] {
    return this.connections.filter((connection) => !connection.closed);
  }

  /** Octets received over all connections. */
  get receivedLength(): number {
    return this.connections.reduce((sum, connection) => sum + connection.receivedLength, 0);
  }

  /** Everything that is wrong with what arrived; see {@link RequestParser}. */
  get irregularities(): string[] {
    return this.connections.flatMap((connection) => connection.irregularities);
  }

  /** How the next requests are answered, one each, in the order of arrival; then the standing script again. */
  next(...scripts: Script[]): void {
    this.#scripts.push(...scripts);
  }

  /** The how-many-th request (from 0), as soon as its head is there. */
  async head(index: number, within: number = patience): Promise<RecordedRequest> {
    await eventually(
      () => this.requests.length > index,
      () => this.#describe(`request ${index}`),
      within,
    );
    return this.#request(index);
  }

  /** The how-many-th request (from 0), once it is complete. */
  async request(index: number, within: number = patience): Promise<RecordedRequest> {
    await this.head(index, within);
    const request = this.#request(index);
    await eventually(
      () => request.complete,
      () => this.#describe(`the whole of request ${index}`),
      within,
    );
    return request;
  }

  /** Forgets what was recorded; connections go on. */
  forget(): void {
    this.requests.length = 0;
    for (let i = this.connections.length - 1; i >= 0; i--) {
      if (this.connections[i]?.closed === true) this.connections.splice(i, 1);
    }
  }

  /** Ends every connection and stops listening. */
  async close(): Promise<void> {
    const stopped = stopListening(this.#server);
    for (const connection of this.connections) connection.socket.destroy();
    await stopped;
  }

  #request(index: number): RecordedRequest {
    const request = this.requests[index];
    if (request === undefined) throw new Error(this.#describe(`request ${index}`));
    return request;
  }

  #accept(socket: Socket): void {
    const keep = this.#options.keepBytes ?? true;
    // Answers go out one after the other, however many requests are there.
    let turn: Promise<void> = Promise.resolve();
    const parser = new RequestParser(
      {
        onHead: (request) => {
          this.requests.push(request);
          const script = this.#scripts.shift() ?? this.script;
          turn = turn
            .then(() => script({ request, socket, connection }))
            .catch((error: unknown) => {
              socket.destroy(error instanceof Error ? error : new Error(String(error)));
            });
        },
        onRequest: () => {},
      },
      keep,
    );
    const connection = new RecordedConnection(this.connections.length, socket, parser, keep);
    this.connections.push(connection);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => connection.receive(chunk));
    socket.on('end', () => {
      connection.ended ??= 'finished';
      // Whatever is being answered goes out first; a request that broke off is not waited for.
      if (connection.requests.at(-1)?.complete ?? true) void turn.then(() => socket.end());
      else socket.end();
    });
    socket.on('error', () => (connection.ended ??= 'reset'));
    socket.on('close', () => (connection.closed = true));
    if (this.#options.greeting !== undefined) socket.write(this.#options.greeting, 'latin1');
  }

  #describe(wanted: string): string {
    const seen = this.connections.map(
      ({ bytes, closed }) =>
        `${JSON.stringify(bytes.subarray(0, 500).toString('latin1'))}${closed ? ' (gone)' : ''}`,
    );
    return `${wanted} at the target; it has ${this.requests.length}, on ${seen.length} connections: ${seen.join(', ')}`;
  }
}

/** Starts a target; it is gone when the test ends. */
export async function startRecordingTarget(
  t: TestContext,
  options: RecordingTargetOptions = {},
): Promise<RecordingTarget> {
  const target = await openRecordingTarget(options);
  onFinish(t, 'targets', () => target.close());
  return target;
}

/** Starts a target; whoever calls closes it. */
export async function openRecordingTarget(options: RecordingTargetOptions = {}): Promise<RecordingTarget> {
  const server = createServer({ allowHalfOpen: true });
  const address = await listen(server, options.port, options.host);
  return new RecordingTarget(server, address, options);
}
