import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFramingScene } from './framing-scene.ts';

const next = 'GET /next HTTP/1.1\r\nHost: gw.test\r\n\r\n';

function upload(path: string, more = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: gw.test\r\nExpect: 100-continue\r\n${more}Content-Length: 5\r\n\r\n`;
}

const withRefusal = {
  routes: [
    { path: '/refused', policies: [{ respond: { status: 401, body: 'no' } }] },
    { path: '/', upstream: 'service' },
  ],
};

test('F22: a client that waits gets its 100 once the policies let the request pass, and sends the body then', async (t) => {
  const scene = await startFramingScene(t);
  const client = await scene.connect();
  await client.send(upload('/'));
  await client.receivedAtLeast('HTTP/1.1 100 Continue\r\n\r\n'.length);
  await client.send(`hello${next}`);
  const response = await client.response();
  assert.deepEqual(
    response.interim.map(({ status }) => status),
    [100],
    'exactly one',
  );
  assert.equal(response.status, 200);
  assert.equal((await client.response()).status, 200);
  client.destroy();
  const [first, second] = scene.target.requests;
  assert.deepEqual([first?.body.toString(), second?.target], ['hello', '/next']);
  assert.equal(first?.header('expect'), undefined, 'the expectation was met here');
});

test('F22: a client that sends the body at once is served, and the next request is not part of it', async (t) => {
  const scene = await startFramingScene(t);
  for (const body of [
    'Content-Length: 5\r\n\r\nhello',
    'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  ]) {
    const before = scene.target.requests.length;
    const client = await scene.connect();
    await client.send(`POST / HTTP/1.1\r\nHost: gw.test\r\nExpect: 100-continue\r\n${body}${next}`);
    assert.equal((await client.response()).status, 200);
    assert.equal((await client.response()).status, 200);
    client.destroy();
    const seen = scene.target.requests
      .slice(before)
      .map((request) => [request.target, request.body.toString()]);
    assert.deepEqual(seen, [
      ['/', 'hello'],
      ['/next', ''],
    ]);
  }
});

test('F22: a request that a policy refuses gets no 100', async (t) => {
  const scene = await startFramingScene(t, withRefusal);
  const client = await scene.connect();
  await client.send(upload('/refused'));
  const response = await client.response();
  assert.deepEqual([response.status, response.interim.length], [401, 0]);
  client.destroy();
  assert.equal(scene.target.receivedLength, 0);
});

test('F22: after a refusal without 100 nobody knows whether the body comes: the connection ends, whatever follows', async (t) => {
  const scene = await startFramingScene(t, withRefusal);
  for (const [name, more] of Object.entries({
    'the next request': next,
    'the body': 'hello',
    both: `hello${next}`,
    'another body': 'GET /',
  })) {
    await t.test(name, async () => {
      const client = await scene.connect();
      await client.send(upload('/refused'));
      const response = await client.response();
      assert.ok(response.saysClose);
      void client.send(more);
      await client.ending();
      assert.equal(client.unread.length, 0);
      client.destroy();
      assert.deepEqual(
        scene.target.requests.filter(({ target }) => target === '/next'),
        [],
      );
      await scene.assertNextClientServed();
    });
  }
});

test('F22: a body above the limit gets its 413 instead of a 100', async (t) => {
  const scene = await startFramingScene(t, { limits: { body: '1b' } });
  const client = await scene.connect();
  await client.send(upload('/'));
  const response = await client.response();
  assert.deepEqual([response.status, response.interim.length, response.saysClose], [413, 0, true]);
  client.destroy();
  assert.equal(scene.target.receivedLength, 0);
});

test('F22: an HTTP/1.0 client gets no 100', async (t) => {
  const scene = await startFramingScene(t);
  const client = await scene.connect();
  await client.send(
    'POST / HTTP/1.0\r\nHost: gw.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello',
  );
  const response = await client.response();
  assert.deepEqual([response.status, response.interim.length], [200, 0]);
  client.destroy();
});

test('F22: a request without a body gets no 100', async (t) => {
  const scene = await startFramingScene(t);
  const client = await scene.connect();
  await client.send('GET / HTTP/1.1\r\nHost: gw.test\r\nExpect: 100-continue\r\n\r\n');
  const response = await client.response();
  assert.deepEqual([response.status, response.interim.length], [200, 0]);
  client.destroy();
});

test('F22: an expectation that is not known is 417, closes, and nothing reaches a target', async (t) => {
  const scene = await startFramingScene(t);
  for (const expectation of ['200-ok', '100-continue, x', '100-continued', 'x=y', '""', '']) {
    await t.test(JSON.stringify(expectation), async () => {
      const bytes = `POST / HTTP/1.1\r\nHost: gw.test\r\nExpect: ${expectation}\r\nContent-Length: 5\r\n\r\nhello${next}`;
      await scene.assertRefused(bytes, { status: [400, 417] });
    });
  }
});
