import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ByteQueue } from './byte-queue.ts';
import { beforeDeadline, patience } from './eventually.ts';
import { onFinish } from './finish.ts';
import { ResponseParser } from './response-parser.ts';
import type { ReceivedResponse } from './response-parser.ts';

/** How a connection ended: the other side finished, reset it, or the test did it. */
export type Ending = 'finished' | 'reset' | 'destroyed';

/** What came next on a connection; see {@link RawClient.outcome}. */
export type ClientOutcome =
  | { readonly kind: 'response'; readonly response: ReceivedResponse }
  | { readonly kind: 'closed'; readonly how: Ending; readonly partial: ReceivedResponse | undefined }
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'quiet' };

/** How a response is read. */
export interface ReadOptions {
  /** The method of the request that it answers; `GET` unless said otherwise. */
  readonly to?: string;
  /** Milliseconds after which the wait fails. */
  readonly within?: number;
  /** Whether to count the body instead of keeping it. */
  readonly discardBody?: boolean;
}

/** A connection to the gateway, byte by byte: what is sent is exactly what the test says. */
export class RawClient {
  readonly socket: Socket;
  /** Resolves when the other side has ended the connection, or it is gone. */
  readonly closed: Promise<Ending>;
  readonly #queue = new ByteQueue();
  #parser: ResponseParser | undefined;
  /** A response that was complete when {@link head} looked, and was not asked for yet. */
  #complete: ReceivedResponse | undefined;
  #ending: Ending | undefined;
  #wake: (() => void) | undefined;
  #received: Buffer[] | undefined = [];
  /** Octets received so far. */
  receivedLength = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.receivedLength += chunk.length;
      this.#received?.push(chunk);
      this.#queue.push(chunk);
      this.#notify();
    });
    this.closed = new Promise((resolve) => {
      const ended = (how: Ending): void => {
        this.#ending ??= how;
        resolve(this.#ending);
        this.#notify();
      };
      socket.on('end', () => ended('finished'));
      socket.on('error', () => ended('reset'));
      socket.on('close', () => ended('destroyed'));
    });
  }

  /** Whether the other side has ended the connection, or it is gone. */
  get isClosed(): boolean {
    return this.#ending !== undefined;
  }

  /** Everything received so far. */
  get received(): Buffer {
    return Buffer.concat(this.#received ?? []);
  }

  /** Bytes that arrived and belong to no response read so far. */
  get unread(): Buffer {
    return this.#queue.peek();
  }

  /** Statuses of the interim responses that came since the last final one. */
  get interimSoFar(): readonly number[] {
    return this.#parser?.interimSoFar ?? [];
  }

  /** From here on nothing is kept of what is received, but its length: for bodies too large to keep. */
  forgetReceived(): void {
    this.#received = undefined;
  }

  /**
   * Sends bytes (a string is latin1), and resolves when the socket has taken them. That the other side is gone by
   * then is no failure of the sending: it shows in what comes back.
   */
  async send(bytes: string | Uint8Array): Promise<void> {
    const { socket } = this;
    if (!socket.writable || bytes.length === 0) return;
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    await new Promise<void>((resolve) => {
      socket.write(data, () => resolve());
    });
  }

  /**
   * Sends bytes cut at the given offsets, each piece as a segment of its own. Between two pieces the event loop goes
   * round, so that a gateway in this process reads one before the next is sent.
   */
  async sendInPieces(bytes: string | Uint8Array, cuts: readonly number[]): Promise<void> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
    let from = 0;
    for (const to of [...cuts, data.length]) {
      await this.send(data.subarray(from, to));
      await turn();
      await turn();
      from = to;
    }
  }

  /**
   * The next response, in the order in which they arrive.
   * @throws when none is complete in time, the connection ends before, or it is malformed.
   */
  async response(options: ReadOptions = {}): Promise<ReceivedResponse> {
    const within = options.within ?? patience;
    const outcome = await this.outcome({ ...options, within });
    if (outcome.kind === 'response') return outcome.response;
    const seen = `seen so far: ${this.#describe()}`;
    if (outcome.kind === 'quiet') throw new Error(`No complete response within ${within} ms; ${seen}`);
    if (outcome.kind === 'malformed') throw new Error(`Malformed response (${outcome.why}); ${seen}`);
    throw new Error(`The connection was ${outcome.how} before a complete response; ${seen}`);
  }

  /** What comes next: a response, the end of the connection, something malformed, or nothing within the time given. */
  async outcome(options: ReadOptions = {}): Promise<ClientOutcome> {
    const { to = 'GET', within = patience, discardBody = false } = options;
    const deadline = performance.now() + within;
    const parser = (this.#parser ??= new ResponseParser(to, !discardBody));
    for (;;) {
      const outcome = this.#next(parser);
      if (outcome !== undefined) return outcome;
      const left = deadline - performance.now();
      if (left <= 0) return { kind: 'quiet' };
      await this.#somethingNew(left);
    }
  }

  /**
   * The head of the next response, while its body may still be under way; {@link response} then gives the whole.
   * @throws when none arrives in time.
   */
  async head(options: ReadOptions = {}): Promise<ReceivedResponse> {
    const { to = 'GET', within = patience, discardBody = false } = options;
    const parser = (this.#parser ??= new ResponseParser(to, !discardBody));
    const deadline = performance.now() + within;
    for (;;) {
      this.#complete ??= parser.read(this.#queue);
      const response = parser.partial;
      if (parser.headComplete && response !== undefined) return response;
      const left = deadline - performance.now();
      if (left <= 0 || this.#ending !== undefined) {
        throw new Error(`No response head within ${within} ms; seen so far: ${this.#describe()}`);
      }
      await this.#somethingNew(left);
    }
  }

  /** Waits until so many octets have been received in all. */
  async receivedAtLeast(octets: number, within: number = patience): Promise<void> {
    const deadline = performance.now() + within;
    while (this.receivedLength < octets) {
      const left = deadline - performance.now();
      if (left <= 0 || this.#ending !== undefined) {
        throw new Error(
          `${this.receivedLength} of ${octets} octets received; seen so far: ${this.#describe()}`,
        );
      }
      await this.#somethingNew(left);
    }
  }

  /** Waits until the connection has ended, and says how. */
  async ending(within: number = patience): Promise<Ending> {
    return beforeDeadline(
      this.closed,
      () => `the connection to end; seen so far: ${this.#describe()}`,
      within,
    );
  }

  /** Says that nothing more will be sent (FIN), and goes on reading. */
  halfClose(): void {
    this.socket.end();
  }

  /** Ends the connection with a RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Ends the connection; nothing more is read. */
  destroy(): void {
    this.socket.destroy();
  }

  #next(parser: ResponseParser): ClientOutcome | undefined {
    try {
      const response =
        this.#complete ??
        parser.read(this.#queue) ??
        (this.#ending === 'finished' ? parser.end() : undefined);
      if (response !== undefined) {
        this.#parser = undefined;
        this.#complete = undefined;
        return { kind: 'response', response };
      }
    } catch (error) {
      return { kind: 'malformed', why: error instanceof Error ? error.message : String(error) };
    }
    if (this.#ending === undefined) return undefined;
    return { kind: 'closed', how: this.#ending, partial: parser.partial };
  }

  async #somethingNew(within: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, within);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  #notify(): void {
    this.#wake?.();
  }

  #describe(): string {
    const bytes = this.received;
    const text = JSON.stringify(bytes.subarray(0, 2000).toString('latin1'));
    return `${this.receivedLength} octets ${text}, connection ${this.#ending ?? 'open'}`;
  }
}

/** Connects to the gateway, or whatever listens there. The connection is gone when the test ends. */
export async function connectClient(
  t: TestContext,
  port: number,
  host: string = '127.0.0.1',
): Promise<RawClient> {
  const client = await openClient(port, host);
  onFinish(t, 'clients', () => client.destroy());
  return client;
}

/** Connects; whoever calls destroys the connection. */
export async function openClient(port: number, host: string = '127.0.0.1'): Promise<RawClient> {
  // Half-open, so that a FIN from the gateway does not end our side before the test says so.
  const socket = connect({ port, host, allowHalfOpen: true });
  const client = new RawClient(socket);
  await once(socket, 'connect');
  return client;
}

/** One request on a connection of its own, and its response. */
export async function exchangeOnce(
  t: TestContext,
  port: number,
  bytes: string | Uint8Array,
  options: ReadOptions = {},
): Promise<ReceivedResponse> {
  const client = await connectClient(t, port);
  await client.send(bytes);
  const response = await client.response(options);
  client.destroy();
  return response;
}
