import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import type { RawClient } from '../kit/raw-client.ts';
import { connectClient } from '../kit/raw-client.ts';
import type { ServiceSocket, SocketTarget } from '../kit/socket-target.ts';
import { handshake, startSocketTarget } from '../kit/socket-target.ts';
import type { TestGateway } from '../kit/start-gateway.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';
import { startTimedGateway } from '../kit/timed-gateway.ts';

const mebibyte = 1024 * 1024;

/** Opens a WebSocket through the gateway. */
async function openSocket(
  t: Parameters<typeof connectClient>[0],
  gateway: Pick<TestGateway, 'port'>,
  target: SocketTarget,
): Promise<{ client: RawClient; service: ServiceSocket }> {
  const before = target.sockets.length;
  const client = await connectClient(t, gateway.port);
  await client.send(handshake);
  assert.equal((await client.response()).status, 101);
  const service = target.sockets[before];
  assert.ok(service !== undefined);
  return { client, service };
}

test('F129: frames of any size pass untouched, both ways', async (t) => {
  const target = await startSocketTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  const { client, service } = await openSocket(t, gateway, target);
  // As far as the gateway is concerned these are no frames: a broken one passes like any other.
  const data = randomBytes(3 * mebibyte);
  await client.send(data);
  await eventually(() => service.received === data.length, 'the service has it all');
  const before = client.receivedLength;
  service.socket.write(data);
  await client.receivedAtLeast(before + data.length);
  assert.ok(client.unread.equals(data));
});

for (const slow of ['client', 'service'] as const) {
  test(`F129: a slow ${slow} holds up the other side, and not the gateway's memory`, async (t) => {
    const target = await startSocketTarget(t);
    const gateway = await startGateway(t, routeTo(target));
    const { client, service } = await openSocket(t, gateway, target);
    const [reader, writer] =
      slow === 'client' ? [client.socket, service.socket] : [service.socket, client.socket];
    let received = 0;
    // The kit keeps what it receives, and joins it again and again.
    reader.removeAllListeners('data').on('data', (chunk) => (received += chunk.length));
    reader.pause();
    const total = 64 * mebibyte;
    const chunk = Buffer.alloc(mebibyte);
    for (let sent = 0; sent < total; sent += chunk.length) writer.write(chunk);
    // The systems in between take some megabytes; then it stands.
    let last = -1;
    let looks = 0;
    await eventually(() => {
      looks = writer.writableLength === last ? looks + 1 : 0;
      last = writer.writableLength;
      return looks === 15;
    }, 'nothing moves any more');
    assert.ok(writer.writableLength > total / 2, `${writer.writableLength} octets wait at the writer`);
    reader.resume();
    await eventually(() => received === total, 'it all arrives once it is read', 20_000);
  });
}

test('F129: a WebSocket on which nothing is said for ten minutes is closed on both sides', async (t) => {
  const target = await startSocketTarget(t);
  const gateway = await startTimedGateway(t, routeTo(target));
  const { client, service } = await openSocket(t, gateway, target);
  await gateway.pass(9 * 60_000);
  assert.ok(!client.isClosed);
  // A word of either side buys both another ten minutes.
  for (const say of [() => client.send('ping'), () => service.socket.write('pong')]) {
    const before = client.receivedLength + service.received;
    await say();
    await eventually(() => client.receivedLength + service.received > before, 'it has been passed on');
    await gateway.pass(9 * 60_000);
    assert.ok(!client.isClosed);
  }
  await gateway.pass(61_000);
  await client.ending();
  await eventually(() => service.closed, 'the service is let go of');
});

test('F129: of a socket whose client has gone, nothing is left after ten seconds, whatever its service does', async (t) => {
  const target = await startSocketTarget(t, 24 * 3600_000);
  const gateway = await startTimedGateway(t, routeTo(target));
  const { client, service } = await openSocket(t, gateway, target);
  client.destroy();
  await eventually(() => service.ended === 'finished', 'the service hears of the end');
  await gateway.pass(9000);
  assert.equal(gateway.gateway.stats.inFlight, 1, 'it may still finish');
  await gateway.pass(2000);
  await eventually(() => gateway.gateway.stats.inFlight === 0, 'it is over');
});

test('F129: an end on one side is passed on, and the other side may still finish', async (t) => {
  const target = await startSocketTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  const first = await openSocket(t, gateway, target);
  await first.client.send('goodbye');
  first.client.halfClose();
  await eventually(() => first.service.ended === 'finished', 'the service hears of the end');
  assert.equal(first.service.received, 'goodbye'.length);

  const second = await openSocket(t, gateway, target);
  second.service.socket.end('goodbye');
  assert.equal(await second.client.ending(), 'finished');
  assert.equal(second.client.unread.toString(), 'goodbye');
});

test('F129: a reset on one side takes the other side with it, at once', async (t) => {
  const target = await startSocketTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  const first = await openSocket(t, gateway, target);
  first.client.reset();
  await eventually(() => first.service.closed, 'the service is let go of', 1000);
  const second = await openSocket(t, gateway, target);
  second.service.socket.resetAndDestroy();
  await second.client.ending(1000);
  await eventually(() => gateway.records.length === 2, 'both are logged');
  assert.equal(gateway.metric('waygate_requests_in_flight'), 0);
});

test('F129: a thousand sockets at rest are all alive', async (t) => {
  const target = await startSocketTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  const sockets = [];
  for (let i = 0; i < 1000; i++) sockets.push(await openSocket(t, gateway, target));
  assert.equal(gateway.metric('waygate_requests_in_flight'), 1000);
  for (const { client, service } of sockets) {
    await client.send('ping');
    await eventually(() => service.received === 4, 'it is passed on');
  }
});
