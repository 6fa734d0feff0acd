import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import Fastify, { type FastifyInstance } from 'fastify';
import { GatewayError } from '../../src/core/errors.ts';
import { waygate, type FastifyMountOptions } from '../../src/mount/fastify-plugin.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget, type RecordingTarget } from '../kit/recording-target.ts';
import { answer, silent } from '../kit/replies.ts';
import { handshake, startSocketTarget } from '../kit/socket-target.ts';

interface Scene {
  readonly target: RecordingTarget;
  readonly app: FastifyInstance;
  readonly port: number;
}

async function start(
  t: TestContext,
  options: Partial<FastifyMountOptions> = {},
  prepare: (app: FastifyInstance) => void = () => undefined,
): Promise<Scene> {
  const target = await startRecordingTarget(t);
  const app = Fastify();
  prepare(app);
  app.register(waygate, {
    config: {
      upstreams: { service: target.url },
      routes: [{ path: '/api', upstream: 'service' }],
      overload: { eventLoopDelay: 0, memory: 0 },
    },
    accessLog: false,
    ...options,
  });
  app.get('/api/own', () => 'the app');
  onFinish(t, 'gateways', () => app.close());
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { target, app, port: (app.server.address() as AddressInfo).port };
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: app.test\r\n\r\n`;

const post = (type: string, body: string): string =>
  `POST /api/x HTTP/1.1\r\nHost: app.test\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe('mounted in Fastify', () => {
  it('sends on what a route matches, and leaves the rest to the app', async (t) => {
    const { target, port } = await start(t);
    target.script = answer({
      headers: [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ],
      body: 'service',
    });
    const served = await exchangeOnce(t, port, get('/api/x?y=1'));
    assert.equal(served.text, 'service');
    assert.equal(served.headers.filter(([name]) => name.toLowerCase() === 'set-cookie').length, 2);
    assert.equal((await target.request(0)).target, '/api/x?y=1');
    assert.equal((await exchangeOnce(t, port, get('/api/own'))).text, 'the app');
    const other = await exchangeOnce(t, port, get('/other'));
    assert.equal(other.status, 404);
    assert.match(other.text, /Route GET:\/other not found/);
  });

  it('streams bodies octet by octet, whatever parsers the app has', async (t) => {
    const { target, port } = await start(t, {}, (app) => {
      app.post('/parsed', (request) => request.body);
    });
    for (const [type, body] of [
      ['application/json', '{ "a" : 1 }'],
      ['application/json', 'no JSON'],
      ['text/plain', 'text'],
      ['application/x-unheard-of', '\u0001'],
    ] as const) {
      const before = target.requests.length;
      assert.equal((await exchangeOnce(t, port, post(type, body))).status, 200);
      const request = await target.request(before);
      await request.whole;
      assert.equal(request.body.toString(), body);
    }
    const parsed = await exchangeOnce(
      t,
      port,
      post('application/json', '{"a":1}').replace('/api/x', '/parsed'),
    );
    assert.equal(parsed.text, '{"a":1}');
  });

  it('sends on what somebody in front of it has read, with the headers that hooks have set', async (t) => {
    const { target, port } = await start(t, {}, (app) => {
      app.addHook('onRequest', (_request, reply, done) => {
        reply.header('x-hook', '1');
        done();
      });
      app.addHook('preParsing', async (request, _reply, payload) => {
        const chunks: Buffer[] = [];
        for await (const chunk of payload) chunks.push(chunk as Buffer);
        Object.assign(request.raw, { rawBody: Buffer.concat(chunks) });
        return payload;
      });
    });
    const response = await exchangeOnce(t, port, post('application/json', '{ "a" : 1 }'));
    assert.equal(response.status, 200);
    assert.equal(response.header('x-hook'), '1');
    const request = await target.request(0);
    await request.whole;
    assert.equal(request.body.toString(), '{ "a" : 1 }');
  });

  it('ends the request to the service when the client goes away', async (t) => {
    const { target, port } = await start(t);
    target.script = silent;
    const client = await connectClient(t, port);
    await client.send(get('/api/x'));
    await target.request(0);
    client.socket.destroy();
    await eventually(() => target.connections[0]?.closed === true, 'the connection to the service is gone');
  });

  it('answers errors itself, or hands them to the error handler of the app', async (t) => {
    const { target, port } = await start(t);
    target.script = ({ socket }) => void socket.destroy();
    const own = await exchangeOnce(t, port, post('text/plain', 'x'));
    assert.deepEqual([own.status, own.header('content-type')], [502, 'application/problem+json']);
    const handled = await start(t, { onError: 'next' }, (app) => {
      app.setErrorHandler((error, _request, reply) => {
        assert.ok(error instanceof GatewayError);
        void reply.code(error.status).send(`the app: ${error.code}`);
      });
    });
    handled.target.script = ({ socket }) => void socket.destroy();
    const response = await exchangeOnce(t, handled.port, post('text/plain', 'x'));
    assert.deepEqual([response.status, response.text], [502, 'the app: upstream_closed']);
  });

  it('below a prefix takes what is below it, the prefix included', async (t) => {
    const { target, port } = await start(t, { prefix: '/api' });
    for (const path of ['/api', '/api/', '/api/x']) {
      assert.equal((await exchangeOnce(t, port, get(path))).status, 200);
      assert.equal((await target.request(target.requests.length - 1)).target, path);
    }
    assert.match((await exchangeOnce(t, port, get('/apix'))).text, /not found/);
  });

  it('relays WebSockets, and ends with the app', async (t) => {
    const service = await startSocketTarget(t);
    const { app, port } = await start(t, {
      config: {
        upstreams: { service: service.url },
        routes: [{ path: '/', upstream: 'service' }],
      },
    });
    const client = await connectClient(t, port);
    await client.send(handshake);
    assert.equal((await client.head()).status, 101);
    await client.send('hello');
    await eventually(() => service.sockets[0]?.received === 5, 'the service has it');
    await app.close();
    await client.closed;
    await eventually(() => service.sockets[0]?.closed === true, 'the service is told');
    assert.equal(app.server.listenerCount('upgrade'), 0);
  });

  it('does not start with mistakes in the configuration', async (t) => {
    const app = Fastify();
    onFinish(t, 'gateways', () => app.close());
    app.register(waygate, { config: { routes: [{ path: '/', upstream: 'nobody' }] }, accessLog: false });
    await assert.rejects(async () => app.ready(), /nobody/);
  });
});
