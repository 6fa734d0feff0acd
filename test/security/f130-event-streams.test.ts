import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startTarget } from '../kit/echo-target.ts';
import { eventually } from '../kit/eventually.ts';
import type { RawClient } from '../kit/raw-client.ts';
import { connectClient } from '../kit/raw-client.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';
import { startTimedGateway } from '../kit/timed-gateway.ts';

const get = 'GET /events HTTP/1.1\r\nHost: gw.test\r\nAccept: text/event-stream\r\n\r\n';

/** A service that opens an event stream for every request, and lets the test speak. */
async function startEvents(
  t: TestContext,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ url: string; streams: ServerResponse[] }> {
  const streams: ServerResponse[] = [];
  const { url } = await startTarget(t, (_incoming, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    response.flushHeaders();
    streams.push(response);
  });
  return { url, streams };
}

async function subscribe(
  t: TestContext,
  port: number,
  streams: readonly ServerResponse[],
): Promise<{ client: RawClient; stream: ServerResponse }> {
  const before = streams.length;
  const client = await connectClient(t, port);
  await client.send(get);
  assert.equal((await client.head()).status, 200);
  const stream = streams[before];
  assert.ok(stream !== undefined);
  return { client, stream };
}

async function arrives(client: RawClient, text: string): Promise<void> {
  await eventually(() => client.received.includes(text), `${JSON.stringify(text)} has arrived`);
}

test('F130: each event is on the wire before the next one is written', async (t) => {
  const target = await startEvents(t);
  const gateway = await startGateway(t, routeTo(target));
  const { client, stream } = await subscribe(t, gateway.port, target.streams);
  for (let i = 0; i < 20; i++) {
    stream.write(`id: ${i}\ndata: event number ${i}\n\n`);
    await arrives(client, `event number ${i}\n`);
  }
  // Nor does half an event wait for its other half.
  stream.write('data: ha');
  await arrives(client, 'data: ha');
  stream.end('lf\n\n');
  assert.match((await client.response()).text, /data: half\n\n$/);
});

test('F130: an event stream that says it is compressed, or that nobody may buffer, passes as it is', async (t) => {
  const target = await startEvents(t, { 'content-encoding': 'gzip', 'x-accel-buffering': 'no' });
  const gateway = await startGateway(t, routeTo(target));
  const { client, stream } = await subscribe(t, gateway.port, target.streams);
  stream.write('these octets are none of ours to open');
  await arrives(client, 'these octets are none of ours to open');
  assert.ok(client.received.includes('gzip'));
});

for (const [how, leave] of [
  ['resets', (client: RawClient): void => client.reset()],
  ['closes', (client: RawClient): void => client.destroy()],
] as const) {
  test(`F130: when the client of a quiet stream ${how}, its service hears of it within a second`, async (t) => {
    const target = await startEvents(t);
    const gateway = await startGateway(t, routeTo(target));
    const { client, stream } = await subscribe(t, gateway.port, target.streams);
    const gone = new Promise((resolve) => stream.on('close', resolve));
    const left = performance.now();
    leave(client);
    await gone;
    const took = performance.now() - left;
    assert.ok(took < 1000, `${took} ms`);
    const { status, error } = await gateway.record(0);
    assert.deepEqual([status, error], [200, 'client_aborted']);
  });
}

test('F130: a stream outlives every time-out but that of silence', async (t) => {
  const target = await startEvents(t);
  const gateway = await startTimedGateway(t, routeTo(target));
  const { client, stream } = await subscribe(t, gateway.port, target.streams);
  for (let minutes = 0; minutes < 36; minutes += 9) {
    await gateway.pass(9 * 60_000);
    stream.write(`data: after ${minutes + 9} minutes\n\n`);
    await arrives(client, `after ${minutes + 9} minutes`);
  }
  await gateway.pass(10 * 60_000 + 1000);
  await client.ending();
  await eventually(() => stream.destroyed, 'the service is let go of');
  const record = gateway.records.find(({ path }) => path === '/events');
  assert.equal(record?.error, 'upstream_body_timeout');
});

test('F130: a client that does not read holds up its own stream, and is let go of after a minute', async (t) => {
  const target = await startEvents(t);
  const gateway = await startTimedGateway(t, routeTo(target));
  const slow = await subscribe(t, gateway.port, target.streams);
  const other = await subscribe(t, gateway.port, target.streams);
  slow.client.socket.pause();
  const event = `data: ${'x'.repeat(65_536)}\n\n`;
  for (let i = 0; i < 500; i++) slow.stream.write(event);
  await eventually(() => slow.stream.writableLength > 1024 * 1024, 'the service is held up');
  other.stream.write('data: unharmed\n\n');
  await arrives(other.client, 'unharmed');
  await gateway.pass(50_000);
  assert.ok(!slow.stream.destroyed);
  await gateway.pass(11_000);
  await eventually(() => slow.stream.destroyed, 'the service is let go of');
  assert.equal(gateway.records.find(({ path }) => path === '/events')?.error, 'response_write_timeout');
  other.stream.write('data: still unharmed\n\n');
  await arrives(other.client, 'still unharmed');
});

test('F130: a service that breaks off its stream breaks off the client, who must not take it for the end', async (t) => {
  const target = await startEvents(t);
  const gateway = await startGateway(t, routeTo(target));
  const { client, stream } = await subscribe(t, gateway.port, target.streams);
  stream.write('data: one\n\n');
  await arrives(client, 'data: one');
  stream.socket?.resetAndDestroy();
  const outcome = await client.outcome();
  assert.equal(outcome.kind, 'closed');
});
