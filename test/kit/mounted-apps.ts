import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import express from 'express';
import express4 from 'express4';
import Fastify from 'fastify';
import { GatewayError } from '../../src/core/errors.ts';
import type { Gateway } from '../../src/gateway/gateway-options.ts';
import { waygate } from '../../src/mount/fastify-plugin.ts';
import { createMiddleware } from '../../src/mount/middleware.ts';
import type { MountOptions } from '../../src/mount/mount.ts';
import { onFinish } from './finish.ts';
import { listen, stopListening } from './listen.ts';
import { startRecordingTarget, type RecordingTarget } from './recording-target.ts';

/** Something that an app runs in front of the gateway. */
export type Before = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** An app with a gateway in it, as a test sees it. */
export interface MountedApp {
  readonly server: Server;
  readonly port: number;
  /** Starts with the app. */
  readonly ready: Promise<Gateway>;
  /** What the error handler of the app has got. */
  readonly errors: readonly unknown[];
  /** Ends the gateway, and the app with it where they are one. */
  readonly close: () => Promise<void>;
}

/** A kind of app. What no route matches it answers with 418; errors with their status, or 500. */
export interface AppKind {
  readonly name: string;
  serve(options: MountOptions, before: readonly Before[]): Promise<MountedApp>;
}

/** What an app answers to an error, everywhere alike. */
function answerError(error: unknown): { readonly status: number; readonly text: string } {
  return error instanceof GatewayError
    ? { status: error.status, text: `the app: ${error.code}` }
    : { status: 500, text: `the app: ${String(error)}` };
}

async function serveListener(
  options: MountOptions,
  app: (middleware: ReturnType<typeof createMiddleware>, errors: unknown[]) => RequestListener,
): Promise<MountedApp> {
  const middleware = createMiddleware(options);
  const errors: unknown[] = [];
  const server = createServer(app(middleware, errors));
  server.on('upgrade', middleware.upgrade);
  const { port } = await listen(server);
  const { ready } = middleware;
  return { server, port, ready, errors, close: () => middleware.close() };
}

const plain: AppKind = {
  name: 'node:http',
  serve: (options, before) =>
    serveListener(options, (middleware, errors) => (request, response) => {
      const steps = [...before, middleware];
      const next = (error?: unknown): void => {
        const step = error === undefined ? steps.shift() : undefined;
        if (step !== undefined) {
          step(request, response, next);
          return;
        }
        if (error !== undefined) errors.push(error);
        const { status, text } = error === undefined ? { status: 418, text: 'the app' } : answerError(error);
        response.statusCode = status;
        response.end(text);
      };
      next();
    }),
};

function expressKind(name: string, create: typeof express): AppKind {
  return {
    name,
    serve: (options, before) =>
      serveListener(options, (middleware, errors) => {
        const app = create();
        if (before.length > 0) app.use(...before);
        app.use(middleware);
        app.use((_request, response) => void response.status(418).send('the app'));
        app.use(((error: unknown, _request, response, _next) => {
          errors.push(error);
          const { status, text } = answerError(error);
          response.status(status).send(text);
        }) as express.ErrorRequestHandler);
        return app;
      }),
  };
}

const fastify: AppKind = {
  name: 'Fastify',
  async serve(options, before) {
    const app = Fastify();
    const errors: unknown[] = [];
    for (const step of before)
      app.addHook('onRequest', (request, reply, done) => {
        step(request.raw, reply.raw, (error) => {
          done(error as Error | undefined);
        });
      });
    app.setNotFoundHandler((_request, reply) => reply.code(418).send('the app'));
    app.setErrorHandler((error, _request, reply) => {
      errors.push(error);
      const { status, text } = answerError(error);
      return reply.code(status).send(text);
    });
    const { promise: ready, resolve } = Promise.withResolvers<Gateway>();
    app.register(waygate, { ...options, onReady: resolve });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    return { server: app.server, port, ready, errors, close: () => app.close() };
  },
};

/** Every kind of app that a gateway is mounted in. */
export const appKinds: readonly AppKind[] = [
  plain,
  expressKind('Express 5', express),
  expressKind('Express 4', express4),
  fastify,
];

/** An app, its gateway, and the service behind it. */
export interface MountScene extends MountedApp {
  readonly target: RecordingTarget;
}

/** The options of a gateway that sends everything below /api to a service. */
export function mountOptions(
  url: string,
  more: Partial<NonNullable<MountOptions['config']>> = {},
): MountOptions {
  return {
    config: {
      upstreams: { service: url },
      routes: [{ name: 'api', path: '/api', upstream: 'service' }],
      overload: { eventLoopDelay: 0, memory: 0 },
      ...more,
    },
    accessLog: false,
    logger: quiet,
  };
}

/** Starts one; it is gone when the test ends. */
export async function startMount(
  t: TestContext,
  kind: AppKind,
  {
    before = [],
    config = {},
    options = {},
  }: {
    readonly before?: readonly Before[];
    readonly config?: Partial<NonNullable<MountOptions['config']>>;
    readonly options?: Partial<MountOptions>;
  } = {},
): Promise<MountScene> {
  const target = await startRecordingTarget(t);
  const app = await kind.serve({ ...mountOptions(target.url, config), ...options }, before);
  onFinish(t, 'gateways', async () => {
    await app.close();
    if (app.server.listening) await stopListening(app.server);
  });
  return { ...app, target };
}

const nothing = (): void => undefined;
const quiet: NonNullable<MountOptions['logger']> = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
};
