import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { eventually } from '../kit/eventually.ts';
import { appKinds, startMount, type Before } from '../kit/mounted-apps.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { answer, play, raw, requestComplete, responseText, send, waitFor } from '../kit/replies.ts';
import { compressionLike, helmetLike, sessionLike, throwing } from '../kit/response-wrappers.ts';

const get = 'GET /api/x HTTP/1.1\r\nHost: app.test\r\n\r\n';

for (const kind of appKinds) {
  describe(`answers of a gateway in ${kind.name}`, () => {
    it('to HEAD, and with 204 and 304, have no body and leave the connection of use', async (t) => {
      const { target, port } = await startMount(t, kind);
      const client = await connectClient(t, port);
      target.next(
        answer({ body: 'service' }),
        answer({ status: 204 }),
        answer({ status: 304, headers: [['ETag', '"a"']] }),
      );
      await client.send(get.replace('GET', 'HEAD'));
      const head = await client.response({ to: 'HEAD' });
      assert.deepEqual([head.status, head.header('content-length'), head.text], [200, '7', '']);
      await client.send(get);
      assert.deepEqual([(await client.response()).status, 204], [204, 204]);
      await client.send(get);
      const unchanged = await client.response();
      assert.deepEqual([unchanged.status, unchanged.header('etag')], [304, '"a"']);
      await client.send(get);
      assert.equal((await client.response()).text, 'OK');
    });

    it('let a client that expects 100 go on, and a client of HTTP/1.0 have what it understands', async (t) => {
      const { target, port } = await startMount(t, kind);
      const client = await connectClient(t, port);
      await client.send(
        'POST /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n',
      );
      await eventually(() => client.received.toString().startsWith('HTTP/1.1 100'), 'the 100');
      await client.send('ab');
      assert.equal((await client.response()).text, 'OK');
      target.script = answer({
        chunks: ['a', 'b'],
        headers: [['Trailer', 'X-Sum']],
        trailers: [['X-Sum', '1']],
      });
      const old = await exchangeOnce(t, port, 'GET /api/x HTTP/1.0\r\nHost: a\r\n\r\n');
      assert.deepEqual(
        [old.text, old.header('transfer-encoding'), old.header('trailer')],
        ['ab', undefined, undefined],
      );
    });

    it('begin before their first octet is there, and pass events on at once', async (t) => {
      const { target, port } = await startMount(t, kind);
      const [first, last] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      target.script = play(
        requestComplete,
        send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'),
        waitFor(first.promise),
        send('9\r\ndata: 1\n\n\r\n'),
        waitFor(last.promise),
        send('0\r\n\r\n'),
      );
      const client = await connectClient(t, port);
      await client.send(get);
      assert.equal((await client.head()).status, 200);
      first.resolve();
      await eventually(() => client.received.toString().includes('data: 1\n\n'), 'the event');
      last.resolve();
      assert.equal((await client.response()).text, 'data: 1\n\n');
    });

    it('come in the order of pipelined requests', async (t) => {
      const { target, port } = await startMount(t, kind);
      target.script = answer((request) => ({ body: request.target }));
      const client = await connectClient(t, port);
      await client.send(['1', '2', '3'].map((n) => get.replace('/x', `/${n}`)).join(''));
      for (const n of ['1', '2', '3']) assert.equal((await client.response()).text, `/api/${n}`);
    });

    it('do not make the connection useless when they come before the body was read', async (t) => {
      const { target, port } = await startMount(t, kind);
      target.script = ({ socket }) => void socket.end(responseText({ status: 403, body: 'no' }));
      const client = await connectClient(t, port);
      await client.send(`POST /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: ${2 * 1024 * 1024}\r\n\r\n`);
      assert.equal((await client.response()).status, 403);
      await client.send(Buffer.alloc(2 * 1024 * 1024));
      target.script = answer();
      await client.send(get);
      assert.equal((await client.response()).text, 'OK');
    });

    it('carry what the app has set, where the service says nothing of that name', async (t) => {
      const { target, port } = await startMount(t, kind, { before: [helmetLike] });
      target.script = answer({ headers: [['X-Of-Both', 'the service']], body: 'a' });
      const response = await exchangeOnce(t, port, get);
      assert.deepEqual(
        [response.header('x-frame-options'), response.header('x-of-both')],
        ['DENY', 'the service'],
      );
    });

    for (const [name, set] of [
      ['Content-Length', '3'],
      ['Transfer-Encoding', 'gzip'],
      ['Transfer-Encoding', 'chunked'],
      ['Trailer', 'X-Sum'],
    ] as const) {
      it(`are framed by us alone, even if the app has said ${name}: ${set}`, async (t) => {
        const before: Before = (_request, response, next) => {
          response.setHeader(name, set);
          next();
        };
        const { target, port } = await startMount(t, kind, { before: [before] });
        const client = await connectClient(t, port);
        target.next(answer({ body: 'known' }), answer({ chunks: ['un', 'known'] }), answer({ status: 204 }));
        for (const text of ['known', 'unknown', '', 'OK']) {
          await client.send(get);
          const response = await client.response();
          assert.equal(response.text, text);
          assert.equal(
            response.header('content-length'),
            response.header('transfer-encoding') === 'chunked' || text === ''
              ? undefined
              : String(text.length),
          );
        }
        assert.deepEqual(client.unread.length, 0);
      });
    }

    it('pass through what a session puts around them', async (t) => {
      const { target, port, ready } = await startMount(t, kind, { before: [sessionLike] });
      target.script = answer({ headers: [['Set-Cookie', 'a=1']], chunks: ['a', 'b'] });
      const response = await exchangeOnce(t, port, get);
      assert.equal(response.text, 'ab');
      assert.deepEqual(
        response.headers.filter(([line]) => line.toLowerCase() === 'set-cookie').map(([, value]) => value),
        ['a=1', 'sid=1'],
      );
      const gateway = await ready;
      await eventually(() => gateway.stats.inFlight === 0, 'the exchange is over');
    });

    it('pass through what compresses them, events at once', async (t) => {
      const { target, port } = await startMount(t, kind, { before: [compressionLike] });
      const body = Array.from({ length: 200_000 }, (_, i) => i.toString(36)).join();
      target.script = answer({ body });
      const response = await exchangeOnce(t, port, get);
      assert.equal(response.header('content-length'), undefined);
      assert.equal(gunzipSync(response.body).toString(), body);
      const more = Promise.withResolvers<void>();
      target.script = play(
        requestComplete,
        send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'),
        send('9\r\ndata: 1\n\n\r\n'),
        waitFor(more.promise),
        send('0\r\n\r\n'),
      );
      const client = await connectClient(t, port);
      await client.send(get);
      const head = (await client.head()).headers.length;
      assert.ok(head > 0);
      // More than the ten octets with which gzip begins: the event is there.
      await eventually(() => client.received.length - client.received.indexOf('\r\n\r\n') > 24, 'the event');
      more.resolve();
      assert.equal(gunzipSync((await client.response()).body).toString(), 'data: 1\n\n');
    });

    for (const method of ['writeHead', 'setHeader', 'write', 'end'] as const) {
      it(`cost their own exchange alone where the app's ${method} throws`, async (t) => {
        const { target, port, ready } = await startMount(t, kind, { before: [throwing(method)] });
        target.script = answer({ headers: [['Content-Encoding', 'x']], body: 'a' });
        const client = await connectClient(t, port);
        await client.send(get);
        const outcome = await client.outcome();
        if (outcome.kind === 'response') {
          assert.equal(outcome.response.status, 500);
          assert.equal(outcome.response.header('content-encoding'), undefined);
        } else assert.notEqual(outcome.kind, 'quiet');
        const gateway = await ready;
        await eventually(() => gateway.stats.inFlight === 0, 'the exchange is over');
        assert.equal(target.requests.length, 1);
      });
    }

    it('come too late where the app has answered by itself meanwhile', async (t) => {
      const before: Before = (request, response, next) => {
        request.once('wanted', () => response.writeHead(503).end('too slow'));
        next();
        waiting.push(() => request.emit('wanted'));
      };
      const waiting: (() => void)[] = [];
      const { target, port, ready } = await startMount(t, kind, { before: [before] });
      const late = Promise.withResolvers<void>();
      target.script = play(requestComplete, waitFor(late.promise), send(responseText({ body: 'late' })));
      const client = await connectClient(t, port);
      await client.send(get);
      await target.request(0);
      waiting[0]?.();
      assert.deepEqual([(await client.response()).text, client.isClosed], ['too slow', false]);
      late.resolve();
      const gateway = await ready;
      await eventually(() => gateway.stats.inFlight === 0, 'the exchange is over');
    });

    it('to a service that sends what is no HTTP are 502, and the app goes on', async (t) => {
      const { target, port } = await startMount(t, kind);
      target.script = raw('HTTP/1.1 200 OK\r\nX: \u0001\r\nContent-Length: 0\r\n\r\n');
      assert.equal((await exchangeOnce(t, port, get)).status, 502);
      target.script = answer();
      assert.equal((await exchangeOnce(t, port, get)).status, 200);
    });
  });
}
