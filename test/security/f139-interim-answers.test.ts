import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as afterPoll } from 'node:timers/promises';
import { connectClient } from '../kit/raw-client.ts';
import { play, requestComplete, responseText, send } from '../kit/replies.ts';
import type { Script } from '../kit/replies.ts';
import { get, post, startUpstreamScene } from './upstream-scene.ts';

const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
const final = responseText({ body: 'final' });

const answering = (text: string): Script => play(requestComplete, send(text));

test('F139: up to 16 interim answers are relayed, in order, and one more is too many', async (t) => {
  const scene = await startUpstreamScene(t);
  for (const count of [0, 1, 16]) {
    const response = await scene.assertServed(get, answering(hints.repeat(count) + final));
    assert.equal(response.text, 'final');
    assert.deepEqual(
      response.interim.map((interim) => [interim.status, interim.header('link')]),
      Array.from({ length: count }, () => [103, '</a>']),
    );
    await scene.assertNextServed();
  }
  await scene.assertFailed(get, 502, 'upstream_malformed', answering(hints.repeat(17) + final));
});

for (const [what, text] of [
  ['two thousand 103', hints.repeat(2000) + final],
  ['two thousand 100', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2000) + final],
  ['a mixture', `HTTP/1.1 100 Continue\r\n\r\n${hints}`.repeat(9) + final],
] as const) {
  test(`F139: ${what} before an answer are a 502`, async (t) => {
    const scene = await startUpstreamScene(t);
    for (const bytes of [get, post])
      await scene.assertFailed(bytes, 502, 'upstream_malformed', answering(text));
  });
}

test('F139: interim answers without end are cut off after the sixteenth', async (t) => {
  const scene = await startUpstreamScene(t);
  let sent = 0;
  const endless: Script = async (turn) => {
    for (; !turn.socket.destroyed && sent < 100_000; sent++) {
      await send(hints)(turn);
      await afterPoll();
    }
  };
  await scene.assertFailed(get, 502, 'upstream_malformed', endless);
  assert.ok(sent < 1000, `${sent} were taken`);
});

test('F139: the limit is the configuration’s', async (t) => {
  const scene = await startUpstreamScene(t, { limits: { interimResponses: 0 } });
  await scene.assertFailed(get, 502, 'upstream_malformed', answering(hints + final));
  assert.equal((await scene.assertServed(get, answering(final))).text, 'final');
});

test('F139: a 100 of the target is not relayed: the gateway has sent its own', async (t) => {
  const scene = await startUpstreamScene(t);
  const response = await scene.assertServed(post, answering(`HTTP/1.1 100 Continue\r\n\r\n${final}`));
  assert.deepEqual(response.interim, []);
  assert.equal(response.text, 'final');
  await scene.assertNextServed();
});

for (const [what, lines] of [
  ['with Upgrade', 'Connection: upgrade\r\nUpgrade: websocket\r\n'],
  ['to another protocol', 'Connection: upgrade\r\nUpgrade: h2c\r\n'],
  ['without Upgrade', ''],
] as const) {
  test(`F139: a 101 ${what} to a plain request is a 502, and nothing behind it is relayed`, async (t) => {
    const scene = await startUpstreamScene(t);
    const switching = `HTTP/1.1 101 Switching Protocols\r\n${lines}\r\nraw octets`;
    for (const bytes of [get, post])
      await scene.assertFailed(bytes, 502, 'upstream_malformed', answering(switching));
  });
}

test('F139: interim answers are no answer: what closes behind them has not answered', async (t) => {
  const scene = await startUpstreamScene(t);
  await scene.assertFailed(
    post,
    502,
    'upstream_malformed',
    play(requestComplete, send(hints), ({ socket }) => void socket.end()),
  );
});

test('F139: hop-by-hop lines of an interim answer stay on their connection, framing lines too', async (t) => {
  const scene = await startUpstreamScene(t);
  const lines =
    'Connection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=1\r\nContent-Length: 5\r\nLink: </b>\r\n';
  const response = await scene.assertServed(
    get,
    answering(`HTTP/1.1 103 Early Hints\r\n${lines}\r\n${final}`),
  );
  assert.deepEqual(
    response.interim.map(({ headers }) => headers),
    [[['Link', '</b>']]],
  );
});

test('F139: a client of HTTP/1.0 gets no interim answer', async (t) => {
  const scene = await startUpstreamScene(t);
  scene.target.next(answering(hints + final));
  const client = await connectClient(t, scene.port);
  await client.send(get.replace('HTTP/1.1', 'HTTP/1.0'));
  const response = await client.response();
  assert.deepEqual([response.interim.length, response.text], [0, 'final']);
  assert.doesNotMatch(client.received.toString(), / 103 /);
});
