import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { eventually } from '../kit/eventually.ts';
import type { RawClient } from '../kit/raw-client.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import type { RecordedConnection, RecordingTarget } from '../kit/recording-target.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { play, requestComplete, responseText, send, waitFor } from '../kit/replies.ts';
import type { Script } from '../kit/replies.ts';
import type { TestGateway } from '../kit/start-gateway.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';
import { startTimedGateway } from '../kit/timed-gateway.ts';

const key = 'dGhlIHNhbXBsZSBub25jZQ==';

/** A handshake, with the lines given in place of the usual ones. */
function handshake(
  change: Readonly<Record<string, string>> = {},
  line = 'GET /chat?room=1 HTTP/1.1',
): string {
  const lines = {
    Host: 'gw.test',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Protocol': 'chat',
    'Sec-WebSocket-Extensions': 'permessage-deflate',
    ...change,
  };
  const text = Object.entries(lines)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line}\r\n${text.join('')}\r\n`;
}

const switching =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n';

/** A relay that stands: the client, the target's connection, and the gateway between them. */
interface Relay {
  readonly client: RawClient;
  readonly far: RecordedConnection;
  readonly target: RecordingTarget;
  readonly gateway: TestGateway;
  /** What the target has got behind the handshake. */
  readonly received: () => Buffer;
}

async function startRelay(
  t: TestContext,
  options: {
    readonly config?: Partial<ConfigInput>;
    readonly early?: string;
    readonly answer?: string;
    readonly keepBytes?: boolean;
  } = {},
): Promise<Relay> {
  const { config = {}, early = '', answer = switching, keepBytes = true } = options;
  const script: Script = play(requestComplete, send(answer));
  const target = await startRecordingTarget(t, { script, keepBytes });
  const gateway = await startGateway(t, routeTo(target, config));
  const client = await connectClient(t, gateway.port);
  await client.send(handshake() + early);
  await target.request(0);
  const [far] = target.connections;
  assert.ok(far !== undefined);
  return {
    client,
    far,
    target,
    gateway,
    received: () => far.bytes.subarray(far.bytes.indexOf('\r\n\r\n') + 4),
  };
}

async function switched(client: RawClient): Promise<void> {
  const response = await client.head();
  assert.equal(response.status, 101);
}

const everyOctet = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

test('a handshake reaches the target as it came, and its answer the client', async (t) => {
  const { client, target } = await startRelay(t);
  const response = await client.head();
  assert.equal(response.status, 101);
  assert.deepEqual(response.headers.map(([name, value]) => `${name}: ${value}`).toSorted(), [
    'Connection: Upgrade',
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    'Sec-WebSocket-Protocol: chat',
    'Upgrade: websocket',
  ]);
  const request = await target.request(0);
  assert.equal(request.target, '/chat?room=1');
  for (const [name, value] of [
    ['connection', 'Upgrade'],
    ['upgrade', 'websocket'],
    ['sec-websocket-key', key],
    ['sec-websocket-version', '13'],
    ['sec-websocket-protocol', 'chat'],
    ['sec-websocket-extensions', 'permessage-deflate'],
    ['x-forwarded-for', '127.0.0.1'],
  ] as const) {
    assert.deepEqual(request.all(name), [value], name);
  }
  assert.deepEqual(request.irregularities, []);
});

test('every octet is relayed both ways, in order', async (t) => {
  const { client, far, received } = await startRelay(t);
  await switched(client);
  const before = client.receivedLength;
  for (let round = 0; round < 20; round++) {
    await client.send(everyOctet);
    far.socket.write(everyOctet);
  }
  await client.receivedAtLeast(before + 20 * 256);
  await eventually(() => received().length === 20 * 256, 'the target has everything');
  const whole = Buffer.concat(Array<Buffer>(20).fill(everyOctet));
  assert.deepEqual(client.received.subarray(before), whole);
  assert.deepEqual(received(), whole);
});

test('octets in the same packet as the handshake are relayed, in both directions', async (t) => {
  const { client, received } = await startRelay(t, {
    early: 'early frame',
    answer: `${switching}first frame`,
  });
  await switched(client);
  await eventually(
    () => client.received.toString().endsWith('\r\n\r\nfirst frame'),
    'the client has the frame',
  );
  await eventually(() => received().toString() === 'early frame', 'the target has the frame');
});

test('much in the same packet as the handshake waits until the target has agreed', async (t) => {
  const early = 'x'.repeat(60_000);
  const { client, received } = await startRelay(t, { early });
  await switched(client);
  await eventually(() => received().length === early.length, 'the target has everything');
});

test('a client that has said everything before the target agrees is heard to its end', async (t) => {
  const { promise: agreed, resolve: agree } = Promise.withResolvers<void>();
  const target = await startRecordingTarget(t, {
    script: play(requestComplete, waitFor(agreed), send(switching)),
  });
  const gateway = await startGateway(t, routeTo(target));
  for (const early of ['', 'all there is']) {
    const client = await connectClient(t, gateway.port);
    await client.send(handshake() + early);
    client.halfClose();
    await eventually(() => target.requests.length > 0, 'the target has the handshake');
    agree();
    await switched(client);
    const far = target.connections.at(-1);
    await eventually(() => far?.ended === 'finished', 'the target hears of the end');
    assert.ok(far?.bytes.toString().endsWith(`\r\n\r\n${early}`));
    await client.ending();
  }
  assert.deepEqual(
    gateway.records.map(({ error }) => error),
    [undefined, undefined],
  );
});

test('what follows a handshake that the target refuses is read as the next request', async (t) => {
  const target = await startRecordingTarget(t, {
    script: play(requestComplete, ({ request, socket }) => {
      const refused = request.header('upgrade') !== undefined;
      socket.write(responseText(refused ? { status: 403, body: 'no' } : { body: 'OK' }));
    }),
  });
  const gateway = await startGateway(t, routeTo(target));
  const client = await connectClient(t, gateway.port);
  await client.send(`${handshake()}GET /next HTTP/1.1\r\nHost: gw.test\r\n\r\n`);
  const refusal = await client.response();
  assert.deepEqual([refusal.status, refusal.text], [403, 'no']);
  assert.equal((await client.response()).text, 'OK');
  assert.equal(target.requests[1]?.target, '/next');
});

test('a side that closes lets the other finish, either way, and then both are gone', async (t) => {
  const first = await startRelay(t);
  await switched(first.client);
  first.client.halfClose();
  await eventually(() => first.far.ended === 'finished', 'the target hears of the end');
  const before = first.client.receivedLength;
  // The recording target ends its side too; before that it may still speak.
  await first.client.ending();
  assert.equal(first.client.receivedLength, before);
  await first.gateway.record(0);

  const second = await startRelay(t);
  await switched(second.client);
  second.far.socket.end('last words');
  await second.client.ending();
  assert.match(second.client.received.toString(), /last words$/);
  const farewell = 'f'.repeat(1_000_000);
  await second.client.send(farewell);
  second.client.halfClose();
  await eventually(() => second.received().length === farewell.length, 'the target has the farewell whole');
  await eventually(() => second.far.closed, 'the connection is gone');
  assert.equal((await second.gateway.record(0)).error, undefined);
});

test('a client that closes its side still gets what the target has to say', async (t) => {
  const long = 'l'.repeat(3_000_000);
  const target = await startRecordingTarget(t, {
    script: play(requestComplete, send(switching), ({ socket }) => {
      socket.once('end', () => socket.end(long));
    }),
  });
  const gateway = await startGateway(t, routeTo(target));
  const client = await connectClient(t, gateway.port);
  await client.send(handshake());
  await switched(client);
  const before = client.receivedLength;
  client.halfClose();
  await client.receivedAtLeast(before + long.length);
  assert.equal(await client.ending(), 'finished');
  assert.equal((await gateway.record(0)).error, undefined);
});

for (const [what, break_, gone] of [
  [
    'a client that resets',
    ({ client }: Relay) => client.reset(),
    ({ far }: Relay) => far.closed && far.ended !== undefined,
  ],
  ['a client that is destroyed', ({ client }: Relay) => client.destroy(), ({ far }: Relay) => far.closed],
  [
    'a target that resets',
    ({ far }: Relay) => void far.socket.resetAndDestroy(),
    ({ client }: Relay) => client.isClosed,
  ],
  [
    'a target that is destroyed',
    ({ far }: Relay) => void far.socket.destroy(),
    ({ client }: Relay) => client.isClosed,
  ],
] as const) {
  test(`${what} ends the relay for the other within a second`, async (t) => {
    const relay = await startRelay(t);
    await switched(relay.client);
    break_(relay);
    await eventually(() => gone(relay), 'the other side hears of it', 1000);
    relay.client.halfClose();
    const record = await relay.gateway.record(0);
    assert.equal(record.status, 101);
    await eventually(() => relay.gateway.gateway.stats.targetConnections === 0, 'nothing is left');
  });
}

test('a target that resets is told to the client by a reset', async (t) => {
  const { client, far } = await startRelay(t);
  await switched(client);
  far.socket.resetAndDestroy();
  assert.equal(await client.ending(), 'reset');
});

test('a target that does not read holds up the client, and loses nothing', async (t) => {
  const { client, far, received } = await startRelay(t);
  await switched(client);
  far.socket.pause();
  const size = 24 * 1024 * 1024;
  const sending = client.send(Buffer.alloc(size, 'x'));
  await stopsGrowing(() => client.socket.bytesWritten - client.socket.writableLength);
  assert.ok(client.socket.writableLength > 0, 'the client is held up');
  far.socket.resume();
  await sending;
  await eventually(() => received().length === size, 'everything has arrived');
});

test('a client that does not read holds up the target, and loses nothing', async (t) => {
  const { client, far } = await startRelay(t);
  await switched(client);
  const before = client.receivedLength;
  client.socket.pause();
  const piece = Buffer.alloc(100_000, 'x');
  let sent = 0;
  const sending = (async () => {
    for (; sent < 240; sent++) await new Promise((resolve) => far.socket.write(piece, resolve));
  })();
  await stopsGrowing(() => sent);
  assert.ok(sent < 240, 'the target is held up');
  client.socket.resume();
  await sending;
  await client.receivedAtLeast(before + 240 * piece.length);
});

test('a relay is not bound to the time and the body limit of an exchange, and ends when both are quiet', async (t) => {
  const target = await startRecordingTarget(t, { script: play(requestComplete, send(switching)) });
  const gateway = await startTimedGateway(t, {
    upstreams: { service: target.url },
    routes: [{ path: '/', upstream: 'service', timeouts: { bodyIdle: '2m' }, limits: { body: '1kb' } }],
  });
  const client = await connectClient(t, gateway.port);
  await client.send(handshake());
  await switched(client);
  const [far] = target.connections;
  // Whoever speaks keeps it going.
  for (let round = 0; round < 4; round++) {
    await gateway.pass(110_000);
    const before = client.receivedLength;
    if (round % 2 === 0) {
      const sofar = far?.receivedLength ?? 0;
      await client.send('x'.repeat(1000));
      await eventually(() => far?.receivedLength === sofar + 1000, 'the target has it');
    } else {
      far?.socket.write('y');
      await client.receivedAtLeast(before + 1);
    }
  }
  await gateway.pass(119_000);
  assert.equal(client.isClosed, false);
  await gateway.pass(1200);
  await client.ending();
  const record = gateway.records.find(({ path }) => path === '/chat');
  assert.deepEqual([record?.status, record?.error], [101, 'upstream_body_timeout']);
  assert.equal(record?.requestBytes, 2000);
  await eventually(() => far?.closed === true, 'the target hears of it');
});

test('a relay goes through the policies of its route first', async (t) => {
  const target = await startRecordingTarget(t, { script: play(requestComplete, send(switching)) });
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [
      {
        path: '/open',
        upstream: 'service',
        stripPrefix: true,
        policies: [{ headers: { request: { set: { 'x-by': 'gateway' } } } }],
      },
      { path: '/closed', upstream: 'service', policies: [{ 'ip-filter': { deny: ['127.0.0.0/8'] } }] },
    ],
  });
  const refused = await exchangeOnce(t, gateway.port, handshake({}, 'GET /closed HTTP/1.1'));
  assert.equal(refused.status, 403);
  assert.equal(target.requests.length, 0);
  const client = await connectClient(t, gateway.port);
  await client.send(handshake({}, 'GET /open/room HTTP/1.1'));
  await switched(client);
  assert.equal(target.requests[0]?.target, '/room');
  assert.equal(target.requests[0]?.header('x-by'), 'gateway');
});

for (const [what, bytes, status] of [
  ['another upgrade', handshake({ Upgrade: 'foo' }), 426],
  ['several upgrades', handshake({ Upgrade: 'websocket, foo' }), 426],
  ['an old version', handshake({ 'Sec-WebSocket-Version': '8' }), 426],
  ['no version', handshake({ 'Sec-WebSocket-Version': '' }), 426],
  ['no key', handshake({ 'Sec-WebSocket-Key': '' }), 426],
  ['a key that is none', handshake({ 'Sec-WebSocket-Key': 'short' }), 426],
  ['a POST', handshake({}, 'POST /chat HTTP/1.1'), 426],
  ['a body', `${handshake({ 'Content-Length': '5' })}hello`, 426],
  ['a chunked body', `${handshake({ 'Transfer-Encoding': 'chunked' })}0\r\n\r\n`, 426],
] as const) {
  test(`a handshake with ${what} is refused with ${status}, which says what would be taken`, async (t) => {
    const target = await startRecordingTarget(t);
    const gateway = await startGateway(t, routeTo(target));
    const response = await exchangeOnce(t, gateway.port, bytes);
    assert.equal(response.status, status);
    assert.equal(response.header('upgrade'), 'websocket');
    assert.match(response.text, /upgrade_refused/);
    assert.equal(target.connections.length, 0, 'nothing reaches the target');
    const record = await gateway.record(0);
    assert.deepEqual([record.status, record.error], [status, 'upgrade_refused']);
  });
}

test('a route without WebSocket refuses the handshake', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [{ path: '/', upstream: 'service', websocket: false }],
  });
  assert.equal((await exchangeOnce(t, gateway.port, handshake())).status, 426);
  assert.equal(target.connections.length, 0);
});

test('an offer of HTTP/2 and an Upgrade that Connection does not name are passed over', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  for (const bytes of [
    handshake({ Upgrade: 'h2c', Connection: 'Upgrade, HTTP2-Settings', 'HTTP2-Settings': 'AAMAAABk' }),
    handshake({ Connection: 'keep-alive' }),
    handshake({ Connection: '' }),
    handshake({}, 'GET /chat HTTP/1.0'),
  ]) {
    assert.equal((await exchangeOnce(t, gateway.port, bytes)).text, 'OK');
  }
  for (const request of target.requests) {
    for (const name of ['upgrade', 'connection', 'http2-settings'])
      assert.deepEqual(request.all(name), [], name);
  }
});

for (const [what, answer] of [
  ['without Upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\nframes'],
  ['to another protocol', switching.replace('Upgrade: websocket', 'Upgrade: foo')],
] as const) {
  test(`a 101 ${what} in answer to a handshake is a 502`, async (t) => {
    const target = await startRecordingTarget(t, { script: play(requestComplete, send(answer)) });
    const gateway = await startGateway(t, routeTo(target));
    const response = await exchangeOnce(t, gateway.port, handshake());
    assert.equal(response.status, 502);
    assert.equal((await gateway.record(0)).error, 'upstream_malformed');
    await eventually(() => target.connections[0]?.closed === true, 'the connection is given up');
  });
}

test('a plain answer to a handshake is an answer, with its body', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  const response = await exchangeOnce(t, gateway.port, handshake());
  assert.deepEqual([response.status, response.text], [200, 'OK']);
});

test('a handshake is never sent twice', async (t) => {
  const target = await startRecordingTarget(t, {
    script: play(requestComplete, ({ socket }) => void socket.end()),
  });
  const gateway = await startGateway(t, routeTo(target));
  assert.equal((await exchangeOnce(t, gateway.port, handshake())).status, 502);
  assert.equal(target.requests.length, 1);
});

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
