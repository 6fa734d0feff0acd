import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import Fastify from 'fastify';
import { WebSocket, WebSocketServer } from 'ws';
import type { AddressInfo } from 'node:net';
import { createMiddleware } from '../../src/mount/middleware.ts';
import { waygate } from '../../src/mount/fastify-plugin.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { appKinds, mountOptions, startMount } from '../kit/mounted-apps.ts';
import { watchProcess } from '../kit/process-watch.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { answer, play, send, silent } from '../kit/replies.ts';
import { handshake, startSocketTarget } from '../kit/socket-target.ts';

const toApi = handshake.replace('/socket', '/api/socket');

for (const kind of appKinds) {
  describe(`upgrades through a gateway in ${kind.name}`, () => {
    it('relay a WebSocket both ways, and tell each side of the end of the other', async (t) => {
      watchProcess(t);
      const service = new WebSocketServer({ port: 0, host: '127.0.0.1' });
      onFinish(t, 'targets', () => service.close());
      await once(service, 'listening');
      service.on('connection', (socket) => {
        socket.on('message', (message, binary) => {
          socket.send(message, { binary });
        });
      });
      const { port } = service.address() as AddressInfo;
      const scene = await startMount(t, kind, {
        config: { upstreams: { service: `http://127.0.0.1:${port}` } },
      });
      const socket = new WebSocket(`ws://127.0.0.1:${scene.port}/api/socket`);
      onFinish(t, 'clients', () => {
        socket.terminate();
      });
      const heard: number[] = [];
      socket.on('message', (message: Buffer) => heard.push(message.length));
      await once(socket, 'open');
      for (const size of [5, 70_000, 3_000_000]) socket.send(Buffer.alloc(size, 1));
      await eventually(() => heard.length === 3, 'the echo');
      assert.deepEqual(heard, [5, 70_000, 3_000_000]);
      socket.close();
      await eventually(() => service.clients.size === 0, 'the service is told');
      const gateway = await scene.ready;
      await eventually(() => gateway.stats.inFlight === 0, 'the exchange is over');
    });

    it('that no route matches are left to others who listen, whose sockets outlive the gateway', async (t) => {
      const { server, port, close } = await startMount(t, kind);
      server.on('upgrade', (request, socket) => {
        if (request.url !== '/socket') return;
        socket.on('data', (data) => socket.write(data)).on('end', () => socket.end());
        socket.write('HTTP/1.1 101 Mine\r\n\r\n');
      });
      const client = await connectClient(t, port);
      await client.send(handshake);
      await eventually(() => client.received.toString().startsWith('HTTP/1.1 101 Mine'), 'the app has it');
      if (kind.name !== 'Fastify') await close();
      await client.send('hello');
      await eventually(() => client.received.toString().endsWith('hello'), 'the app still has it');
      client.destroy();
    });

    it('that no route matches are 404 where nobody else listens', async (t) => {
      const { port, target } = await startMount(t, kind);
      const response = await exchangeOnce(t, port, handshake);
      assert.deepEqual([response.status, target.requests.length], [404, 0]);
    });

    it('that a policy or the service refuses are answered, and the connection is closed', async (t) => {
      const { port, target } = await startMount(t, kind, {
        config: {
          routes: [
            { path: '/api', upstream: 'service' },
            { path: '/no', policies: [{ respond: { status: 403, body: 'no' } }] },
          ],
        },
      });
      target.script = answer({ status: 401, body: 'who are you?' });
      for (const [path, status, text] of [
        ['/no', 403, 'no'],
        ['/api', 401, 'who are you?'],
      ] as const) {
        const client = await connectClient(t, port);
        await client.send(handshake.replace('/socket', path));
        const response = await client.response();
        assert.deepEqual([response.status, response.text], [status, text]);
        await client.ending();
      }
    });

    it('to a service that is down are 502', async (t) => {
      const { port, target } = await startMount(t, kind);
      target.script = ({ socket }) => void socket.destroy();
      assert.equal((await exchangeOnce(t, port, toApi)).status, 502);
    });

    it('end when the client goes before the service has answered', async (t) => {
      watchProcess(t);
      const { port, target, ready } = await startMount(t, kind);
      target.script = silent;
      const client = await connectClient(t, port);
      await client.send(toApi);
      await target.head(0);
      client.destroy();
      const gateway = await ready;
      await eventually(() => gateway.stats.inFlight === 0, 'the exchange is over');
      await eventually(() => target.openConnections.length === 0, 'the service is told');
    });

    it('end with the gateway', async (t) => {
      const service = await startSocketTarget(t);
      const { port, close, server } = await startMount(t, kind, {
        config: { upstreams: { service: service.url } },
      });
      const client = await connectClient(t, port);
      await client.send(toApi);
      assert.equal((await client.head()).status, 101);
      await close();
      await client.ending();
      await eventually(() => service.sockets[0]?.closed === true, 'the service is told');
      if (kind.name === 'Fastify') assert.equal(server.listenerCount('upgrade'), 0);
    });

    it('do not take a request for one that only says so, with a body', async (t) => {
      const { port } = await startMount(t, kind);
      const client = await connectClient(t, port);
      await client.send(
        'POST /api HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab',
      );
      const { status } = await client.response();
      assert.ok(status === 200 || (status >= 400 && status < 500), String(status));
      await client.ending();
    });
  });
}

describe('several gateways on one server', () => {
  it('each take their own upgrades, and the last of them answers what is nobody’s', async (t) => {
    const [one, two] = [await startSocketTarget(t), await startSocketTarget(t)];
    const kind = appKinds[0] ?? assert.fail();
    const first = await startMount(t, kind, { config: { upstreams: { service: one.url } } });
    const second = createMiddleware({
      ...mountOptions(two.url, { routes: [{ path: '/two', upstream: 'service' }] }),
    });
    onFinish(t, 'gateways', () => second.close());
    first.server.on('upgrade', second.upgrade);
    for (const [path, status] of [
      ['/api', 101],
      ['/two', 101],
      ['/three', 404],
    ] as const) {
      const client = await connectClient(t, first.port);
      await client.send(handshake.replace('/socket', path));
      assert.equal((await client.head()).status, status, path);
    }
    assert.deepEqual([one.sockets.length, two.sockets.length], [1, 1]);
  });
});

describe('a gateway in Fastify with a prefix', () => {
  it('takes upgrades below it alone', async (t) => {
    const service = await startSocketTarget(t);
    const app = Fastify();
    onFinish(t, 'gateways', () => app.close());
    app.register(waygate, {
      ...mountOptions(service.url, { routes: [{ path: '/', upstream: 'service' }] }),
      prefix: '/of/:tenant',
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    for (const [path, status] of [
      ['/of/ada/chat', 101],
      ['/of', 404],
      ['/other', 404],
    ] as const) {
      const client = await connectClient(t, port);
      await client.send(handshake.replace('/socket', path));
      assert.equal((await client.head()).status, status, path);
    }
  });
});

it('an upgrade that comes to a server which nobody asks for them is an ordinary request', async (t) => {
  const kind = appKinds[0] ?? assert.fail();
  const { server, port, target } = await startMount(t, kind);
  server.removeAllListeners('upgrade');
  target.script = play(send('HTTP/1.1 426 No\r\nContent-Length: 0\r\n\r\n'));
  assert.equal((await exchangeOnce(t, port, toApi)).status, 426);
  assert.equal((await target.request(0)).header('upgrade'), undefined);
});
