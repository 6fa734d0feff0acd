import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import express from 'express';
import { z } from 'zod';
import { onFinish } from './finish.ts';
import { listen, stopListening } from './listen.ts';

/** An ordinary Node service. */
export interface EchoTarget {
  readonly port: number;
  /** As it stands in a configuration. */
  readonly url: string;
  readonly server: Server;
  /** How many requests it has seen. */
  readonly requestCount: number;
  close(): Promise<void>;
}

/** What the echo services answer, as JSON. */
export const echo = z.object({
  method: z.string(),
  url: z.string(),
  /** Names and values in turn, as received. */
  rawHeaders: z.array(z.string()),
  bodyLength: z.number(),
  /** SHA-256 of the body, hexadecimal. */
  bodyHash: z.string(),
});

/** What the echo services answer, as JSON. */
export type Echo = z.output<typeof echo>;

/** A `node:http` service that answers what it was asked; it is gone when the test ends. */
export async function startEchoTarget(t: TestContext): Promise<EchoTarget> {
  return startTarget(t, (request, response) => void answerEcho(request, response));
}

/** An Express service that answers what it was asked; it is gone when the test ends. */
export async function startExpressTarget(t: TestContext): Promise<EchoTarget> {
  const app = express();
  app.use((request, response) => void answerEcho(request, response));
  return startTarget(t, app);
}

/** A `node:http` service with a listener of the test's own; it is gone when the test ends. */
export async function startTarget(t: TestContext, listener: RequestListener): Promise<EchoTarget> {
  let requestCount = 0;
  const server = createServer((request, response) => {
    requestCount++;
    listener(request, response);
  });
  const { port } = await listen(server);
  const close = async (): Promise<void> => {
    const stopped = stopListening(server);
    server.closeAllConnections();
    await stopped;
  };
  onFinish(t, 'targets', close);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    server,
    close,
    get requestCount() {
      return requestCount;
    },
  };
}

async function answerEcho(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash('sha256');
  let bodyLength = 0;
  try {
    for await (const chunk of request) {
      const data: unknown = chunk;
      if (!(data instanceof Uint8Array)) continue;
      bodyLength += data.length;
      hash.update(data);
    }
  } catch {
    // The request broke off; there is nobody to answer.
    response.destroy();
    return;
  }
  const answer: Echo = {
    method: request.method ?? '',
    url: request.url ?? '',
    rawHeaders: request.rawHeaders,
    bodyLength,
    bodyHash: hash.digest('hex'),
  };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(answer));
}
