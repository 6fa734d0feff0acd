import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import express from 'express';
import express4 from 'express4';
import Fastify from 'fastify';
import * as ours from '../../src/http-proxy-middleware.ts';
import type { Options, RequestHandler } from '../../src/http-proxy-middleware.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { listen, stopListening } from '../kit/listen.ts';
import { asHandler, get, post, withBoth, type ProxyPackage } from '../kit/proxy-comparison.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { handshake, startSocketTarget } from '../kit/socket-target.ts';

/** A kind of app: what it needs for a proxy in it, behind a parser of JSON. */
type Serve = (t: TestContext, proxy: RequestHandler, parses: boolean) => Promise<Server>;

const kinds: Readonly<Record<string, Serve>> = {
  'Express 5': (t, proxy, parses) => {
    const app = express();
    if (parses) app.use(express.json());
    return serve(t, app.use(asHandler(proxy)));
  },
  'Express 4': (t, proxy, parses) => {
    const app = express4();
    if (parses) app.use(express4.json());
    return serve(t, app.use(asHandler(proxy)));
  },
  'plain node:http': (t, proxy, parses) =>
    serve(t, (request, response) => {
      const next = (): void => void response.writeHead(404).end();
      if (parses && request.method === 'POST') void parse(request).then(() => proxy(request, response, next));
      else void proxy(request, response, next);
    }),
  'a chain as that of connect': (t, proxy, parses) =>
    serve(
      t,
      chain([
        async (request, _response, next) => {
          if (parses && request.method === 'POST') await parse(request);
          next();
        },
        (request, response, next) => void proxy(request, response, next),
      ]),
    ),
  // Its own way of taking middlewares needs @fastify/express or @fastify/middie; a route that hands the request over does not.
  'Fastify 5, by a route that hands the request over': async (t, proxy, parses) => {
    const app = Fastify();
    if (!parses) {
      app.removeAllContentTypeParsers();
      app.addContentTypeParser('*', (_request, _payload, done) => {
        done(null);
      });
    }
    app.all('/*', (request, reply) => {
      reply.hijack();
      const { raw, body } = request;
      void proxy(parses ? Object.assign(raw, { body }) : raw, reply.raw);
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    onFinish(t, 'gateways', async () => {
      app.server.closeAllConnections();
      await app.close();
    });
    return app.server;
  },
};

async function serve(t: TestContext, listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await listen(server);
  onFinish(t, 'gateways', async () => {
    server.closeAllConnections();
    await stopListening(server);
  });
  return server;
}

async function parse(request: IncomingMessage): Promise<void> {
  Object.assign(request, { body: await json(request) });
  // As a parser that works with events, it goes on a turn later.
  await new Promise((resolve) => setImmediate(resolve));
}

type Step = (
  ...values: [...Parameters<RequestListener>, next: (error?: unknown) => void]
) => void | Promise<void>;

function chain(steps: readonly Step[]): RequestListener {
  return (request, response) => {
    const run = (at: number): void => {
      void steps[at]?.(request, response, (error) => {
        if (error === undefined) run(at + 1);
        else response.writeHead(599).end();
      });
    };
    run(0);
  };
}

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

for (const [kind, open] of Object.entries(kinds)) {
  const start = async (t: TestContext, lib: ProxyPackage, options: Options, parses = false) => {
    const proxy = lib.createProxyMiddleware(options);
    const server = await open(t, proxy, parses);
    return { proxy, server, port: portOf(server) };
  };

  describe(`in ${kind}`, () => {
    it('a body that a parser has read is sent on with fixRequestBody, by both packages', async (t) => {
      const target = await startRecordingTarget(t);
      const sent = await withBoth(async (lib) => {
        const on = { proxyReq: lib.fixRequestBody };
        const { port } = await start(t, lib, { target: target.url, on }, true);
        const before = target.requests.length;
        const { status } = await exchangeOnce(t, port, post('application/json', '{ "a": 1 }'));
        const request = await target.request(before);
        return { status, line: `${request.method} ${request.target}`, body: request.body.toString() };
      });
      assert.deepEqual(sent, { status: 200, line: 'POST /api/x', body: '{"a":1}' });
    });

    it('a body that a parser has read is sent on without it too, and one that nobody has read flows', async (t) => {
      const target = await startRecordingTarget(t);
      for (const parses of [true, false]) {
        const { port } = await start(t, ours, { target: target.url }, parses);
        const before = target.requests.length;
        const { status } = await exchangeOnce(t, port, post('application/json', '{"a":1}'));
        assert.equal(status, 200);
        assert.equal((await target.request(before)).body.toString(), '{"a":1}');
      }
    });

    it('a WebSocket is relayed by both packages', async (t) => {
      const service = await startSocketTarget(t);
      await withBoth(async (lib) => {
        const { port, server, proxy } = await start(t, lib, { target: service.url });
        server.on('upgrade', proxy.upgrade);
        const client = await connectClient(t, port);
        await client.send(handshake);
        const { status } = await client.head();
        await client.send('hello');
        await eventually(() => service.sockets.at(-1)?.received === 5, 'the service has it');
        client.destroy();
        await eventually(() => service.sockets.at(-1)?.closed === true, 'the service is told');
        return status;
      });
    });

    it('a client that is gone in the middle of its request ends the one to the target, in both packages', async (t) => {
      const target = await startRecordingTarget(t);
      await withBoth(async (lib) => {
        const { port } = await start(t, lib, { target: target.url });
        const before = target.connections.length;
        const client = await connectClient(t, port);
        await client.send('POST /x HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\n12345');
        await eventually(() => target.connections.length > before, 'the target has the request');
        client.destroy();
        await eventually(
          () => target.connections.slice(before).every(({ closed }) => closed),
          'the target is told',
        );
        return target.requests.at(-1)?.complete;
      });
    });

    it('a client that is gone in the middle of the answer ends it, in both packages', async (t) => {
      const target = await startRecordingTarget(t, {
        script: async ({ request, socket }) => {
          await request.whole;
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n12345');
        },
      });
      await withBoth(async (lib) => {
        const { port } = await start(t, lib, { target: target.url });
        const before = target.connections.length;
        const client = await connectClient(t, port);
        await client.send(get('/x'));
        const { status } = await client.head();
        client.destroy();
        await eventually(
          () => target.connections.slice(before).every(({ closed }) => closed),
          'the target is told',
        );
        return status;
      });
    });

    it('a target that is not there is answered the same by both packages, and by on.error', async (t) => {
      const seen = await withBoth(async (lib) => {
        const usual = await start(t, lib, { target: 'http://127.0.0.1:1' });
        const { status, text } = await exchangeOnce(t, usual.port, get('/x'));
        const own = await start(t, lib, {
          target: 'http://127.0.0.1:1',
          on: {
            error: (error, _request, response) => {
              assert.ok('writeHead' in response);
              response.writeHead(503, { 'content-type': 'text/plain' });
              response.end('code' in error ? String(error.code) : '');
            },
          },
        });
        const custom = await exchangeOnce(t, own.port, get('/x'));
        return [status, text, custom.status, custom.text];
      });
      assert.deepEqual(seen, [504, 'Error occurred while trying to proxy: app.test/x', 503, 'ECONNREFUSED']);
    });
  });
}
