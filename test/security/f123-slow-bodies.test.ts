import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { play, requestComplete, stopReading, send } from '../kit/replies.ts';
import { routeTo } from '../kit/start-gateway.ts';
import { startTimedGateway } from '../kit/timed-gateway.ts';

const upload = (length: number): string =>
  `POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: ${length}\r\n\r\n`;

test('F123: a body that trickles at 1 B/s is answered 408 once its first 5 s are over, and its target is freed', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startTimedGateway(t, routeTo(target));
  const client = await connectClient(t, gateway.port);
  await client.send(upload(1000));
  await target.head(0);
  for (let second = 0; second < 4; second++) {
    await gateway.pass(1000);
    await client.send('x');
  }
  assert.equal(client.receivedLength, 0, 'nothing is asked of the first 5 s');
  await gateway.pass(2500);
  const response = await client.response();
  assert.equal(response.status, 408);
  assert.ok(response.saysClose);
  await client.ending();
  await eventually(() => target.openConnections.length === 0, 'the target is freed');
  assert.equal(target.completeRequests.length, 0);
  const record = gateway.records.find(({ path }) => path === '/');
  assert.equal(record?.error, 'request_timeout');
  assert.equal(record?.requestBytes, 4);
  assert.equal(gateway.metric('waygate_requests_in_flight'), 0);
});

test('F123: a body that stalls at 99 % is answered 408 after 30 s without an octet', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startTimedGateway(t, routeTo(target));
  const client = await connectClient(t, gateway.port);
  await client.send(upload(1_000_000));
  await client.send('x'.repeat(990_000));
  await eventually(() => target.receivedLength > 990_000, 'what came has been passed on');
  await gateway.pass(29_000);
  assert.equal(client.receivedLength, 0);
  await gateway.pass(2000);
  assert.equal((await client.response()).status, 408);
  await client.ending();
  await eventually(() => target.openConnections.length === 0, 'the target is freed');
});

test('F123: a chunked body is held to the same pace as one of known length', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startTimedGateway(t, routeTo(target));
  const client = await connectClient(t, gateway.port);
  await client.send('POST / HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n');
  await target.head(0);
  for (let second = 0; second < 8 && client.receivedLength === 0; second++) {
    await gateway.pass(1000);
    await client.send('1\r\nx\r\n');
  }
  assert.equal((await client.response()).status, 408);
  await client.ending();
  await eventually(() => target.openConnections.length === 0, 'the target is freed');
});

test('F123: a body that keeps its pace has 300 s in all, and no longer', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startTimedGateway(
    t,
    routeTo(target, { routes: [{ path: '/', upstream: 'service', timeouts: { exchange: 0 } }] }),
  );
  const client = await connectClient(t, gateway.port);
  await client.send(upload(1_000_000));
  await target.head(0);
  for (let second = 0; second < 290; second += 10) {
    await client.send('x'.repeat(2500));
    await eventually(() => target.receivedLength >= 250 * second, 'it has been passed on');
    await gateway.pass(10_000);
    assert.equal(client.receivedLength, 0, `at ${second} s`);
  }
  await client.send('x'.repeat(2500));
  await gateway.pass(11_000);
  assert.equal((await client.response()).status, 408);
  await client.ending();
});

test('F123: the time that a target does not read is not held against the client', async (t) => {
  const target = await startRecordingTarget(t, {
    keepBytes: false,
    script: play(stopReading, requestComplete, send('HTTP/1.1 204 No Content\r\n\r\n')),
  });
  const gateway = await startTimedGateway(
    t,
    routeTo(target, {
      limits: { body: 0 },
      upstreams: { service: { targets: [target.url], timeouts: { bodyIdle: '10m' } } },
      routes: [{ path: '/', upstream: 'service', timeouts: { exchange: 0 } }],
    }),
  );
  const client = await connectClient(t, gateway.port);
  const length = 64 * 1024 * 1024;
  await client.send(upload(length));
  const sending = client.send(Buffer.alloc(length));
  await target.head(0);
  await eventually(() => client.socket.writableLength > 0, 'the client is held up');
  await gateway.pass(40_000);
  assert.equal(client.receivedLength, 0);
  target.connections[0]?.socket.resume();
  await sending;
  assert.equal((await client.response()).status, 204);
});

test('F123: a route that streams takes a slow body for as long as it likes, within its idle time', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startTimedGateway(
    t,
    routeTo(target, {
      limits: { bodyMinRate: 0 },
      routes: [{ path: '/', upstream: 'service', streaming: true }],
    }),
  );
  const client = await connectClient(t, gateway.port);
  await client.send(upload(20));
  for (let i = 0; i < 20; i++) {
    await gateway.pass(25_000);
    await client.send('x');
    await eventually(() => target.requests[0]?.bodyLength === i + 1, 'it has been passed on');
  }
  assert.equal((await client.response()).status, 200);
  assert.equal((await exchangeOnce(t, gateway.port, 'GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n')).status, 200);
});
