import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { eventually } from '../kit/eventually.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import type { RecordingTarget } from '../kit/recording-target.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, play, requestComplete, send, silent, waitFor } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: gw.test\r\n\r\n`;

const handshake =
  'GET /socket HTTP/1.1\r\nHost: gw.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

const eventStream = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n';

/** A route to this target, and how to drain. */
const draining = (target: RecordingTarget, drain: ConfigInput['drain']): ConfigInput =>
  routeTo(target, { drain, admin: { port: 0 } });

test('F177: what is under way finishes, idle connections close, and new ones are refused', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const target = await startRecordingTarget(t);
  const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n';
  target.next(
    play(requestComplete, waitFor(released), send(`${whole}complete`)),
    play(requestComplete, send(`${whole}comp`), waitFor(released), send('lete')),
    play(requestComplete, send(`${whole}complete`)),
    play(
      send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ncomp\r\n'),
      waitFor(released),
      requestComplete,
      send('4\r\nlete\r\n0\r\n\r\n'),
    ),
  );
  const gateway = await startGateway(t, draining(target, { accept: 0, timeout: '10s' }));
  const begin = async (bytes: string): Promise<Awaited<ReturnType<typeof connectClient>>> => {
    const before = target.requests.length;
    const client = await connectClient(t, gateway.port);
    await client.send(bytes);
    await target.head(before);
    return client;
  };
  const waiting = await begin(get('/waiting'));
  const answered = await begin(get('/answered'));
  await answered.head();
  const upload = 'POST /upload HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 8\r\n\r\nhalf';
  const uploading = await begin(upload);
  const both = await begin(
    'POST /both HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
  );
  await both.head();
  const head = await connectClient(t, gateway.port);
  await head.send(get('/head').slice(0, 12));
  const rested = await connectClient(t, gateway.port);
  target.next(answer());
  await rested.send(get('/rested'));
  await rested.response();
  await eventually(() => gateway.gateway.stats.clientConnections === 6, 'all of them are there');

  const drained = gateway.gateway.drain();
  await rested.ending();
  await assert.rejects(connectClient(t, gateway.port), { code: 'ECONNREFUSED' });
  await head.send(get('/head').slice(12));
  await uploading.send('half');
  await both.send('4\r\nhalf\r\n0\r\n\r\n');
  release();
  for (const client of [waiting, answered, uploading, both]) {
    const response = await client.response();
    assert.equal(response.status, 200);
    assert.equal(response.text, 'complete');
    await client.ending();
    client.destroy();
  }
  const late = await head.response();
  assert.deepEqual([late.status, late.saysClose], [200, true]);
  head.destroy();
  await drained;
  assert.deepEqual(gateway.gateway.stats, { clientConnections: 0, targetConnections: 0, inFlight: 0 });
  assert.equal(
    gateway.records.filter(({ error, status }) => error !== undefined || status !== 200).length,
    0,
  );
});

test('F177: readiness goes first, and connections are still taken for a while, one request each', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, draining(target, { accept: '300ms', timeout: '10s' }));
  const ready = async (): Promise<number> =>
    (
      await exchangeOnce(
        t,
        gateway.gateway.adminAddress?.port ?? 0,
        'GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
      )
    ).status;
  const open = await connectClient(t, gateway.port);
  await open.send(get('/'));
  assert.equal((await open.response()).saysClose, false);
  assert.equal(await ready(), 200);
  const drained = gateway.gateway.drain();
  assert.equal(await ready(), 503);
  const response = await exchangeOnce(t, gateway.port, get('/'));
  assert.deepEqual([response.status, response.saysClose], [200, true]);
  await open.send(get('/'));
  const last = await open.response();
  assert.deepEqual([last.status, last.saysClose], [200, true]);
  await open.ending();
  open.destroy();
  await drained;
});

test('F177: with nothing under way a drain ends as soon as it has stopped accepting', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, draining(target, { accept: 0, timeout: '1d' }));
  await connectClient(t, gateway.port);
  await exchangeOnce(t, gateway.port, get('/'));
  await gateway.gateway.drain();
  assert.equal(gateway.gateway.stats.clientConnections, 0);
});

test('F177: event streams and WebSockets are closed, not reset, when the time to drain is over', async (t) => {
  const target = await startRecordingTarget(t);
  target.next(play(send(eventStream)), play(send(switching)));
  const gateway = await startGateway(t, draining(target, { accept: 0, timeout: '300ms' }));
  const events = await connectClient(t, gateway.port);
  await events.send(get('/events'));
  await events.head();
  const socket = await connectClient(t, gateway.port);
  await socket.send(handshake);
  assert.equal((await socket.response()).status, 101);
  const drained = gateway.gateway.drain();
  // They go on until then.
  target.connections[0]?.socket.write('data: two\n\n');
  target.connections[1]?.socket.write('frame');
  await eventually(() => events.received.includes('data: two'), 'events still arrive');
  await eventually(() => socket.unread.includes('frame'), 'frames still arrive');
  assert.equal(await events.ending(), 'finished');
  assert.equal(await socket.ending(), 'finished');
  await drained;
  await eventually(() => target.openConnections.length === 0, 'the target is let go of as well');
  const warned = gateway.lines.find(({ level }) => level === 'warn');
  assert.equal(warned?.fields['inFlight'], 2);
  assert.deepEqual(
    gateway.records.map(({ status }) => status).toSorted((a, b) => a - b),
    [101, 200],
  );
});

test('F177: a target that never answers does not hold up the end', async (t) => {
  const target = await startRecordingTarget(t, { script: silent });
  const gateway = await startGateway(t, draining(target, { accept: 0, timeout: '200ms' }));
  const client = await connectClient(t, gateway.port);
  await client.send(get('/'));
  await target.head(0);
  await gateway.gateway.drain();
  await client.ending();
  assert.equal(client.receivedLength, 0);
});

test('F177: of pipelined requests the one under way is answered, and the others reach nobody', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const target = await startRecordingTarget(t, { script: play(waitFor(released), answer()) });
  const gateway = await startGateway(t, draining(target, { accept: 0, timeout: '10s' }));
  const client = await connectClient(t, gateway.port);
  await client.send(get('/1') + get('/2') + get('/3'));
  await target.head(0);
  const drained = gateway.gateway.drain();
  release();
  const response = await client.response();
  assert.deepEqual([response.status, response.saysClose], [200, true]);
  assert.equal(await client.ending(), 'finished');
  client.destroy();
  await drained;
  assert.equal(target.requests.length, 1);
});

test('F177: a second drain is the same one, and a reload in the middle of it changes nothing', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const target = await startRecordingTarget(t, { script: play(waitFor(released), answer()) });
  const gateway = await startGateway(t, draining(target, { accept: 0, timeout: '10s' }));
  const client = await connectClient(t, gateway.port);
  await client.send(get('/'));
  await target.head(0);
  const first = gateway.gateway.drain();
  const second = gateway.gateway.drain();
  assert.equal(first, second);
  assert.equal((await gateway.gateway.reload()).ok, false);
  release();
  assert.equal((await client.response()).status, 200);
  client.destroy();
  await first;
});

test('F177: a client that reads slowly gets the whole of its answer', async (t) => {
  const body = Buffer.alloc(16 * 1024 * 1024, 'x');
  const target = await startRecordingTarget(t, {
    script: play(
      requestComplete,
      send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`),
      send(body),
    ),
  });
  const gateway = await startGateway(t, draining(target, { accept: 0, timeout: '10s' }));
  const client = await connectClient(t, gateway.port);
  client.forgetReceived();
  await client.send(get('/'));
  await client.head({ discardBody: true });
  client.socket.pause();
  const drained = gateway.gateway.drain();
  await eventually(
    () => assert.rejects(connectClient(t, gateway.port), { code: 'ECONNREFUSED' }).then(() => true),
    'nobody else is let in',
  );
  client.socket.resume();
  const response = await client.response({ discardBody: true });
  assert.equal(response.bodyLength, body.length);
  client.destroy();
  await drained;
});
