import type { ServerResponse } from 'node:http';
import { createGzip } from 'node:zlib';
import type { Before } from './mounted-apps.ts';

type Listener = (...args: unknown[]) => void;

/** Headers on every answer, set before the gateway is asked: as `helmet` does. */
export const helmetLike: Before = (_request, response, next) => {
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('X-Of-Both', 'the app');
  next();
};

/** A cookie once the head is written, and a wait in front of the end: as `express-session` does. */
export const sessionLike: Before = (_request, response, next) => {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
  response.writeHead = (...args: unknown[]) => {
    if (!response.headersSent) response.appendHeader('Set-Cookie', 'sid=1');
    return writeHead(...args);
  };
  response.end = ((...args: unknown[]) => {
    setImmediate(() => end(...args));
    return response;
  }) as typeof response.end;
  next();
};

/** The body in another form, gathered on the way: as `compression` does. */
export const compressionLike: Before = (_request, response, next) => {
  const on = response.on.bind(response) as (event: string, listener: Listener) => unknown;
  const write = response.write.bind(response) as (chunk: Buffer) => boolean;
  const end = response.end.bind(response) as (chunk?: Buffer) => unknown;
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  const gzip = createGzip();
  let compresses = false;
  response.writeHead = (...args: unknown[]) => {
    compresses = response.statusCode === 200 && response.req.method !== 'HEAD';
    if (compresses) {
      response.setHeader('Content-Encoding', 'gzip');
      response.removeHeader('Content-Length');
      gzip.on('data', (chunk: Buffer) => {
        if (!write(chunk)) gzip.pause();
      });
      gzip.on('end', () => end());
      on('drain', () => gzip.resume());
    }
    return writeHead(...args);
  };
  response.on = ((event: string, listener: Listener) => {
    if (event === 'drain') gzip.on(event, listener);
    else on(event, listener);
    return response;
  }) as typeof response.on;
  response.write = ((chunk: Buffer) =>
    compresses ? gzip.write(chunk) : write(chunk)) as typeof response.write;
  response.end = ((chunk?: Buffer) => {
    if (!response.headersSent) response.writeHead(response.statusCode);
    if (compresses) gzip.end(chunk);
    else end(chunk);
    return response;
  }) as typeof response.end;
  Object.assign(response, {
    flush: () => {
      gzip.flush();
    },
  });
  next();
};

/** An app whose code fails at the worst moment. */
export const throwing =
  (method: 'writeHead' | 'write' | 'end' | 'setHeader'): Before =>
  (_request, response, next) => {
    const original = response[method] as (...args: unknown[]) => unknown;
    let first = true;
    Object.assign(response, {
      [method]: (...args: unknown[]) => {
        if (!first) return original.apply(response, args);
        first = false;
        throw new Error(`${method} of the app`);
      },
    });
    next();
  };
