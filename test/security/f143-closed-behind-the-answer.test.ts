import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { connectClient } from '../kit/raw-client.ts';
import { finish, play, requestComplete, reset, responseText, send } from '../kit/replies.ts';
import type { Step } from '../kit/replies.ts';
import { get, post, startUpstreamScene } from './upstream-scene.ts';

const destroy: Step = ({ socket }) => void socket.destroy();
/** As much as the system takes in at once: what a RST overtakes on its way is lost. */
const large = 'x'.repeat(40_000);

for (const [how, end] of [
  ['FIN', finish],
  ['close', destroy],
  ['RST', reset],
] as const) {
  for (const [what, text, body] of [
    ['a small answer', responseText({ body: 'small' }), 'small'],
    ['a larger answer', responseText({ body: large }), large],
    ['a chunked answer', responseText({ chunks: ['one', large, 'three'] }), `one${large}three`],
    ['an answer without a body', responseText({ status: 204 }), ''],
  ] as const) {
    test(`F143: ${what} with a ${how} right behind it is delivered`, async (t) => {
      const scene = await startUpstreamScene(t);
      for (const bytes of [get, post, get]) {
        const response = await scene.assertServed(bytes, play(requestComplete, send(text), end));
        assert.equal(response.text, body);
        await scene.assertNextServed();
      }
    });
  }
}

test('F143: a target that closes its side before it answers has not answered', async (t) => {
  const scene = await startUpstreamScene(t);
  await scene.assertFailed(post, 502, 'upstream_closed', play(requestComplete, finish));
});

test('F143: a target that closes its side in the middle of an upload ends the exchange', async (t) => {
  const scene = await startUpstreamScene(t);
  scene.target.next(play(finish));
  const client = await connectClient(t, scene.port);
  await client.send(post.slice(0, -2));
  scene.assertProblem(await client.outcome(), 502, 'upstream_closed');
  await eventually(() => scene.target.openConnections.length === 0, 'the connection is given up');
  await scene.assertNextServed();
});

test('F143: what a target sent before it closed is delivered to a client that reads slowly', async (t) => {
  const scene = await startUpstreamScene(t);
  const size = 12 * 1024 * 1024;
  scene.target.next(
    play(requestComplete, send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`), ({ socket }) => {
      socket.end(Buffer.alloc(size));
    }),
  );
  const client = await connectClient(t, scene.port);
  client.forgetReceived();
  client.socket.pause();
  await client.send(get);
  await eventually(() => scene.target.connections[0]?.socket.writableEnded === true, 'the target has closed');
  for (let pieces = 0; pieces < 20; pieces++) {
    const before = client.receivedLength;
    client.socket.resume();
    await client.receivedAtLeast(before + 1);
    client.socket.pause();
  }
  client.socket.resume();
  assert.equal((await client.response({ discardBody: true })).bodyLength, size);
  assert.equal((await scene.gateway.record(0)).error, undefined);
  await scene.assertNextServed();
});
