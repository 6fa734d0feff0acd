import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { answer, play, responseText, send, waitFor } from '../kit/replies.ts';
import { startFramingScene } from './framing-scene.ts';

function get(path: string, padding = 0): string {
  return `GET ${path} HTTP/1.1\r\nHost: gw.test\r\n${padding > 0 ? `X-Padding: ${'p'.repeat(padding)}\r\n` : ''}\r\n`;
}

test('F19: a thousand requests in one packet are answered in order, and the last one closes', async (t) => {
  const scene = await startFramingScene(t);
  scene.target.script = answer((request) => ({ body: request.target }));
  const client = await scene.connect();
  await client.send(Array.from({ length: 1001 }, (_, i) => get(`/${i}`)).join(''));
  for (let i = 0; i < 1000; i++) {
    const response = await client.response();
    assert.equal(response.text, `/${i}`);
    assert.equal(response.saysClose, i === 999, 'a connection takes a thousand requests by default');
  }
  assert.equal(await client.ending(), 'finished');
  assert.equal(client.unread.length, 0);
  client.destroy();
  assert.equal(scene.target.requests.length, 1000);
  assert.deepEqual(
    scene.target.requests.map(({ target }) => target),
    Array.from({ length: 1000 }, (_, i) => `/${i}`),
  );
});

test('F19: a quick answer never overtakes a slow one', async (t) => {
  const scene = await startFramingScene(t);
  const slow = Promise.withResolvers<void>();
  scene.target.script = answer((request) => ({ body: request.target }));
  scene.target.next(play(waitFor(slow.promise), send(responseText({ body: '/slow' }))));
  const client = await scene.connect();
  await client.send(get('/slow') + get('/quick') + get('/quicker'));
  await scene.target.request(0);
  assert.equal((await client.outcome({ within: 50 })).kind, 'quiet');
  slow.resolve();
  for (const path of ['/slow', '/quick', '/quicker']) assert.equal((await client.response()).text, path);
  client.destroy();
});

test('F19: while an answer is awaited, few requests are begun and the client is held back', async (t) => {
  const scene = await startFramingScene(t, { limits: { requestsPerConnection: 100_000 } });
  const slow = Promise.withResolvers<void>();
  scene.target.script = answer();
  scene.target.next(play(waitFor(slow.promise), send(responseText({ body: 'OK' }))));
  const client = await scene.connect();
  // More than the system's buffers on both sides take.
  const count = 2000;
  const sent = client.send(Array.from({ length: count }, (_, i) => get(`/${i}`, 12_000)).join(''));
  await scene.target.request(0);
  await scene.assertNextClientServed();
  assert.ok(
    client.socket.writableLength > 1_000_000,
    `${client.socket.writableLength} octets wait at the client`,
  );
  assert.ok(scene.target.requests.length < 20, `${scene.target.requests.length} requests have been begun`);
  slow.resolve();
  for (let i = 0; i < count; i++) assert.equal((await client.response()).status, 200);
  await sent;
  client.destroy();
  await eventually(() => scene.gateway.records.length === count + 1, 'each is in the access log');
});

test('F19: what is behind a request that closes is not read', async (t) => {
  const scene = await startFramingScene(t);
  for (const [name, first] of Object.entries({
    'Connection: close': 'GET /1 HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n',
    'HTTP/1.0': 'GET /1 HTTP/1.0\r\nHost: gw.test\r\n\r\n',
  })) {
    await t.test(name, async () => {
      const before = scene.target.requests.length;
      const client = await scene.connect();
      await client.send(first + get('/2') + get('/3'));
      assert.ok((await client.response()).saysClose);
      assert.equal(await client.ending(), 'finished');
      assert.equal(client.unread.length, 0);
      client.destroy();
      assert.deepEqual(
        scene.target.requests.slice(before).map(({ target }) => target),
        ['/1'],
      );
      await scene.assertNextClientServed();
    });
  }
});
