import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { RecordedConnection } from './recording-target.ts';
import type { RecordedRequest } from './request-parser.ts';

/** What a {@link Script} has in hand. */
export interface Turn {
  readonly request: RecordedRequest;
  readonly socket: Socket;
  readonly connection: RecordedConnection;
}

/** How a target answers one request. Runs when the request's head is there; the next request waits until it is done. */
export type Script = (turn: Turn) => void | Promise<void>;

/** What a response is made of; see {@link responseText}. */
export interface ResponseParts {
  readonly status?: number;
  readonly reason?: string;
  readonly headers?: Iterable<readonly [name: string, value: string]>;
  readonly body?: string;
  /** Sends the body chunked, one chunk an element. */
  readonly chunks?: readonly string[];
  readonly trailers?: Iterable<readonly [name: string, value: string]>;
}

/** The bytes of a response, latin1, with `Content-Length` or, for chunks, `Transfer-Encoding: chunked`. */
export function responseText(parts: ResponseParts = {}): string {
  const { status = 200, reason = status === 200 ? 'OK' : 'Scripted', body = '', chunks } = parts;
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (const [name, value] of parts.headers ?? []) text += `${name}: ${value}\r\n`;
  if (chunks === undefined) {
    const bare = status === 204 || status === 304 || status < 200;
    return bare
      ? `${text}\r\n`
      : `${text}Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n\r\n${body}`;
  }
  text += 'Transfer-Encoding: chunked\r\n\r\n';
  for (const chunk of chunks) text += `${Buffer.byteLength(chunk, 'latin1').toString(16)}\r\n${chunk}\r\n`;
  text += '0\r\n';
  for (const [name, value] of parts.trailers ?? []) text += `${name}: ${value}\r\n`;
  return `${text}\r\n`;
}

/**
 * Answers as a well-behaved service does: once the request is complete, without a body to a HEAD, and closing where
 * the request asks for it.
 * @param parts the response, or what makes one of the request.
 */
export function answer(
  parts: ResponseParts | ((request: RecordedRequest) => ResponseParts) = { body: 'OK' },
): Script {
  return async ({ request, socket }) => {
    await request.whole;
    const text = responseText(typeof parts === 'function' ? parts(request) : parts);
    const bodyless = request.method === 'HEAD' ? text.slice(0, text.indexOf('\r\n\r\n') + 4) : text;
    await write(socket, bodyless);
    if (wantsClose(request)) socket.end();
  };
}

/** Answers with exactly these bytes, once the request is complete. */
export function raw(bytes: string | Uint8Array): Script {
  return play(requestComplete, send(bytes));
}

/** Never answers. */
export const silent: Script = () => {};

/** One step of a scripted answer. */
export type Step = (turn: Turn) => void | Promise<void>;

/** Runs steps one after the other. Nothing waits for the request to be complete unless {@link requestComplete} does. */
export function play(...steps: readonly Step[]): Script {
  return async (situation) => {
    for (const step of steps) await step(situation);
  };
}

/** Step: waits until the request is complete. */
export const requestComplete: Step = ({ request }) => request.whole;

/** Step: sends bytes (a string is latin1). */
export function send(bytes: string | Uint8Array): Step {
  return ({ socket }) => write(socket, bytes);
}

/** Step: sends bytes cut at the offsets given, each piece as a segment of its own. */
export function sendInPieces(bytes: string | Uint8Array, cuts: readonly number[]): Step {
  return async ({ socket }) => {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
    let from = 0;
    for (const to of [...cuts, data.length]) {
      if (to > from) await write(socket, data.subarray(from, to));
      await turn();
      await turn();
      from = to;
    }
  };
}

/** Step: waits for the test to let it go on. */
export function waitFor(release: Promise<unknown>): Step {
  return async () => {
    await release;
  };
}

/** Step: says that nothing more will come (FIN). */
export const finish: Step = ({ socket }) => void socket.end();

/** Step: ends the connection with a RST. */
export const reset: Step = ({ socket }) => void socket.resetAndDestroy();

/** Step: stops reading; what the gateway sends piles up. */
export const stopReading: Step = ({ socket }) => void socket.pause();

async function write(socket: Socket, bytes: string | Uint8Array): Promise<void> {
  if (!socket.writable || bytes.length === 0) return;
  const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  await new Promise<void>((resolve) => {
    socket.write(data, () => resolve());
  });
}

function wantsClose(request: RecordedRequest): boolean {
  const tokens = request
    .all('connection')
    .join(',')
    .toLowerCase()
    .split(/[\s,]+/);
  return request.version === 'HTTP/1.0' ? !tokens.includes('keep-alive') : tokens.includes('close');
}
