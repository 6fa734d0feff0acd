import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { createMiddleware, type Middleware } from '../../src/mount/middleware.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { listen, stopListening } from '../kit/listen.ts';
import { appKinds, mountOptions, startMount, type Before } from '../kit/mounted-apps.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, play, requestComplete, send, waitFor } from '../kit/replies.ts';

const get = 'GET /api/x HTTP/1.1\r\nHost: app.test\r\n\r\n';

/** A gateway that the test calls by itself. */
async function startBare(t: TestContext, handle: (middleware: Middleware) => Before) {
  const target = await startRecordingTarget(t);
  const middleware = createMiddleware(mountOptions(target.url));
  const { ready } = middleware;
  await ready;
  const step = handle(middleware);
  const server = createServer((request, response) => {
    step(request, response, () => response.end('the app'));
  });
  const { port } = await listen(server);
  onFinish(t, 'gateways', async () => {
    await middleware.close();
    await stopListening(server);
  });
  return { target, port, ready, middleware };
}

for (const kind of appKinds) {
  describe(`an app that misbehaves, in ${kind.name}`, () => {
    it('and goes on after it has answered costs nothing: the service hears of nothing', async (t) => {
      const before: Before = (_request, response, next) => {
        response.end('mine');
        next();
      };
      const { port, target, ready } = await startMount(t, kind, { before: [before] });
      const client = await connectClient(t, port);
      for (let i = 0; i < 2; i++) {
        await client.send(get);
        assert.equal((await client.response()).text, 'mine');
      }
      assert.equal(target.requests.length, 0);
      assert.equal((await ready).stats.inFlight, 0);
    });

    it('and goes on after it has destroyed the connection does not either', async (t) => {
      const before: Before = (request, _response, next) => {
        request.socket.destroy();
        next();
      };
      const { port, target, ready } = await startMount(t, kind, { before: [before] });
      const client = await connectClient(t, port);
      await client.send(get);
      await client.ending();
      assert.equal(target.requests.length, 0);
      assert.equal((await ready).stats.inFlight, 0);
    });

    it('and writes a part of an answer itself has its client see that it broke off, at worst', async (t) => {
      const before: Before = (_request, response, next) => {
        response.writeHead(200, { 'content-length': 10 });
        response.write('half');
        next();
      };
      const { port, ready } = await startMount(t, kind, { before: [before] });
      const client = await connectClient(t, port);
      await client.send(get);
      await client.head();
      client.destroy();
      const gateway = await ready;
      await eventually(() => gateway.stats.inFlight === 0, 'nothing is under way');
    });
  });
}

it('a gateway that is called twice for a request answers it once', async (t) => {
  const { port, target, ready } = await startBare(t, (middleware) => (request, response, next) => {
    middleware(request, response, next);
    middleware(request, response, next);
  });
  const client = await connectClient(t, port);
  for (let i = 0; i < 3; i++) {
    await client.send(get);
    assert.equal((await client.response()).text, 'OK');
  }
  assert.equal(client.unread.length, 0);
  const gateway = await ready;
  await eventually(() => gateway.stats.inFlight === 0, 'nothing is under way');
  assert.ok(target.requests.length >= 3);
});

it('an app that calls the next step while the service is asked has answered, and that stands', async (t) => {
  const late = Promise.withResolvers<void>();
  const { port, target, ready } = await startBare(t, (middleware) => (request, response, next) => {
    middleware(request, response, next);
    target.next(
      play(requestComplete, waitFor(late.promise), send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate')),
    );
    next();
  });
  const client = await connectClient(t, port);
  await client.send(get);
  assert.equal((await client.response()).text, 'the app');
  late.resolve();
  const gateway = await ready;
  await eventually(() => gateway.stats.inFlight === 0, 'nothing is under way');
  assert.equal(client.unread.length, 0);
});

it('what the next step throws is the app’s own, and called once', async (t) => {
  let calls = 0;
  const { port } = await startBare(t, (middleware) => (request, response, next) => {
    try {
      middleware(request, response, () => {
        calls++;
        throw new Error('the app');
      });
    } catch {
      next();
    }
  });
  assert.equal((await exchangeOnce(t, port, get.replace('/api', '/other'))).text, 'the app');
  assert.equal(calls, 1);
});

it('closing twice, and before it serves, is no harm', async () => {
  const middleware = createMiddleware(mountOptions('http://127.0.0.1:9'));
  await Promise.all([middleware.close(), middleware.close()]);
  await middleware.close();
});

it('answers that nobody asked for do not end up with the next request', async (t) => {
  const { port, target } = await startBare(t, (middleware) => middleware);
  target.script = answer({ status: 204, headers: [['X-A', '1']] });
  target.next(
    play(requestComplete, send('HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nEVILHTTP/1.1 200 OK\r\n\r\n')),
  );
  const client = await connectClient(t, port);
  for (let i = 0; i < 3; i++) {
    await client.send(get);
    assert.ok([204, 502].includes((await client.response()).status));
  }
  assert.equal(client.unread.length, 0);
  client.destroy();
  await once(client.socket, 'close');
});
