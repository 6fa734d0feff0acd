import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import express from 'express';
import express4 from 'express4';
import { createMiddleware, type Middleware, type MiddlewareOptions } from '../../src/mount/middleware.ts';
import { GatewayError } from '../../src/core/errors.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { listen, stopListening } from '../kit/listen.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget, type RecordingTarget } from '../kit/recording-target.ts';
import { answer, silent } from '../kit/replies.ts';
import { handshake, startSocketTarget } from '../kit/socket-target.ts';

interface Scene {
  readonly target: RecordingTarget;
  readonly middleware: Middleware;
  readonly port: number;
  readonly server: Server;
}

type Config = NonNullable<MiddlewareOptions['config']>;

async function serve(t: TestContext, listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await listen(server);
  onFinish(t, 'gateways', () => stopListening(server));
  return server;
}

/** An app around a gateway that sends everything below /api to a target. */
async function start(
  t: TestContext,
  app: (middleware: Middleware) => RequestListener,
  more: Partial<Config> = {},
  options: Omit<MiddlewareOptions, 'config'> = {},
): Promise<Scene> {
  const target = await startRecordingTarget(t);
  const middleware = createMiddleware({
    config: {
      upstreams: { service: target.url },
      routes: [{ path: '/api', upstream: 'service' }],
      overload: { eventLoopDelay: 0, memory: 0 },
      ...more,
    },
    accessLog: false,
    ...options,
  });
  const server = await serve(t, app(middleware));
  onFinish(t, 'gateways', () => middleware.close());
  server.on('upgrade', middleware.upgrade);
  return { target, middleware, server, port: (server.address() as AddressInfo).port };
}

const plain =
  (middleware: Middleware): RequestListener =>
  (request, response) => {
    middleware(request, response, () => {
      response.statusCode = 418;
      response.end('the app');
    });
  };

const inExpress =
  (...before: express.RequestHandler[]) =>
  (middleware: Middleware): RequestListener => {
    const app = express();
    if (before.length > 0) app.use(...before);
    app.use(middleware);
    app.use((_request, response) => void response.status(418).send('the app'));
    return app;
  };

const inExpress4 = (middleware: Middleware): RequestListener => {
  const app = express4();
  app.use(express4.json(), middleware);
  app.use((_request, response) => void response.status(418).send('the app'));
  return app;
};

const post = (type: string, body: string): string =>
  `POST /api/x HTTP/1.1\r\nHost: app.test\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

for (const [kind, app] of [
  ['node:http', plain],
  ['Express', inExpress()],
  ['Express 4', inExpress4],
] as const) {
  describe(`mounted in ${kind}`, () => {
    it('sends on what a route matches, and leaves the rest to the app', async (t) => {
      const { target, port } = await start(t, app);
      target.script = answer({
        headers: [
          ['X-A', '1'],
          ['X-A', '2'],
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
        ],
        body: 'service',
      });
      const served = await exchangeOnce(
        t,
        port,
        'GET /api/x?y=1 HTTP/1.1\r\nHost: app.test\r\nX-B: 2\r\n\r\n',
      );
      assert.equal(served.text, 'service');
      assert.deepEqual(
        served.headers.filter(([line]) => line.toLowerCase() === 'set-cookie').map(([, value]) => value),
        ['a=1', 'b=2'],
      );
      const request = await target.request(0);
      assert.equal(request.target, '/api/x?y=1');
      assert.equal(request.header('x-b'), '2');
      assert.equal(request.header('x-forwarded-host'), 'app.test');
      const other = await exchangeOnce(t, port, 'GET /other HTTP/1.1\r\nHost: app.test\r\n\r\n');
      assert.equal(other.status, 418);
      assert.equal(other.text, 'the app');
    });

    it('sends no header on that is about the connection alone', async (t) => {
      const { target, port } = await start(t, app);
      await exchangeOnce(
        t,
        port,
        'GET /api/x HTTP/1.1\r\nHost: app.test\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-End: 1\r\n\r\n',
      );
      const request = await target.request(0);
      assert.deepEqual(
        ['x-hop', 'keep-alive', 'x-end'].map((name) => request.header(name)),
        [undefined, undefined, '1'],
      );
    });

    it('streams bodies both ways, of known length and not', async (t) => {
      const { target, port } = await start(t, app);
      target.script = answer((request) => ({ chunks: [request.body.toString(), 'end'] }));
      const known = await exchangeOnce(t, port, post('text/plain', 'hello'));
      assert.equal(known.text, 'helloend');
      const chunked = await exchangeOnce(
        t,
        port,
        'POST /api/x HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      );
      assert.equal(chunked.text, 'helloend');
    });

    it('answers HEAD and what has no body', async (t) => {
      const { target, port } = await start(t, app);
      target.script = answer({ body: 'service' });
      const head = await exchangeOnce(t, port, 'HEAD /api/x HTTP/1.1\r\nHost: app.test\r\n\r\n', {
        to: 'HEAD',
      });
      assert.equal(head.header('content-length'), '7');
      target.script = answer({ status: 204 });
      assert.equal(
        (await exchangeOnce(t, port, 'GET /api/x HTTP/1.1\r\nHost: app.test\r\n\r\n')).status,
        204,
      );
    });

    it('ends the request to the service when the client goes away', async (t) => {
      const { target, port, middleware } = await start(t, app);
      target.script = silent;
      const client = await connectClient(t, port);
      await client.send('GET /api/x HTTP/1.1\r\nHost: app.test\r\n\r\n');
      await target.request(0);
      client.socket.destroy();
      const gateway = await middleware.ready;
      await eventually(() => gateway.stats.inFlight === 0, 'the exchange is over');
      await eventually(() => target.connections[0]?.closed === true, 'the connection to the service is gone');
    });

    it('answers 502 when the service cannot be reached', async (t) => {
      const { target, port } = await start(t, app);
      target.script = ({ socket }) => {
        socket.destroy();
      };
      const response = await exchangeOnce(t, port, post('text/plain', 'x'));
      assert.equal(response.status, 502);
      assert.equal(response.header('content-type'), 'application/problem+json');
    });

    it('relays a WebSocket', async (t) => {
      const service = await startSocketTarget(t);
      const { port } = await start(t, app, {
        upstreams: { service: service.url },
        routes: [{ path: '/', upstream: 'service' }],
      });
      const client = await connectClient(t, port);
      await client.send(handshake);
      assert.equal((await client.head()).status, 101);
      await client.send('hello');
      await eventually(() => service.sockets[0]?.received === 5, 'the service has it');
      client.socket.destroy();
      await eventually(() => service.sockets[0]?.closed === true, 'the service is told');
    });

    it('refuses what is no sound request, as a gateway of its own does', async (t) => {
      const { target, port } = await start(t, app);
      const response = await exchangeOnce(t, port, 'GET /api/%2e%2e%2fx HTTP/1.1\r\nHost: app.test\r\n\r\n');
      assert.equal(response.status, 400);
      assert.equal(target.requests.length, 0);
    });
  });
}

describe('mounted behind a body parser', () => {
  it('sends on JSON, forms and texts that it has read', async (t) => {
    const { target, port } = await start(t, inExpress(express.json(), express.urlencoded(), express.text()));
    for (const [type, sent] of [
      ['application/json', '{"a":[1,2],"b":"c"}'],
      ['application/x-www-form-urlencoded', 'a=1&b=2&b=3'],
      ['text/plain', 'plain'],
    ] as const) {
      const before = target.requests.length;
      assert.equal((await exchangeOnce(t, port, post(type, sent))).status, 200, type);
      const request = await target.request(before);
      await request.whole;
      assert.equal(request.body.toString(), sent);
      assert.equal(request.header('content-length'), String(Buffer.byteLength(sent)));
    }
  });

  it('says so where what was read cannot be written anew', async (t) => {
    const swallow: express.RequestHandler = (request, _response, next) => {
      request.resume();
      request.on('end', () => {
        next();
      });
    };
    const { port, target } = await start(t, (middleware) => {
      const app = express();
      app.use(swallow, middleware);
      app.use(((error, _request, response, _next) => {
        response.status(500).send(String(error));
      }) as express.ErrorRequestHandler);
      return app;
    });
    const response = await exchangeOnce(t, port, post('application/octet-stream', 'x'));
    assert.equal(response.status, 500);
    assert.match(response.text, /mount the gateway before it/);
    assert.equal(target.requests.length, 0);
  });
});

describe('mounted below a path', () => {
  const below = (middleware: Middleware): RequestListener => {
    const app = express();
    app.use('/app', middleware);
    return app;
  };

  for (const [name, create] of [
    ['Express 5', express],
    ['Express 4', express4],
  ] as const) {
    it(`and below routers of ${name}, matches and sends on what they leave of the URL, or all of it`, async (t) => {
      for (const [url, seen] of [
        ['mounted', '/api/x?y=1'],
        ['original', '/app/v1/api/x?y=1'],
      ] as const) {
        const { target, port } = await start(
          t,
          (middleware) => {
            const router = create.Router();
            router.use('/v1', middleware);
            return create().use('/app', router);
          },
          { routes: [{ path: seen.slice(0, -'/x?y=1'.length), upstream: 'service' }] },
          { url },
        );
        await exchangeOnce(t, port, 'GET /app/v1/api/x?y=1 HTTP/1.1\r\nHost: app.test\r\n\r\n');
        assert.equal((await target.request(0)).target, seen);
      }
    });
  }

  it('matches and sends on what the app leaves of the URL', async (t) => {
    const { target, port } = await start(t, below);
    await exchangeOnce(t, port, 'GET /app/api/x?y=1 HTTP/1.1\r\nHost: app.test\r\n\r\n');
    assert.equal((await target.request(0)).target, '/api/x?y=1');
  });

  it('by choice matches and sends on the URL that the client asked for', async (t) => {
    const { target, port } = await start(
      t,
      below,
      { routes: [{ path: '/app/api', upstream: 'service' }] },
      { url: 'original' },
    );
    await exchangeOnce(t, port, 'GET /app/api/x?y=1 HTTP/1.1\r\nHost: app.test\r\n\r\n');
    assert.equal((await target.request(0)).target, '/app/api/x?y=1');
  });
});

describe('errors of a mounted gateway', () => {
  const handled = (middleware: Middleware): RequestListener => {
    const app = express();
    app.use(middleware);
    app.use(((error: unknown, _request, response, _next) => {
      assert.ok(error instanceof GatewayError);
      response.status(error.status).send(`the app: ${error.code}`);
    }) as express.ErrorRequestHandler);
    return app;
  };

  it('go to the error handler of the app by choice: of services, of policies, of no request', async (t) => {
    const { target, port } = await start(t, handled, { limits: { body: '3b' } }, { onError: 'next' });
    target.script = ({ socket }) => void socket.destroy();
    const gone = await exchangeOnce(t, port, 'POST /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx');
    assert.deepEqual([gone.status, gone.text], [502, 'the app: upstream_closed']);
    const large = await exchangeOnce(t, port, post('text/plain', 'large'));
    assert.deepEqual([large.status, large.text], [413, 'the app: body_too_large']);
    const wrong = await exchangeOnce(t, port, 'GET /api/%2e%2e%2fx HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.deepEqual([wrong.status, wrong.text], [400, 'the app: bad_path']);
  });

  it('break the answer off when some of it has left', async (t) => {
    const { target, port } = await start(t, handled, {}, { onError: 'next' });
    target.script = async ({ socket, request }) => {
      await request.whole;
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
    };
    const client = await connectClient(t, port);
    await client.send('GET /api/x HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.notEqual((await client.outcome()).kind, 'response');
  });
});

describe('mounting', () => {
  it('ends WebSockets when it is closed, and answers 503 from then on', async (t) => {
    const service = await startSocketTarget(t);
    const { port, middleware } = await start(t, plain, {
      upstreams: { service: service.url },
      routes: [{ path: '/', upstream: 'service' }],
    });
    const client = await connectClient(t, port);
    await client.send(handshake);
    assert.equal((await client.head()).status, 101);
    await middleware.close();
    await client.closed;
    await eventually(() => service.sockets[0]?.closed === true, 'the service is told');
    const late = await connectClient(t, port);
    await late.send(handshake);
    assert.equal((await late.head()).status, 503);
  });

  it('leaves upgrades that no route matches to others who listen', async (t) => {
    const { port, server } = await start(t, plain);
    server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 418 Mine\r\nConnection: close\r\n\r\n'));
    const client = await connectClient(t, port);
    await client.send(handshake);
    assert.equal((await client.head()).status, 418);
  });

  it('with mistakes in the configuration is told to `ready` and to the error handler of the app', async (t) => {
    const middleware = createMiddleware({
      config: { routes: [{ path: '/', upstream: 'nobody' }] },
      accessLog: false,
    });
    await assert.rejects(middleware.ready, /nobody/);
    const server = await serve(t, (request, response) => {
      middleware(request, response, (error) => {
        response.statusCode = 500;
        response.end(String(error));
      });
    });
    const response = await exchangeOnce(
      t,
      (server.address() as AddressInfo).port,
      'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    );
    assert.match(response.text, /nobody/);
    await middleware.close();
  });

  it('listens nowhere, and leaves nothing behind when it is closed', async (t) => {
    const { middleware, target, port } = await start(t, plain);
    const gateway = await middleware.ready;
    assert.deepEqual(gateway.addresses, []);
    await exchangeOnce(t, port, 'GET /api/x HTTP/1.1\r\nHost: app.test\r\n\r\n');
    await middleware.close();
    await eventually(
      () => target.connections.every(({ closed }) => closed),
      'connections to services are closed',
    );
  });
});
