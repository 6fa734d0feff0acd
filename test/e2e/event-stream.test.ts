import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { eventually } from '../kit/eventually.ts';
import type { RawClient } from '../kit/raw-client.ts';
import { connectClient } from '../kit/raw-client.ts';
import type { RecordedConnection, RecordingTarget } from '../kit/recording-target.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { play, requestComplete, send } from '../kit/replies.ts';
import type { TestGateway } from '../kit/start-gateway.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';
import { startTimedGateway } from '../kit/timed-gateway.ts';

const request = 'GET /events HTTP/1.1\r\nHost: gw.test\r\nAccept: text/event-stream\r\n\r\n';
const event = (id: number): string => `id: ${id}\ndata: something\n\n`;

const framings = {
  'in chunks': {
    head: 'Transfer-Encoding: chunked',
    coded: (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`,
  },
  'up to the end of the connection': { head: 'X-A: b', coded: (text: string) => text },
} as const;

interface Stream {
  readonly client: RawClient;
  readonly target: RecordingTarget;
  readonly far: RecordedConnection;
}

async function openStream(
  t: TestContext,
  start: (config: ConfigInput) => Promise<TestGateway>,
  framing: { readonly head: string } = framings['in chunks'],
  bytes = request,
): Promise<Stream> {
  const script = play(
    requestComplete,
    send(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n${framing.head}\r\n\r\n`),
  );
  const target = await startRecordingTarget(t, { script });
  const gateway = await start(routeTo(target));
  const client = await connectClient(t, gateway.port);
  await client.send(bytes);
  const head = await client.head();
  assert.equal(head.header('content-type'), 'text/event-stream; charset=utf-8');
  const [far] = target.connections;
  assert.ok(far !== undefined);
  return { client, target, far };
}

for (const [what, framing] of Object.entries(framings)) {
  for (const version of ['1.1', '1.0']) {
    test(`each event of a stream ${what} is on the wire at once, for a client of HTTP/${version}`, async (t) => {
      const bytes = request.replace('HTTP/1.1', `HTTP/${version}`);
      const { client, far } = await openStream(t, (config) => startGateway(t, config), framing, bytes);
      let seen = '';
      for (let id = 0; id < 50; id++) {
        far.socket.write(framing.coded(event(id)));
        seen += event(id);
        // Nothing else comes before this one has arrived.
        await eventually(() => contentOf(client) === seen, `event ${id} arrives`);
      }
    });
  }
}

test('a head without events is on the wire at once', async (t) => {
  // The client has it when this resolves, and no event was sent.
  const { client } = await openStream(t, (config) => startGateway(t, config));
  assert.equal(contentOf(client), '');
});

for (const [how, leave] of [
  ['closes', (client: RawClient) => client.destroy()],
  ['resets', (client: RawClient) => client.reset()],
  ['half-closes and is gone', (client: RawClient) => void client.socket.end(() => client.destroy())],
] as const) {
  test(`the target's connection is closed within a second of the client that ${how}`, async (t) => {
    let gateway: TestGateway | undefined;
    const { client, far } = await openStream(t, async (config) => (gateway = await startGateway(t, config)));
    far.socket.write(framings['in chunks'].coded(event(1)));
    await eventually(() => contentOf(client) === event(1), 'the event arrives');
    leave(client);
    await eventually(() => far.closed, 'the target hears of it', 1000);
    const record = await gateway?.record(0);
    assert.deepEqual([record?.status, record?.error], [200, 'client_aborted']);
  });
}

test('a stream outlives the time of an exchange and of a quiet body', async (t) => {
  const { gateway, client, far } = await openTimed(t);
  for (let round = 0; round < 5; round++) {
    // Without a heartbeat, for far longer than `bodyIdle` (60 s) and `exchange` (60 s).
    await gateway.pass(300_000);
    assert.equal(client.isClosed, false);
    const before = client.receivedLength;
    far.socket.write(framings['in chunks'].coded(event(round)));
    await client.receivedAtLeast(before + 1);
  }
  far.socket.write('0\r\n\r\n');
  const response = await client.response();
  assert.equal(response.text, [0, 1, 2, 3, 4].map(event).join(''));
});

test('a stream that is dead for ten minutes is cut off', async (t) => {
  const { gateway, client, far } = await openTimed(t);
  await gateway.pass(599_000);
  assert.equal(client.isClosed, false);
  await gateway.pass(1200);
  await client.ending();
  await eventually(() => far.closed, 'the target hears of it');
  const record = gateway.records.find(({ path }) => path === '/events');
  assert.deepEqual([record?.status, record?.error], [200, 'upstream_body_timeout']);
});

test('a stream passes a policy that looks at answers', async (t) => {
  const target = await startRecordingTarget(t, {
    script: play(
      requestComplete,
      send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'),
    ),
  });
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [
      { path: '/', upstream: 'service', policies: [{ headers: { response: { set: { 'x-by': 'gw' } } } }] },
    ],
  });
  const client = await connectClient(t, gateway.port);
  await client.send(request);
  assert.equal((await client.head()).header('x-by'), 'gw');
  target.connections[0]?.socket.write(framings['in chunks'].coded(event(1)));
  await eventually(() => contentOf(client) === event(1), 'the event arrives');
});

async function openTimed(t: TestContext) {
  const opened: { gateway?: Awaited<ReturnType<typeof startTimedGateway>> } = {};
  const stream = await openStream(t, async (config) => (opened.gateway = await startTimedGateway(t, config)));
  assert.ok(opened.gateway !== undefined);
  return { ...stream, gateway: opened.gateway };
}

/** What has arrived of the body, without framing. */
function contentOf(client: RawClient): string {
  const text = client.received.toString();
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  return /transfer-encoding: chunked/i.test(text) ? body.replace(/[0-9a-f]+\r\n([^]*?)\r\n/g, '$1') : body;
}
