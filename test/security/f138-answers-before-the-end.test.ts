import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { connectClient } from '../kit/raw-client.ts';
import { finish, play, reset, responseText, send, stopReading } from '../kit/replies.ts';
import type { Step } from '../kit/replies.ts';
import { startUpstreamScene } from './upstream-scene.ts';

const size = 30_000_000;
const refusal = responseText({ status: 413, body: 'too much' });

for (const [framing, head, chunked] of [
  ['with a length', `Content-Length: ${size}`, false],
  ['in chunks', 'Transfer-Encoding: chunked', true],
] as const) {
  for (const [how, after] of [
    ['and reads on', []],
    ['and stops reading', [stopReading]],
    ['and closes', [finish]],
    ['and resets', [stopReading, afterAMoment(reset)]],
  ] as const satisfies [string, Step[]][]) {
    test(`F138: a target that refuses an upload ${framing} halfway ${how} is heard, and not sent the rest`, async (t) => {
      const scene = await startUpstreamScene(t, { limits: { body: 0 } });
      scene.target.next(play(...after.filter((step) => step === stopReading), send(refusal), ...after));
      const client = await connectClient(t, scene.port);
      const upload = async (): Promise<void> => {
        await client.send(`POST /asked HTTP/1.1\r\nHost: gw.test\r\n${head}\r\n\r\n`);
        const piece = Buffer.alloc(100_000, 'x');
        for (let sent = 0; sent < size && !client.isClosed; sent += piece.length) {
          if (chunked) await client.send(`${piece.length.toString(16)}\r\n`);
          await client.send(piece);
          if (chunked) await client.send('\r\n');
        }
      };
      const uploading = upload();
      const response = await client.response();
      assert.deepEqual([response.status, response.text], [413, 'too much']);
      const record = await scene.gateway.record(0);
      assert.deepEqual([record.status, record.error], [413, undefined]);
      client.destroy();
      await uploading;
      const [connection] = scene.target.connections;
      // A socket that is not read does not hear of its end.
      connection?.socket.resume();
      await eventually(() => connection?.closed === true, 'the connection is given up');
      assert.ok(scene.target.receivedLength < size, 'the rest of the upload stays away');
      await scene.assertNextServed();
      assert.equal(connection?.requests.length, 1, 'the connection is not used again');
    });
  }
}

test('F138: an answer that comes with part of the request is delivered to a client that sends on slowly', async (t) => {
  const scene = await startUpstreamScene(t);
  scene.target.next(play(send(responseText({ status: 401, body: 'who are you?' }))));
  const client = await connectClient(t, scene.port);
  await client.send('POST /asked HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 10\r\n\r\nhel');
  const response = await client.response();
  assert.deepEqual([response.status, response.text], [401, 'who are you?']);
  // The rest is little: it is read away, and the connection goes on.
  await client.send('lo you!');
  await client.send('GET /again HTTP/1.1\r\nHost: gw.test\r\n\r\n');
  assert.equal((await client.response()).text, 'OK');
  assert.deepEqual(
    scene.target.requests.map(({ target }) => target),
    ['/asked', '/again'],
  );
  await scene.assertNextServed();
});

test('F138: a target may answer while it still reads, as long as it likes', async (t) => {
  const scene = await startUpstreamScene(t);
  const { promise: half, resolve: go } = Promise.withResolvers<void>();
  scene.target.next(async (turn) => {
    await send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n')(turn);
    await half;
    await turn.request.whole;
    await send('6\r\nsecond\r\n0\r\n\r\n')(turn);
  });
  const client = await connectClient(t, scene.port);
  await client.send('POST /asked HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 10\r\n\r\nhello');
  assert.equal((await client.head()).status, 200);
  await client.send('there');
  go();
  assert.equal((await client.response()).text, 'firstsecond');
  assert.equal(scene.target.requests[0]?.body.toString(), 'hellothere');
  await client.send('GET /again HTTP/1.1\r\nHost: gw.test\r\n\r\n');
  assert.equal((await client.response()).text, 'OK');
  assert.equal(scene.target.connections.length, 1, 'both sides are complete: the connection serves on');
});

function afterAMoment(step: Step): Step {
  return async (turn) => {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 50);
    });
    await step(turn);
  };
}
