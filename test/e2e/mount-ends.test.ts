import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { appKinds, startMount, type Before, type MountScene } from '../kit/mounted-apps.ts';
import { watchProcess } from '../kit/process-watch.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { answer, play, requestComplete, send, silent, waitFor } from '../kit/replies.ts';
import { startProgram } from '../kit/running-program.ts';

const get = 'GET /api/x HTTP/1.1\r\nHost: app.test\r\n\r\n';

async function overAndForgotten({ ready, target }: MountScene): Promise<void> {
  const gateway = await ready;
  await eventually(() => gateway.stats.inFlight === 0, 'the exchange is over');
  await eventually(() => target.openConnections.length === 0, 'the connection to the service is gone');
}

for (const kind of appKinds) {
  describe(`the end of a request through a gateway in ${kind.name}`, () => {
    it('is told to the service when the client goes while it sends its body', async (t) => {
      watchProcess(t);
      const scene = await startMount(t, kind);
      const client = await connectClient(t, scene.port);
      await client.send('POST /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
      await scene.target.head(0);
      client.destroy();
      await overAndForgotten(scene);
      assert.equal(scene.target.completeRequests.length, 0);
    });

    it('is told to the service when the client goes while it waits, or resets', async (t) => {
      watchProcess(t);
      for (const how of ['destroy', 'reset'] as const) {
        const scene = await startMount(t, kind);
        scene.target.script = silent;
        const client = await connectClient(t, scene.port);
        await client.send(get);
        await scene.target.request(0);
        client[how]();
        await overAndForgotten(scene);
      }
    });

    it('is told to the service when the client goes in the middle of the answer', async (t) => {
      watchProcess(t);
      const scene = await startMount(t, kind);
      scene.target.script = play(requestComplete, send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'));
      const client = await connectClient(t, scene.port);
      await client.send(get);
      await eventually(() => client.received.toString().endsWith('half'), 'half of it');
      client.destroy();
      await overAndForgotten(scene);
    });

    it('comes for every pipelined request of a client that goes', async (t) => {
      watchProcess(t);
      const scene = await startMount(t, kind);
      scene.target.script = silent;
      const client = await connectClient(t, scene.port);
      await client.send(get + get + get);
      await scene.target.request(2);
      client.destroy();
      await overAndForgotten(scene);
    });

    it('comes for a pipelined request whose answer breaks off, and for its connection', async (t) => {
      const scene = await startMount(t, kind);
      const first = Promise.withResolvers<void>();
      scene.target.next(
        play(requestComplete, waitFor(first.promise), send('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na')),
        play(
          requestComplete,
          send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
          ({ socket }) => void socket.end(),
        ),
      );
      const client = await connectClient(t, scene.port);
      await client.send(get + get);
      await scene.target.request(1);
      await eventually(() => scene.target.openConnections.length === 1, 'the second answer broke off');
      first.resolve();
      assert.equal((await client.response()).text, 'a');
      await client.ending();
    });

    it('breaks the answer off when the service does', async (t) => {
      const scene = await startMount(t, kind, { options: { onError: 'next' } });
      scene.target.script = play(
        requestComplete,
        send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
        ({ socket }) => void socket.end(),
      );
      const client = await connectClient(t, scene.port);
      await client.send(get);
      assert.equal((await client.outcome()).kind, 'closed');
      assert.deepEqual(scene.errors, []);
    });

    it('has come already where the client is gone before the gateway is asked', async (t) => {
      watchProcess(t);
      const wait = new EventEmitter();
      const asked = Promise.withResolvers<void>();
      const before: Before = (_request, _response, next) => {
        asked.resolve();
        wait.once('over', () => {
          next();
        });
      };
      const scene = await startMount(t, kind, { before: [before] });
      const client = await connectClient(t, scene.port);
      await client.send(get);
      await asked.promise;
      client.destroy();
      await eventually(async () => (await connectionsOf(scene)) === 0, 'the app has noticed');
      wait.emit('over');
      const gateway = await scene.ready;
      await eventually(() => gateway.stats.inFlight === 0, 'nothing is under way');
      assert.equal(scene.target.requests.length, 0);
    });

    it('leaves no listener behind on a connection that goes on', async (t) => {
      const scene = await startMount(t, kind);
      const client = await connectClient(t, scene.port);
      const counts: number[] = [];
      scene.server.on('request', ({ socket }) => {
        counts.push(socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0));
      });
      for (let i = 0; i < 5; i++) {
        scene.target.next(i % 2 === 0 ? answer() : ({ socket }) => void socket.destroy());
        await client.send(get);
        await client.response();
      }
      assert.equal(counts.at(-1), counts[0]);
    });

    it('comes for an event stream when the gateway is closed', async (t) => {
      const scene = await startMount(t, kind);
      scene.target.script = play(
        requestComplete,
        send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'),
      );
      const client = await connectClient(t, scene.port);
      await client.send(get);
      await client.head();
      await scene.close();
      await client.ending();
    });

    // Fastify waits for what is under way before it closes its plugins.
    if (kind.name !== 'Fastify')
      it('comes at once, and is 503, when the gateway is closed meanwhile', async (t) => {
        watchProcess(t);
        const scene = await startMount(t, kind);
        scene.target.script = silent;
        const [waiting, reading] = [await connectClient(t, scene.port), await connectClient(t, scene.port)];
        await waiting.send(get);
        await scene.target.request(0);
        scene.target.script = play(
          requestComplete,
          send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
        );
        await reading.send(get);
        await reading.head();
        await scene.close();
        assert.equal((await waiting.response()).status, 503);
        await reading.ending();
        const late = await exchangeOnce(t, scene.port, get);
        assert.deepEqual([late.status, scene.server.listenerCount('upgrade')], [503, 1]);
        await eventually(
          () => scene.target.openConnections.length === 0,
          'connections to services are closed',
        );
      });
  });

  it(`a program with a gateway in ${kind.name} ends by itself when its app closes`, async (t) => {
    const program = startProgram(['test/kit/mounted-program.ts', kind.name]);
    onFinish(t, 'gateways', async () => void (await program.end('SIGKILL')));
    assert.equal(await program.ended, 0, program.output());
    assert.match(program.output(), /200 101 closed/);
  });
}

function connectionsOf({ server }: MountScene): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
