import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import express from 'express';
import { eventually } from '../kit/eventually.ts';
import { appKinds, startMount, type Before } from '../kit/mounted-apps.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { answer, play, requestComplete, send, stopReading } from '../kit/replies.ts';

const parsers = [
  express.json(),
  express.urlencoded(),
  express.text(),
  express.raw(),
] as readonly unknown[] as Before[];

const post = (type: string, body: string): string =>
  `POST /api/x HTTP/1.1\r\nHost: app.test\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** A text that differs everywhere, so that memory used twice shows. */
function longText(octets: number): string {
  let text = '';
  for (let i = 0; text.length < octets; i++) text += `${i.toString(36).padStart(7, '.')}\n`;
  return text.slice(0, octets);
}

for (const kind of appKinds) {
  describe(`bodies through a gateway in ${kind.name}`, () => {
    it('that parsers in front have read are sent on', async (t) => {
      const { target, port } = await startMount(t, kind, { before: parsers });
      for (const [type, sent] of [
        ['application/json', '{"a":[1,2],"b":"c"}'],
        ['application/x-www-form-urlencoded', 'a=1&b=2&b=3'],
        ['text/plain', 'plain'],
        ['application/octet-stream', '\u0001\u0002'],
      ] as const) {
        const before = target.requests.length;
        assert.equal((await exchangeOnce(t, port, post(type, sent))).status, 200, type);
        const request = await target.request(before);
        assert.equal(request.body.toString(), sent, type);
        assert.equal(request.header('content-length'), String(Buffer.byteLength(sent)));
      }
    });

    it('that no parser in front has touched flow octet by octet, and so does a request without one', async (t) => {
      const { target, port } = await startMount(t, kind, { before: parsers });
      const sent = '--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n\u0001\r\n--b--\r\n';
      assert.equal((await exchangeOnce(t, port, post('multipart/form-data; boundary=b', sent))).status, 200);
      assert.equal((await target.request(0)).body.toString('latin1'), sent);
      assert.equal((await exchangeOnce(t, port, 'DELETE /api/x HTTP/1.1\r\nHost: a\r\n\r\n')).status, 200);
      assert.equal((await target.request(1)).body.length, 0);
    });

    it('that somebody has read and thrown away are an error that names the remedy', async (t) => {
      const swallow: Before = (request, _response, next) => {
        request.resume().on('end', next);
      };
      const { target, port, errors } = await startMount(t, kind, { before: [swallow] });
      const response = await exchangeOnce(t, port, post('application/octet-stream', 'x'));
      assert.deepEqual([response.status, errors.length, target.requests.length], [500, 1, 0]);
      assert.match(response.text, /BodyGoneError: .*mount the gateway before it/);
    });

    it('of which somebody has read a part are one, too', async (t) => {
      const taste: Before = (request, _response, next) => {
        request.once('data', () => {
          request.pause();
          next();
        });
      };
      const { target, port } = await startMount(t, kind, { before: [taste] });
      const client = await connectClient(t, port);
      await client.send('POST /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello');
      const response = await client.response();
      assert.deepEqual([response.status, target.requests.length], [500, 0]);
      assert.match(response.text, /a part of the body/);
    });

    it('that somebody watches go by are watched and sent on', async (t) => {
      let seen = '';
      const watch: Before = (request, _response, next) => {
        request.on('data', (chunk: Buffer) => (seen += chunk.toString()));
        next();
      };
      const { target, port } = await startMount(t, kind, { before: [watch] });
      await exchangeOnce(t, port, post('text/x-unknown', 'hello'));
      assert.equal((await target.request(0)).body.toString(), 'hello');
      assert.equal(seen, 'hello');
    });

    it('of many megabytes arrive as they were sent', async (t) => {
      const text = longText(12 * 1024 * 1024);
      const { target, port } = await startMount(t, kind, { config: { limits: { body: '64mb' } } });
      target.script = answer((request) => ({ body: request.body.toString('latin1') }));
      const { body } = await exchangeOnce(t, port, post('application/octet-stream', text));
      assert.ok(body.equals(Buffer.from(text)), 'the same octets');
    });

    it('of answers arrive as they were sent, also when the client takes up its reading late', async (t) => {
      const text = longText(12 * 1024 * 1024);
      const piece = 8 * 1024;
      const { target, port } = await startMount(t, kind);
      const client = await connectClient(t, port);
      // First so much that the service's socket gets memory of its own, then so little that Node takes it on while the system does not.
      target.script = play(
        requestComplete,
        send(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n`),
        async ({ socket }) => {
          const burst = 256 * 1024;
          socket.write(text.slice(0, burst), 'latin1');
          for (let at = burst; at < text.length; at += piece) {
            socket.write(text.slice(at, at + piece), 'latin1');
            await turn();
          }
          client.socket.resume();
        },
      );
      client.socket.pause();
      await client.send('GET /api/x HTTP/1.1\r\nHost: a\r\n\r\n');
      const { body } = await client.response();
      assert.ok(body.equals(Buffer.from(text)), 'the same octets');
    });

    it('that a service does not read are not gathered', async (t) => {
      const { target, port } = await startMount(t, kind, { config: { limits: { body: '1gb' } } });
      target.script = play(stopReading);
      const client = await connectClient(t, port);
      const size = 256 * 1024 * 1024;
      await client.send(`POST /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
      const chunk = Buffer.alloc(1024 * 1024);
      let sent = 0;
      while (sent < size && client.socket.write(chunk)) sent += chunk.length;
      await target.head(0);
      // What the system buffers on both sides fits; nobody takes the rest.
      for (let i = 0; i < 64; i++) client.socket.write(chunk);
      let before = -1;
      await eventually(() => {
        const same = client.socket.bytesWritten - client.socket.writableLength === before;
        before = client.socket.bytesWritten - client.socket.writableLength;
        return same && client.socket.writableLength > 32 * 1024 * 1024;
      }, 'most of it waits at the client');
    });

    it('of answers that the client does not read stay at the service', async (t) => {
      const { target, port, ready } = await startMount(t, kind);
      const size = 128 * 1024 * 1024;
      const chunk = Buffer.alloc(1024 * 1024);
      target.script = play(
        requestComplete,
        send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`),
        ({ socket }) => {
          for (let i = 0; i < 128; i++) socket.write(chunk);
        },
      );
      const client = await connectClient(t, port);
      await client.send('GET /api/x HTTP/1.1\r\nHost: a\r\n\r\n');
      await client.head();
      client.socket.pause();
      await eventually(() => (target.connections[0]?.socket.writableLength ?? 0) > 0, 'the service waits');
      const { writableLength = 0 } = target.connections[0]?.socket ?? {};
      assert.ok(writableLength > size / 2, `${writableLength} octets wait at the service`);
      client.destroy();
      const gateway = await ready;
      await eventually(() => gateway.stats.inFlight === 0, 'the exchange is over');
    });

    it('end with trailers, both ways, where the route lets them pass', async (t) => {
      const { target, port } = await startMount(t, kind, {
        config: { routes: [{ path: '/api', upstream: 'service', trailers: ['x-sum'] }] },
      });
      target.script = answer({ headers: [['Trailer', 'X-Sum']], chunks: ['a'], trailers: [['X-Sum', '2']] });
      const response = await exchangeOnce(
        t,
        port,
        'POST /api HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nX-Other: 1\r\n\r\n',
      );
      assert.deepEqual(response.trailers, [['X-Sum', '2']]);
      assert.deepEqual((await target.request(0)).trailers, [['X-Sum', '1']]);
    });
  });
}
