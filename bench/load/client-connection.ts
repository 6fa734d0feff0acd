import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** What became of one request. */
export interface Answer {
  /** The status; 0 when the connection broke before the answer was complete. */
  readonly status: number;
  /** Octets of head and body. */
  readonly bytes: number;
}

/**
 * One connection that sends the same request again and again, one at a time, and reads just enough of the answers to know
 * where each ends. Connects by itself, and again when the other side has closed.
 */
export class ClientConnection {
  readonly #port: number;
  readonly #request: string;
  #socket: Socket | undefined;
  #onAnswer: ((answer: Answer) => void) | undefined;
  #head = '';
  #status = 0;
  #bytes = 0;
  /** Octets of the body that are still to come; undefined while the head is being read; −1 for a chunked body. */
  #left: number | undefined;
  /** The last octets of a chunked body, in which its end is looked for. */
  #tail = '';

  /** @param request head and body, latin1. */
  constructor(port: number, request: string) {
    this.#port = port;
    this.#request = request;
  }

  /** Sends the request; one that is under way has to be answered first. */
  send(onAnswer: (answer: Answer) => void): void {
    this.#onAnswer = onAnswer;
    this.#head = '';
    this.#left = undefined;
    this.#bytes = 0;
    this.#socket ??= this.#connect();
    this.#socket.write(this.#request, 'latin1');
  }

  /** Closes it at once, so that the next request has a new connection. */
  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #connect(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#finish(0);
    });
    return socket;
  }

  #read(chunk: Buffer): void {
    this.#bytes += chunk.length;
    let body = chunk;
    if (this.#left === undefined) {
      this.#head += chunk.toString('latin1');
      const end = this.#head.indexOf('\r\n\r\n');
      if (end === -1) return;
      this.#status = Number(this.#head.slice(9, 12));
      body = Buffer.from(this.#head.slice(end + 4), 'latin1');
      this.#head = this.#head.slice(0, end + 2).toLowerCase();
      this.#left = Number(/\r\ncontent-length: *(\d+)\r\n/.exec(this.#head)?.[1] ?? -1);
      this.#tail = '';
    }
    if (this.#left === -1) {
      this.#tail = (this.#tail + body.toString('latin1')).slice(-7);
      if (this.#tail.endsWith('0\r\n\r\n')) this.#finish(this.#status);
      return;
    }
    this.#left -= body.length;
    if (this.#left === 0) this.#finish(this.#status);
  }

  #finish(status: number): void {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    if (this.#head.includes('\r\nconnection: close\r\n')) this.close();
    onAnswer?.({ status, bytes: this.#bytes });
  }
}
