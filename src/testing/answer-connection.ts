import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Clock, startTimer } from '../core/clock.ts';
import type { MemorySocket } from './memory-socket.ts';
import { pairsOf, RecordedHeaders, RecordedRequest } from './recorded-request.ts';
import {
  type AnswerTo,
  bodyOf,
  linesOf,
  type RawAnswer,
  type TargetFunction,
  type TargetResponse,
} from './target-answer.ts';

/** How one connection is answered. */
export interface ConnectionScript {
  /** `host:port`. */
  readonly label: string;
  readonly answer: AnswerTo | TargetFunction;
  readonly clock: Clock;
  onRequest(request: RecordedRequest): void;
  /** @param waits whether it begins to wait, or ends. */
  onWait(waits: boolean): void;
}

/** More than the gateway sends. */
const HEAD_LIMIT = 1_048_576;

/** The parser and the framing of Node: what reads requests here is not what writes them. Listens nowhere. */
export function answerConnection(socket: MemorySocket, script: ConnectionScript): void {
  const server = createServer({ maxHeaderSize: HEAD_LIMIT, requireHostHeader: false });
  let head = '';
  socket.onReceive = (octets) => {
    if (!head.includes('\r\n\r\n')) head += octets.latin1Slice();
  };
  const take = (incoming: IncomingMessage, response: ServerResponse): void => {
    const end = head.indexOf('\r\n\r\n');
    const request = new RecordedRequest({
      target: script.label,
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      headers: new RecordedHeaders(pairsOf(incoming.rawHeaders)),
      rawHead: head.slice(0, end + 4),
    });
    script.onRequest(request);
    new Answering(socket, script, request).take(incoming, response);
  };
  server.on('request', take);
  server.on('checkContinue', take);
  server.on('clientError', (error) => {
    socket.end(
      `HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nThe fake target cannot read the request: ${error.message}`,
    );
  });
  socket.on('error', () => undefined);
  server.emit('connection', socket);
}

/** One request that is being answered. */
class Answering {
  readonly #socket: MemorySocket;
  readonly #script: ConnectionScript;
  readonly #request: RecordedRequest;
  #waits = false;
  /** Whoever waits for the other side to read. */
  #onClose: (() => void) | undefined;

  constructor(socket: MemorySocket, script: ConnectionScript, request: RecordedRequest) {
    this.#socket = socket;
    this.#script = script;
    this.#request = request;
    socket.once('close', () => {
      this.#onClose?.();
      this.#wait(false);
    });
  }

  take(incoming: IncomingMessage, response: ServerResponse): void {
    const chunks: Uint8Array[] = [];
    incoming.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      this.#request.body = Buffer.concat(chunks);
    });
    incoming.on('error', () => undefined);
    const { answer } = this.#script;
    if (answer === 'reset' || answer === 'close' || answer === 'silent') this.#break(answer);
    incoming.on('end', () => {
      this.#request.trailers = new RecordedHeaders(pairsOf(incoming.rawTrailers));
      this.#request.complete = true;
      if (typeof answer !== 'string') void this.#answer(answer, response);
    });
  }

  async #answer(answer: AnswerTo | TargetFunction, response: ServerResponse): Promise<void> {
    try {
      this.#wait(true);
      const given = typeof answer === 'function' ? await answer(this.#request) : answer;
      if (typeof given === 'string') {
        this.#break(given);
        return;
      }
      if ('raw' in given) this.#sendRaw(given);
      else {
        if (given.delay !== undefined) await this.#pass(given.delay);
        this.#wait(false);
        await this.#send(given, response);
      }
    } catch (error) {
      this.#wait(false);
      // What a test gets wrong is not what it tests: said where it is seen.
      const words = `The fake target failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
      if (!response.headersSent) response.writeHead(500, { connection: 'close' }).end(words);
      else this.#socket.resetAndDestroy();
    }
  }

  #break(how: 'reset' | 'close' | 'silent'): void {
    if (how === 'reset') this.#socket.resetAndDestroy();
    else if (how === 'close') this.#socket.destroy();
    else this.#wait(true);
  }

  #sendRaw({ raw }: RawAnswer): void {
    this.#wait(false);
    this.#socket.end(typeof raw === 'string' ? Buffer.from(raw, 'latin1') : raw);
  }

  async #send(answer: TargetResponse, response: ServerResponse): Promise<void> {
    const { status = 200, cut = false } = answer;
    const body = bodyOf(answer);
    const lines = linesOf(answer);
    const framed = lines.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name));
    response.sendDate = false;
    // Each request has a connection of its own, so that what a target does next is about the next request.
    response.shouldKeepAlive = false;
    const isBodyless = status === 204 || status === 304 || status < 200;
    if (body instanceof Uint8Array && !framed && !isBodyless)
      lines.push(['Content-Length', String(body.length + (cut ? 1 : 0))]);
    response.writeHead(status, lines.flat());
    response.flushHeaders();
    if (body instanceof Uint8Array) response.write(body);
    else for await (const chunk of body) if (!(await this.#write(response, chunk))) return;
    if (cut) this.#socket.destroySoon();
    else response.end();
  }

  /** @returns whether there is still somebody who reads. */
  async #write(response: ServerResponse, chunk: string | Uint8Array): Promise<boolean> {
    if (!response.write(chunk) && !this.#socket.destroyed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      response.once('drain', resolve);
      this.#onClose = resolve;
      await promise;
    }
    return !this.#socket.destroyed;
  }

  #pass(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      startTimer(this.#script.clock, milliseconds, resolve);
    });
  }

  #wait(waits: boolean): void {
    if (this.#waits === waits) return;
    this.#waits = waits;
    this.#script.onWait(waits);
  }
}
