import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import type { RawClient } from '../kit/raw-client.ts';
import { connectClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { silent } from '../kit/replies.ts';
import { startTimedGateway } from '../kit/timed-gateway.ts';
import type { TimedGateway } from '../kit/timed-gateway.ts';
import { calm, get, UpstreamScene } from './upstream-scene.ts';

/** What the wheel may be late by, milliseconds. */
const late = 150;

interface StallScene extends UpstreamScene {
  readonly gateway: TimedGateway;
  readonly client: RawClient;
  readonly socket: Socket;
}

/** A client that has asked, and the target's socket on which the answer is awaited. */
async function ask(t: TestContext, bytes = get, route: object = {}): Promise<StallScene> {
  const target = await startRecordingTarget(t);
  const gateway = await startTimedGateway(t, {
    upstreams: { service: target.url },
    routes: [{ path: '/', upstream: 'service', ...route }],
    ...calm,
  });
  target.next(silent);
  const client = await connectClient(t, gateway.port);
  await client.send(bytes);
  await target.request(0);
  const [connection] = target.connections;
  assert.ok(connection !== undefined);
  return Object.assign(new UpstreamScene(gateway, target), { gateway, client, socket: connection.socket });
}

async function assertCutOff(scene: StallScene, status: number, code: string, how: string): Promise<void> {
  const { client, gateway, target } = scene;
  const outcome = await client.outcome();
  assert.equal(outcome.kind, 'closed', JSON.stringify(outcome));
  assert.equal(await client.ending(), how);
  const record = gateway.records.find(({ path }) => path === '/asked');
  assert.deepEqual([record?.status, record?.error], [status, code]);
  await eventually(() => target.openConnections.length === 0, 'the connection to the target is given up');
  await scene.assertNextServed();
}

const get10 = get.replace('HTTP/1.1', 'HTTP/1.0');

for (const [what, bytes, head, part, how] of [
  ['with a length', get, 'Content-Length: 100', 'half', 'finished'],
  ['in chunks', get, 'Transfer-Encoding: chunked', '4\r\nhalf\r\n', 'finished'],
  ['in the middle of a chunk', get, 'Transfer-Encoding: chunked', '64\r\nhalf', 'finished'],
  ['before the last chunk is done', get, 'Transfer-Encoding: chunked', '4\r\nhalf\r\n0\r\n', 'finished'],
  ['up to the end of the connection', get, 'X-A: b', 'half', 'finished'],
  ['without an octet', get, 'Content-Length: 100', '', 'finished'],
  // Where the end of the connection is the end of the body, only a reset tells the two apart.
  ['in chunks, for an HTTP/1.0 client', get10, 'Transfer-Encoding: chunked', '4\r\nhalf\r\n', 'reset'],
] as const) {
  test(`F134: a body ${what} that stalls for 60 s is cut off, without a clean end`, async (t) => {
    const scene = await ask(t, bytes, { timeouts: { exchange: '5m' } });
    scene.socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${part}`);
    await scene.client.head();
    await scene.gateway.pass(59_900);
    assert.equal(scene.client.isClosed, false, 'not before its time');
    await scene.gateway.pass(100 + late);
    await assertCutOff(scene, 200, 'upstream_body_timeout', how);
    assert.equal(scene.failures('upstream_body_timeout'), 1);
  });
}

test('F134: octets that come now and then keep a body going, until the exchange is out of time', async (t) => {
  const scene = await ask(t);
  scene.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n');
  await scene.client.head();
  for (let second = 1; second < 60; second++) {
    const before = scene.client.receivedLength;
    scene.socket.write('x');
    await scene.client.receivedAtLeast(before + 1);
    await scene.gateway.pass(1000);
    assert.equal(scene.client.isClosed, false);
  }
  await scene.gateway.pass(1000 + late);
  await assertCutOff(scene, 200, 'exchange_timeout', 'finished');
});

test('F134: on a streaming route only idle time counts', async (t) => {
  const scene = await ask(t, get, { streaming: true, timeouts: { bodyIdle: '10s' } });
  scene.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n');
  await scene.client.head();
  for (let round = 1; round <= 20; round++) {
    await scene.gateway.pass(9000);
    const before = scene.client.receivedLength;
    scene.socket.write('x');
    await scene.client.receivedAtLeast(before + 1);
  }
  await scene.gateway.pass(10_000 + late);
  await assertCutOff(scene, 200, 'upstream_body_timeout', 'finished');
});

test('F134: while the client does not read, the time is not the target’s', async (t) => {
  const scene = await ask(t, get, { timeouts: { exchange: '5m', bodyIdle: '10s' } });
  const { client, socket, gateway } = scene;
  client.forgetReceived();
  client.socket.pause();
  const size = 32 * 1024 * 1024;
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
  const sent = new Promise<void>((resolve) => socket.write(Buffer.alloc(size), () => resolve()));
  let last = -1;
  let still = 0;
  await eventually(() => {
    still = gateway.gateway.stats.inFlight === 1 && socket.writableLength === last ? still + 1 : 0;
    last = socket.writableLength;
    return still > 20;
  }, 'nothing moves any more');
  await gateway.pass(40_000);
  client.socket.resume();
  assert.equal((await client.response({ discardBody: true })).bodyLength, size);
  await sent;
});
