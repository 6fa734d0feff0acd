import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import type { RecordingTarget } from '../kit/recording-target.ts';
import { answer } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const size = 60_000;
const count = 1000;
const get = 'GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n';

/** Resolves when no request has arrived for a while, with the number of those that have. */
async function settled(target: RecordingTarget): Promise<number> {
  for (;;) {
    const before = target.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (target.requests.length === before && before > 0) return before;
  }
}

async function startUnread(t: Parameters<typeof connectClient>[0]) {
  const target = await startRecordingTarget(t, { script: answer({ body: 'x'.repeat(size) }) });
  const scene = await startGateway(
    t,
    routeTo(target, { limits: { requestsPerConnection: 100_000 }, drain: { accept: '0s', timeout: '20s' } }),
  );
  const client = await connectClient(t, scene.port);
  client.socket.pause();
  await client.send(get.repeat(count));
  return { target, scene, client, begun: await settled(target) };
}

test('F19: whoever pipelines and does not read gets no more answers begun than the system takes', async (t) => {
  const { target, client, begun } = await startUnread(t);
  // The system's buffers on both sides take some 10 MB.
  assert.ok(begun < count / 2, `${begun} answers of ${size} octets have been made`);
  client.socket.resume();
  for (let i = 0; i < count; i++) assert.equal((await client.response()).bodyLength, size);
  assert.equal(target.requests.length, count);
});

test('F177: an answer that waits for its client to read is not cut off when the gateway drains', async (t) => {
  const { scene, client, begun } = await startUnread(t);
  const drained = scene.gateway.drain();
  await new Promise((resolve) => setTimeout(resolve, 200));
  client.socket.resume();
  for (let i = 0; i < begun; i++) assert.equal((await client.response()).bodyLength, size, `${i}`);
  assert.equal(await client.ending(), 'finished');
  client.destroy();
  await drained;
});
