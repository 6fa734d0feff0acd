import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { listen, stopListening } from '../kit/listen.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { selfSigned } from '../kit/self-signed.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';
import type { TestGateway } from '../kit/start-gateway.ts';

const get = 'GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n';

interface SecureTarget {
  readonly url: string;
  readonly server: Server;
  /** The path of a file with its certificate. */
  readonly ca: string;
  /** The server name that each connection asked for; '' for none. */
  readonly serverNames: string[];
  readonly protocols: string[];
}

/** An https service whose certificate is for these names; it is gone when the test ends. */
async function startSecureTarget(
  t: TestContext,
  listener: RequestListener = (request, response) => void response.end(`hello ${request.url}`),
  names: readonly string[] = ['127.0.0.1'],
  days = 30,
): Promise<SecureTarget> {
  const { cert, key } = selfSigned(names, days);
  const folder = await mkdtemp(join(tmpdir(), 'waygate-'));
  const ca = join(folder, 'ca.pem');
  await writeFile(ca, cert);
  const serverNames: string[] = [];
  const protocols: string[] = [];
  const server = createServer({ cert, key, ALPNProtocols: ['h2', 'http/1.1'] }, listener);
  server.on('secureConnection', (socket: TLSSocket) => {
    serverNames.push(socket.servername === false ? '' : String(socket.servername));
    protocols.push(String(socket.alpnProtocol));
  });
  server.on('tlsClientError', () => {});
  const { port } = await listen(server);
  onFinish(t, 'targets', async () => {
    const stopped = stopListening(server);
    server.closeAllConnections();
    await stopped;
    await rm(folder, { recursive: true });
  });
  return { url: `https://127.0.0.1:${port}`, server, ca, serverNames, protocols };
}

async function gatewayTo(t: TestContext, target: SecureTarget, tls: object): Promise<TestGateway> {
  return startGateway(t, {
    ...routeTo(target),
    upstreams: { service: { targets: [target.url], tls } },
  });
}

test('an https target is asked over TLS, verified against the authority that the configuration names', async (t) => {
  const target = await startSecureTarget(t);
  const gateway = await gatewayTo(t, target, { ca: target.ca });
  const client = await connectClient(t, gateway.port);
  for (let request = 0; request < 20; request++) {
    await client.send(get.replace('/', `/${request}`));
    assert.equal((await client.response()).text, `hello /${request}`);
  }
  assert.deepEqual(target.serverNames, [''], 'one connection, and no server name for an address');
  assert.deepEqual(target.protocols, ['http/1.1']);
});

test('a certificate may be for another name than the target, if the configuration says which', async (t) => {
  const target = await startSecureTarget(t, undefined, ['users.internal']);
  const gateway = await gatewayTo(t, target, { ca: target.ca, serverName: 'users.internal' });
  assert.equal((await exchangeOnce(t, gateway.port, get)).text, 'hello /');
  assert.deepEqual(target.serverNames, ['users.internal']);
});

test('a host name is asked for by its name', async (t) => {
  const target = await startSecureTarget(t, undefined, ['localhost']);
  const url = target.url.replace('127.0.0.1', 'localhost');
  const gateway = await gatewayTo(t, { ...target, url }, { ca: target.ca });
  assert.equal((await exchangeOnce(t, gateway.port, get)).text, 'hello /');
  assert.deepEqual(target.serverNames, ['localhost']);
});

for (const [what, names, days, tls] of [
  ['is for another name', ['elsewhere.test'], 30, { ca: true }],
  [
    'is for another name than the one asked for',
    ['127.0.0.1'],
    30,
    { ca: true, serverName: 'users.internal' },
  ],
  ['is signed by nobody that Node knows', ['127.0.0.1'], 30, {}],
  ['has expired', ['127.0.0.1'], -1, { ca: true }],
] as const) {
  test(`a target whose certificate ${what} is not asked, and costs a 502 that tells no more`, async (t) => {
    let asked = 0;
    const listener: RequestListener = (_, response) => {
      asked++;
      response.end();
    };
    const target = await startSecureTarget(t, listener, names, days);
    const gateway = await gatewayTo(t, target, { ...tls, ...('ca' in tls ? { ca: target.ca } : {}) });
    for (const bytes of [get, get.replace('GET', 'POST')]) {
      const response = await exchangeOnce(t, gateway.port, bytes);
      assert.equal(response.status, 502);
      assert.match(response.text, /upstream_connect_failed/);
      assert.doesNotMatch(response.text, /certificate|internal|127\.0/i);
    }
    const record = await gateway.record(1);
    assert.equal(record.error, 'upstream_connect_failed');
    assert.match(record.detail ?? '', /certificate|altname/i);
    assert.equal(asked, 0);
  });
}

test('verify: false takes any certificate', async (t) => {
  const target = await startSecureTarget(t, undefined, ['elsewhere.test'], -1);
  const gateway = await gatewayTo(t, target, { verify: false });
  assert.equal((await exchangeOnce(t, gateway.port, get)).text, 'hello /');
});

test('large bodies pass over TLS both ways, octet for octet', async (t) => {
  const size = 8 * 1024 * 1024;
  const body = Buffer.from(Array.from({ length: size }, (_, i) => (i * 7 + (i >> 9)) & 0xff));
  const digest = createHash('sha256').update(body).digest('hex');
  const target = await startSecureTarget(t, (request, response) => {
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => hash.update(chunk));
    request.on('end', () => {
      response.setHeader('x-digest', hash.digest('hex'));
      response.end(body);
    });
  });
  const gateway = await gatewayTo(t, target, { ca: target.ca });
  for (const head of [`Content-Length: ${size}`, 'Transfer-Encoding: chunked']) {
    const client = await connectClient(t, gateway.port);
    await client.send(`PUT / HTTP/1.1\r\nHost: gw.test\r\n${head}\r\n\r\n`);
    for (let at = 0; at < size; at += 65_536) {
      const piece = body.subarray(at, at + 65_536);
      if (head.startsWith('T')) await client.send(`${piece.length.toString(16)}\r\n`);
      await client.send(piece);
      if (head.startsWith('T')) await client.send('\r\n');
    }
    if (head.startsWith('T')) await client.send('0\r\n\r\n');
    const response = await client.response();
    assert.equal(response.header('x-digest'), digest);
    assert.equal(createHash('sha256').update(response.body).digest('hex'), digest);
  }
});

test('a connection that an https target closes while it rests fails no request', async (t) => {
  const target = await startSecureTarget(t, ({ socket }, response) => {
    response.end('hello');
    setImmediate(() => socket.end());
  });
  const gateway = await gatewayTo(t, target, { ca: target.ca });
  const client = await connectClient(t, gateway.port);
  for (let request = 0; request < 100; request++) {
    await client.send(get);
    assert.equal((await client.response()).status, 200);
  }
  assert.ok(target.serverNames.length > 1);
});

test('a target that speaks no TLS costs a 502', async (t) => {
  const target = await startRecordingTarget(t, { greeting: 'HTTP/1.1 400 Bad Request\r\n\r\n' });
  const gateway = await startGateway(t, {
    ...routeTo(target),
    upstreams: { service: target.url.replace('http:', 'https:') },
  });
  const response = await exchangeOnce(t, gateway.port, get);
  assert.equal(response.status, 502);
  assert.equal((await gateway.record(0)).error, 'upstream_connect_failed');
  await eventually(() => target.openConnections.length === 0, 'the connection is given up');
});

test('a WebSocket is relayed to an https target, with what comes early and what comes last', async (t) => {
  const target = await startSecureTarget(t);
  let received = '';
  target.server.on('upgrade', (_: unknown, socket: Duplex, head: Buffer) => {
    received += head.toString();
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst',
    );
    socket.end('last');
  });
  const gateway = await gatewayTo(t, target, { ca: target.ca });
  const client = await connectClient(t, gateway.port);
  const handshake = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  await client.send(
    `GET / HTTP/1.1\r\nHost: gw.test\r\n${handshake.join('\r\n')}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nearly`,
  );
  assert.equal(await client.ending(), 'finished');
  assert.match(client.received.toString(), /^HTTP\/1\.1 101 [^]*\r\n\r\nfirstlast$/);
  const farewell = 'f'.repeat(500_000);
  await client.send(farewell);
  client.halfClose();
  await eventually(
    () => received.length === 'early'.length + farewell.length,
    'the target has the farewell whole',
  );
  assert.equal((await gateway.record(0)).error, undefined);
});

test('a file of authorities that is not there is a mistake in the configuration', async (t) => {
  const target = await startSecureTarget(t);
  await assert.rejects(
    gatewayTo(t, target, { ca: '/nowhere/ca.pem' }),
    (error: unknown) =>
      error instanceof Error && error.message.includes('ca.pem') && error.name === 'ConfigError',
  );
});
