import {
  Agent as HttpAgent,
  request as requestHttp,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { pipeline, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Fetch, FetchRequest } from '../core/fetch.ts';

/** How long connections rest, in milliseconds: Node services close theirs after 5 s. A server that promises less is believed. */
const REST = 4000;

/** Whoever sends more interim answers than that sends no answer. */
const MAX_INTERIM = 16;

// They open nothing by themselves, and a connection at rest keeps no process from ending.
const resting = { keepAlive: true, timeout: REST, maxFreeSockets: 32 };
const httpAgent = new HttpAgent(resting);
const httpsAgent = new HttpsAgent({ ...resting, rejectUnauthorized: true });

/** Codings are never asked for; some servers have nothing else. */
const decoders: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/**
 * Fetches over the network, with HTTP/1.1. Only what is asked for is sent, to any port, and the header lines of the answer
 * come back as they were: the platform's `fetch` adds some, joins some, and refuses some ports.
 */
export const systemFetch: Fetch = async (url, request) => {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort(new DOMException(`no complete answer within ${request.timeout} ms`, 'TimeoutError'));
  }, request.timeout);
  try {
    const response = await ask(new URL(url), request, limit.signal);
    const body = await readBody(response, request.maxBytes);
    return { status: response.statusCode ?? 0, headers: linesOf(response.rawHeaders), body };
  } catch (error) {
    limit.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
  }
};

/** Sends the request; again when a connection at rest was closed by the other side at the moment at which it was used. */
async function ask(url: URL, request: FetchRequest, signal: AbortSignal): Promise<IncomingMessage> {
  for (;;) {
    const call = openCall(url, request.method ?? 'GET', signal);
    try {
      return await send(call, request);
    } catch (error) {
      // Each of these leaves one less at rest, and a fresh one is not reused.
      if (!call.reusedSocket || !isReset(error) || signal.aborted) throw error;
    }
  }
}

function openCall(url: URL, method: string, signal: AbortSignal): ClientRequest {
  const { hostname, port, pathname, search } = url;
  const host = hostname.replace(/^\[|\]$/g, '');
  const options = { method, host, port, path: pathname + search, signal };
  if (url.protocol === 'https:') return requestHttps({ ...options, agent: httpsAgent });
  return requestHttp({ ...options, agent: httpAgent });
}

function send(call: ClientRequest, { headers, body }: FetchRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let interim = 0;
    call.on('error', reject);
    call.on('response', resolve);
    call.on('information', () => {
      if (++interim > MAX_INTERIM) call.destroy(new Error(`more than ${MAX_INTERIM} interim answers`));
    });
    call.on('upgrade', (_response, socket) => {
      socket.destroy();
      reject(new Error('an upgrade that nobody asked for'));
    });
    for (const [name, value] of headers ?? [['accept', 'application/json, */*;q=0.1']])
      call.appendHeader(name, value);
    if (!call.hasHeader('accept-encoding')) call.setHeader('accept-encoding', 'identity');
    // Octets: a text would have the head encoded along with it, as UTF-8.
    call.end(typeof body === 'string' ? Buffer.from(body) : body);
  });
}

/** @throws RangeError when it is too large. What is counted is what remains after decompression. */
async function readBody(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop closes the connection.
  const body: AsyncIterable<Uint8Array> = decoded(response);
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new RangeError(`the answer is larger than ${maxBytes} octets`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decoded(response: IncomingMessage): IncomingMessage | Transform {
  const coding = response.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const decoder = decoders.get(coding);
  if (decoder !== undefined) return pipeline(response, decoder(), () => undefined);
  if (coding !== 'identity' && coding !== '') {
    response.destroy();
    throw new Error(`the answer has the content coding ${JSON.stringify(coding.slice(0, 40))}`);
  }
  return response;
}

function linesOf(raw: readonly string[]): [name: string, value: string][] {
  const lines: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) lines.push([(raw[i] ?? '').toLowerCase(), raw[i + 1] ?? '']);
  return lines;
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}
