import type { ClientRequest, IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import express from 'express';
import type { NextFunction, Request, Response } from 'express';
import type * as theirs from 'http-proxy-middleware';
import {
  createProxyMiddleware,
  debugProxyErrorsPlugin,
  definePlugin,
  errorResponsePlugin,
  fixRequestBody,
  loggerPlugin,
  proxyEventsPlugin,
  responseInterceptor,
} from '../../src/http-proxy-middleware.ts';
import type {
  Filter,
  OnProxyEvent,
  Options,
  Plugin,
  RequestHandler,
} from '../../src/http-proxy-middleware.ts';

/** Compiled by `npm run check`, never run: programs as they are written for http-proxy-middleware 4, with the import changed. */

// Options that are made bit by bit, with the types of Express.
const options: Options<Request, Response> = { target: 'http://localhost:3001', changeOrigin: true };
options.pathRewrite = { '^/old/api': '/new/api' };
options.pathRewrite = async (path, request, response, all) => {
  await Promise.resolve();
  return response === undefined || all === undefined ? undefined : path.replace('/api', request.baseUrl);
};
options.router = { 'integration.test': 'http://127.0.0.1:8001', '/rest': new URL('http://127.0.0.1:8002') };
options.router = (request, response) => ({
  protocol: 'https:',
  host: request.hostname,
  port: response === undefined ? 8004 : '8005',
});
options.headers = { 'x-powered-by': 'us' };

const filter: Filter<Request> = (path, request) => /^\/api/.exec(path) && request.method === 'GET';
options.pathFilter = filter;
options.pathFilter = ['/api/**', '!**/bad.json'];

// Listeners whose parameters have the types that they had.
const on: OnProxyEvent<Request, Response> = {
  error: (error: Error, request: Request, response: Response | Socket, target) => {
    if ('writeHead' in response) response.writeHead(500).end(`${error.message} ${request.path}`);
    else response.destroy();
    return target instanceof URL ? target.href : undefined;
  },
  proxyReq: (proxyReq: ClientRequest, request: Request, response: Response) => {
    proxyReq.setHeader('x-user', request.header('x-user') ?? '');
    fixRequestBody(proxyReq, request);
    response.setHeader('x-own', proxyReq.path);
  },
  proxyReqWs: (proxyReq: ClientRequest, _request: Request, socket: Socket, { target }, head: Buffer) => {
    proxyReq.setHeader(
      'X-Special-Proxy-Header',
      `${socket.remoteAddress ?? ''} ${head.length} ${typeof target}`,
    );
  },
  proxyRes: (proxyRes: IncomingMessage, request: Request, response: Response) => {
    proxyRes.headers['x-added'] = request.path;
    delete proxyRes.headers['x-removed'];
    proxyRes.on('data', (chunk: Buffer) => response.write(chunk));
  },
  open: (proxySocket: Socket) => {
    proxySocket.on('data', (chunk: Buffer) => chunk.length);
  },
  close: (proxyRes: IncomingMessage, proxySocket: Socket, head: Buffer) =>
    void [proxyRes.headers, proxySocket.remotePort, head.length],
  start: (request, response, target) => void [request.path, response.locals, target],
  end: (request, _response, proxyRes) => void [request.path, proxyRes.statusCode],
  econnreset: (error, request) => void [error.message, request.path],
};
options.on = on;

// Without types of its own, a listener knows what there is.
createProxyMiddleware({
  target: 'http://localhost:3001',
  on: {
    proxyReq: (proxyReq, request) => {
      proxyReq.setHeader('x', request.url ?? '');
      // @ts-expect-error: the request goes through no socket that a listener could have
      void proxyReq.socket;
    },
    proxyRes: async (proxyRes, _request, response) => {
      await Promise.resolve();
      response.statusCode = proxyRes.statusCode ?? 502;
      proxyRes.pipe(response);
    },
  },
});

// Interceptors, with types and without.
options.selfHandleResponse = true;
options.on = {
  proxyRes: responseInterceptor(async (body, proxyRes, request, response) => {
    await Promise.resolve();
    response.setHeader('x-type', proxyRes.headers['content-type'] ?? request.url ?? '');
    return body.toString('utf8').replace('Hello', 'Goodbye');
  }),
};
responseInterceptor<Request, Response>(
  async (body: Buffer, proxyRes: IncomingMessage, request: Request, response: Response) =>
    Promise.resolve(
      Buffer.concat([body, Buffer.from(`${String(proxyRes.statusCode)}${request.path}`)]),
    ).finally(() => response.locals),
);

// Plugins.
const simpleRequestLogger: Plugin = (proxyServer, { logger }) => {
  proxyServer.on('proxyReq', (_proxyReq, request) =>
    logger?.info(`${request.method ?? ''} ${request.url ?? ''}`),
  );
  proxyServer.on('error', (error, _request, response) => {
    if ('writeHead' in response) response.end(error.message);
  });
};
createProxyMiddleware({
  target: 'http://example.org',
  ejectPlugins: true,
  logger: console,
  plugins: [
    debugProxyErrorsPlugin,
    loggerPlugin,
    errorResponsePlugin,
    proxyEventsPlugin,
    simpleRequestLogger,
    definePlugin((proxyServer) => void proxyServer.once('open', () => undefined)),
  ],
});

// Mounted in Express, in a server of Node's, and by itself.
const handler: RequestHandler<Request, Response, NextFunction> = createProxyMiddleware<Request, Response>(
  options,
);
const app = express();
app.use('/api', handler);
app.use(createProxyMiddleware({ target: 'http://localhost:3001', pathFilter: '/api' }));
const server = createServer((request, response) => void plain(request, response));
const plain: RequestHandler = createProxyMiddleware({
  target: 'ws://localhost:3001',
});
server.on('upgrade', plain.upgrade);
export const upgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void = plain.upgrade;

// Options that were typed as the original's, as far as they have nothing that is refused.
export const written = {
  target: 'http://localhost:3001',
  changeOrigin: true,
  secure: false,
  cookieDomainRewrite: { '*': '' },
  followRedirects: 3,
  agent: false,
  pathFilter: ['/api'],
  on: { error: (error) => void error.message, proxyRes: (proxyRes) => void proxyRes.statusCode },
} satisfies theirs.Options;
createProxyMiddleware(written);

// What must not compile.
createProxyMiddleware({
  target: 'http://localhost:3001',
  // @ts-expect-error: a misspelt option
  changeOrign: true,
});
createProxyMiddleware({
  target: 'http://localhost:3001',
  // @ts-expect-error: refused, and the message says what there is instead
  forward: 'http://localhost:3002',
});
// @ts-expect-error: a number is no target
createProxyMiddleware({ target: 3001 });
// @ts-expect-error: a text is no boolean
createProxyMiddleware({ target: 'http://localhost:3001', xfwd: 'yes' });
// @ts-expect-error: a filter of numbers
createProxyMiddleware({ target: 'http://localhost:3001', pathFilter: [1] });
// @ts-expect-error: a rewriting that makes numbers
createProxyMiddleware({ target: 'http://localhost:3001', pathRewrite: () => 1 });
// @ts-expect-error: no event has this name
createProxyMiddleware({ target: 'http://localhost:3001', on: { proxyRequest: () => undefined } });
// @ts-expect-error: a listener for another kind of value
createProxyMiddleware({ target: 'http://localhost:3001', on: { error: (error: number) => void error } });
// @ts-expect-error: an interceptor that makes numbers
responseInterceptor(() => Promise.resolve(1));
// @ts-expect-error: a plugin is a function
createProxyMiddleware({ target: 'http://localhost:3001', plugins: ['logger'] });
// @ts-expect-error: there is no such event to listen to
definePlugin((proxyServer) => void proxyServer.on('proxySocket', () => undefined));
