import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { eventually } from '../kit/eventually.ts';
import { connectClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { play, responseText, silent, stopReading } from '../kit/replies.ts';
import { routeTo } from '../kit/start-gateway.ts';
import { startTimedGateway } from '../kit/timed-gateway.ts';
import type { TimedGateway } from '../kit/timed-gateway.ts';
import { calm, get, post, UpstreamScene } from './upstream-scene.ts';

/** What the wheel may be late by, milliseconds. */
const late = 150;

async function startTimedScene(
  t: TestContext,
  config: Partial<ConfigInput> = {},
): Promise<UpstreamScene & { readonly gateway: TimedGateway }> {
  const target = await startRecordingTarget(t);
  const gateway = await startTimedGateway(t, routeTo(target, { ...calm, ...config }));
  return Object.assign(new UpstreamScene(gateway, target), { gateway });
}

for (const [what, bytes] of [
  ['a GET', get],
  ['a POST', post],
] as const) {
  test(`F133: a target that accepts ${what} and never answers costs a 504 at 30 s, and is asked once`, async (t) => {
    const scene = await startTimedScene(t);
    scene.target.next(silent);
    const client = await connectClient(t, scene.port);
    await client.send(bytes);
    await scene.target.request(0);
    await scene.gateway.pass(29_900);
    assert.equal(client.receivedLength, 0, 'not before its time');
    await scene.gateway.pass(100 + late);
    scene.assertProblem(await client.outcome(), 504, 'upstream_headers_timeout');
    const record = scene.gateway.records.find(({ path }) => path === '/asked');
    assert.deepEqual([record?.status, record?.error, record?.attempts], [504, 'upstream_headers_timeout', 1]);
    assert.equal(scene.target.requests.length, 1);
    assert.equal(scene.failures('upstream_headers_timeout'), 1);
    await eventually(() => scene.target.openConnections.length === 0, 'the connection is given up');
    await scene.assertNextServed();
  });
}

test('F133: a head that trickles in octet by octet is out of time all the same', async (t) => {
  const scene = await startTimedScene(t);
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n';
  scene.target.next(silent);
  const client = await connectClient(t, scene.port);
  await client.send(get);
  await scene.target.request(0);
  for (let second = 0; second < 29; second++) {
    socketOf(scene).write(head.charAt(second));
    await scene.gateway.pass(1000);
  }
  assert.equal(client.receivedLength, 0);
  await scene.gateway.pass(1000 + late);
  scene.assertProblem(await client.outcome(), 504, 'upstream_headers_timeout');
  await scene.assertNextServed();
});

test('F133: interim answers buy no time', async (t) => {
  const scene = await startTimedScene(t);
  scene.target.next(silent);
  const client = await connectClient(t, scene.port);
  await client.send(get);
  await scene.target.request(0);
  for (let round = 0; round < 14; round++) {
    socketOf(scene).write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
    await scene.gateway.pass(2000);
  }
  await scene.gateway.pass(2000 + late);
  scene.assertProblem(await client.outcome(), 504, 'upstream_headers_timeout');
  assert.equal(scene.target.requests.length, 1);
  await scene.assertNextServed();
});

test('F133: an answer behind the limit reaches nobody', async (t) => {
  const scene = await startTimedScene(t);
  scene.target.next(silent);
  const client = await connectClient(t, scene.port);
  await client.send(get);
  await scene.target.request(0);
  const socket = socketOf(scene);
  await scene.gateway.pass(30_000 + late);
  scene.assertProblem(await client.outcome(), 504, 'upstream_headers_timeout');
  socket.write(responseText({ body: 'too late' }));
  await client.send(get.replace('asked', 'next'));
  const response = await client.response();
  assert.equal(response.text, 'OK');
  await scene.assertNextServed();
});

test('F133: the time of a request that is still arriving is not the time of its answer', async (t) => {
  const scene = await startTimedScene(t, { limits: { bodyMinRate: 0 } });
  scene.target.next(silent);
  const client = await connectClient(t, scene.port);
  await client.send(post.slice(0, -2));
  await scene.target.head(0);
  await scene.gateway.pass(25_000);
  await client.send('l');
  await scene.gateway.pass(25_000 - late);
  await client.send('o');
  await scene.target.request(0);
  await scene.gateway.pass(9000);
  assert.equal(client.receivedLength, 0);
  socketOf(scene).write(responseText());
  assert.equal((await client.response()).status, 200);
});

test('F133: a target that stops reading a request has 60 s, also on a streaming route', async (t) => {
  const target = await startRecordingTarget(t, { script: play(stopReading), keepBytes: false });
  const gateway = await startTimedGateway(t, {
    upstreams: { service: target.url },
    routes: [{ path: '/', upstream: 'service', streaming: true, limits: { body: 0 } }],
    limits: { bodyMinRate: 0 },
    ...calm,
  });
  const client = await connectClient(t, gateway.port);
  await client.send('PUT / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 100000000\r\n\r\n');
  const upload = client.send(Buffer.alloc(30_000_000));
  await target.head(0);
  await eventually(() => client.socket.bytesWritten > 1_000_000, 'part of it has left');
  await gateway.pass(59_000);
  assert.equal(client.receivedLength, 0);
  // Its time begins when the last of it has left, which the system's buffers may have taken meanwhile.
  await eventually(async () => {
    await gateway.pass(3000 + late);
    return client.receivedLength > 0;
  }, 'the gateway gives up');
  const { status } = await client.response();
  assert.equal(status, 504);
  client.destroy();
  await upload.catch(() => undefined);
});

test('F133: a target that accepts the connection but never the TLS handshake has 3 s', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startTimedGateway(t, {
    upstreams: { service: target.url.replace('http:', 'https:') },
    routes: [{ path: '/', upstream: 'service' }],
    ...calm,
  });
  const client = await connectClient(t, gateway.port);
  await client.send(post);
  await eventually(() => target.receivedLength > 0, 'a handshake has begun');
  await gateway.pass(2900);
  assert.equal(client.receivedLength, 0);
  await gateway.pass(100 + late);
  const response = await client.response();
  assert.equal(response.status, 504);
  assert.match(response.text, /upstream_connect_timeout/);
  await eventually(() => target.openConnections.length === 0, 'the connection is given up');
});

test('F133: another target is asked when the first takes no connection in time', async (t) => {
  const dead = await startRecordingTarget(t);
  const target = await startRecordingTarget(t);
  const gateway = await startTimedGateway(t, {
    upstreams: { service: { targets: [dead.url.replace('http:', 'https:'), target.url] } },
    routes: [{ path: '/', upstream: 'service' }],
    ...calm,
  });
  const client = await connectClient(t, gateway.port);
  await client.send(post);
  await eventually(() => dead.receivedLength > 0, 'a handshake has begun');
  await gateway.pass(3000 + late);
  assert.equal((await client.response()).status, 200);
  const record = gateway.records.find(({ path }) => path === '/asked');
  assert.deepEqual([record?.attempts, record?.target, record?.error], [2, target.address, undefined]);
});

function socketOf(scene: UpstreamScene) {
  return scene.target.connections[0]?.socket ?? assert.fail('no connection');
}
