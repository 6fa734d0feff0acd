import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { play, responseText, send } from '../kit/replies.ts';
import { startFramingScene } from './framing-scene.ts';
import type { FramingScene } from './framing-scene.ts';
import type { TestContext } from 'node:test';

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: gw.test\r\n\r\n';
const next = 'GET /next HTTP/1.1\r\nHost: gw.test\r\n\r\n';

/** `/early` is answered by a policy, as a refusal of a login or a rate limit is; everything else by the target. */
async function startEarlyScene(t: TestContext): Promise<FramingScene> {
  return startFramingScene(t, {
    routes: [
      { path: '/early', policies: [{ respond: { status: 401, body: 'no' } }] },
      { path: '/', upstream: 'service' },
    ],
  });
}

/** A body of that size, most of it requests that nobody may ever read as such. */
function bodyOf(size: number): string {
  return smuggled.repeat(Math.ceil(size / smuggled.length)).slice(0, size);
}

for (const framing of ['length', 'chunked'] as const) {
  const headOf = (size: number): string =>
    `POST /early HTTP/1.1\r\nHost: gw.test\r\n` +
    (framing === 'length'
      ? `Content-Length: ${size}\r\n\r\n`
      : `Transfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n`);
  const tail = framing === 'length' ? '' : '\r\n0\r\n\r\n';

  test(`F21: behind an early answer a small body (${framing}) is discarded, and the connection goes on`, async (t) => {
    const scene = await startEarlyScene(t);
    const client = await scene.connect();
    const body = bodyOf(20_000);
    await client.send(headOf(20_000) + body.slice(0, 100));
    const early = await client.response();
    assert.equal(early.status, 401);
    assert.ok(!early.saysClose);
    await client.send(body.slice(100) + tail + next);
    assert.equal((await client.response()).text, 'OK');
    client.destroy();
    assert.deepEqual(
      scene.target.requests.map(({ target }) => target),
      ['/next'],
    );
    await scene.assertNextClientServed();
  });

  test(`F21: an early answer to a body that is there already (${framing}) leaves the connection in step`, async (t) => {
    const scene = await startEarlyScene(t);
    const client = await scene.connect();
    await client.send(headOf(500) + bodyOf(500) + tail + headOf(40) + bodyOf(40) + tail + next);
    assert.equal((await client.response()).status, 401);
    assert.equal((await client.response()).status, 401);
    assert.equal((await client.response()).text, 'OK');
    client.destroy();
    assert.deepEqual(
      scene.target.requests.map(({ target }) => target),
      ['/next'],
    );
  });

  test(`F21: behind an early answer a large body (${framing}) ends the connection, and is never read as a request`, async (t) => {
    const scene = await startEarlyScene(t);
    const client = await scene.connect();
    const body = bodyOf(1_000_000);
    await client.send(headOf(1_000_000) + body.slice(0, 100));
    const early = await client.response();
    assert.equal(early.status, 401);
    void client.send(body.slice(100) + tail + next);
    await client.ending();
    assert.equal(client.unread.length, 0, 'nothing is answered behind it');
    client.destroy();
    assert.equal(scene.target.receivedLength, 0);
    await scene.assertNextClientServed();
  });
}

test('F21: a 413 for a body above the limit closes, and the body is never read as a request', async (t) => {
  const scene = await startFramingScene(t, { limits: { body: '1kb' } });
  const client = await scene.connect();
  await client.send(`POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 1000000\r\n\r\n`);
  const early = await client.response();
  assert.deepEqual([early.status, early.saysClose], [413, true]);
  void client.send(bodyOf(1_000_000) + next);
  await client.ending();
  assert.equal(client.unread.length, 0);
  client.destroy();
  assert.equal(scene.target.receivedLength, 0);
  await scene.assertNextClientServed();
});

test('F21: a target that answers early is heard, and its connection is not used again', async (t) => {
  const scene = await startFramingScene(t);
  scene.target.next(play(send(responseText({ status: 403, body: 'no' }))));
  const client = await scene.connect();
  await client.send('POST /up HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 20000\r\n\r\n' + bodyOf(100));
  assert.equal((await client.response()).status, 403);
  await client.send(bodyOf(20_000).slice(100) + next);
  const outcome = await client.outcome();
  // Either the rest of the body was discarded and the next request answered, or the connection ended; never anything else.
  if (outcome.kind === 'response') assert.equal(outcome.response.text, 'OK');
  else assert.equal(outcome.kind, 'closed');
  client.destroy();
  const [upload, ...others] = scene.target.connections;
  await eventually(() => upload?.ended !== undefined, 'the target sees the upload broken off');
  assert.deepEqual(
    upload?.requests.map(({ target }) => target),
    ['/up'],
  );
  assert.ok(others.every(({ requests }) => requests.every(({ target }) => target === '/next')));
  await scene.assertNextClientServed();
});
