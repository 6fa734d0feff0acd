import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as afterPoll } from 'node:timers/promises';
import { eventually } from '../kit/eventually.ts';
import { connectClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { play, requestComplete, responseText, send, stopReading } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

/** More than the system holds for one connection, however generous it is. */
const plenty = 32 * 1024 * 1024;

test('a body that comes in pieces goes on when the connection to the target stands', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  const client = await connectClient(t, gateway.port);
  // The first piece waits for the connection; it is less than a stream holds before it says `drain`.
  await client.send('POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 200000\r\n\r\n');
  for (let piece = 0; piece < 200; piece++) await client.send('x'.repeat(1000));
  assert.equal((await client.response()).status, 200);
  assert.equal((await target.request(0)).bodyLength, 200_000);
});

test('pieces smaller than a high-water mark reach a client that stopped reading for a while', async (t) => {
  const piece = 'x'.repeat(10_000);
  const pieces = plenty / 10_000;
  const target = await startRecordingTarget(t, {
    script: async (turn) => {
      await requestComplete(turn);
      await send(`HTTP/1.1 200 OK\r\nContent-Length: ${piece.length * pieces}\r\n\r\n`)(turn);
      for (let i = 0; i < pieces; i++) {
        await send(piece)(turn);
        await readByGateway();
      }
    },
  });
  const gateway = await startGateway(t, routeTo(target));
  const client = await connectClient(t, gateway.port);
  client.forgetReceived();
  client.socket.pause();
  await client.send('GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n');
  await stopsGrowing(() => target.connections[0]?.socket.bytesWritten ?? 0);
  client.socket.resume();
  const response = await client.response({ discardBody: true });
  assert.equal(response.bodyLength, piece.length * pieces);
});

test('pieces smaller than a high-water mark reach a target that stopped reading for a while', async (t) => {
  const piece = 'x'.repeat(10_000);
  const pieces = plenty / 10_000;
  const target = await startRecordingTarget(t, {
    script: play(stopReading, requestComplete, send(responseText())),
    keepBytes: false,
  });
  const gateway = await startGateway(t, routeTo(target, { limits: { body: 0 } }));
  const client = await connectClient(t, gateway.port);
  let sent = 0;
  const upload = (async () => {
    await client.send(`PUT / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: ${piece.length * pieces}\r\n\r\n`);
    for (; sent < pieces; sent++) {
      await client.send(piece);
      await readByGateway();
    }
  })();
  await target.head(0);
  await stopsGrowing(() => sent);
  assert.ok(sent < pieces, 'the client is held up');
  target.connections[0]?.socket.resume();
  await upload;
  assert.equal((await target.request(0)).bodyLength, piece.length * pieces);
  assert.equal((await client.response()).status, 200);
});

/** Lets the event loop go round, so that the gateway reads one piece before the next is sent. */
async function readByGateway(): Promise<void> {
  await afterPoll();
  await afterPoll();
}

/** Waits until a number has grown, and does not any more. */
async function stopsGrowing(read: () => number): Promise<void> {
  let last = -1;
  let still = 0;
  await eventually(() => {
    const now = read();
    still = now === last && now > 0 ? still + 1 : 0;
    last = now;
    return still >= 20;
  }, 'it stops growing');
}
