import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { createServer } from 'node:net';
import { test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { createConfigFolder, startGatewayOn } from '../kit/config-folder.ts';
import { onFinish } from '../kit/finish.ts';
import { listen, stopListening } from '../kit/listen.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, play, requestComplete, send, waitFor } from '../kit/replies.ts';
import { selfSigned } from '../kit/self-signed.ts';

const listener = { host: '127.0.0.1', port: 0 } as const;

/** A configuration whose one route answers for itself, with this text. */
const answering = (body: string, more: Partial<ConfigInput> = {}): ConfigInput => ({
  listen: listener,
  routes: [{ path: '/', policies: [{ respond: { body } }] }],
  ...more,
});

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: gw.test\r\n\r\n`;

test('F165: an exchange whose route and upstream a reload removes finishes on the configuration it began on', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const target = await startRecordingTarget(t, {
    script: play(
      requestComplete,
      send('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf'),
      waitFor(released),
      send('half'),
    ),
  });
  const folder = createConfigFolder(t);
  const file = folder.write('waygate.json', {
    listen: listener,
    upstreams: { old: target.url },
    routes: [
      {
        path: '/old',
        upstream: 'old',
        policies: [{ headers: { response: { set: { 'x-from': 'the old configuration' } } } }],
      },
    ],
  });
  const gateway = await startGatewayOn(t, file, { watch: false });
  const answering1 = await connectClient(t, gateway.port);
  await answering1.send(get('/old/answering'));
  await answering1.head();
  const uploading = await connectClient(t, gateway.port);
  await uploading.send('POST /old/uploading HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 8\r\n\r\nhalf');
  await target.head(1);

  folder.write('waygate.json', answering('new'));
  assert.ok((await gateway.gateway.reload()).ok);
  assert.equal((await exchangeOnce(t, gateway.port, get('/old'))).text, 'new');
  await uploading.send('half');
  release();
  for (const client of [answering1, uploading]) {
    const response = await client.response();
    assert.equal(response.text, 'halfhalf');
    assert.equal(response.header('x-from'), 'the old configuration');
    // The same connection meets the new one with its next request.
    await client.send(get('/old'));
    assert.equal((await client.response()).text, 'new');
  }
  await target.request(1);
  assert.equal(
    gateway.gateway.stats.targetConnections,
    0,
    'nothing is kept for a target that is named no more',
  );
});

test('F165: listeners and connections outlive a reload that does not concern them', async (t) => {
  const folder = createConfigFolder(t);
  const file = folder.write('waygate.json', answering('one', { listen: [listener, listener] }));
  const gateway = await startGatewayOn(t, file, { watch: false });
  const before = gateway.gateway.addresses;
  const client = await connectClient(t, gateway.port);
  await client.send(get('/'));
  assert.equal((await client.response()).text, 'one');
  folder.write('waygate.json', answering('two', { listen: [listener, listener] }));
  assert.ok((await gateway.gateway.reload()).ok);
  assert.deepEqual(gateway.gateway.addresses, before);
  await client.send(get('/'));
  assert.equal((await client.response()).text, 'two');
});

test('F165: a listener that a reload removes lets its exchanges finish and accepts nothing more', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const target = await startRecordingTarget(t, { script: play(waitFor(released), answer()) });
  const folder = createConfigFolder(t);
  const config = (count: number): ConfigInput => ({
    listen: Array.from({ length: count }, () => listener),
    upstreams: { service: target.url },
    routes: [{ path: '/', upstream: 'service' }],
  });
  const file = folder.write('waygate.json', config(2));
  const gateway = await startGatewayOn(t, file, { watch: false });
  const removed = gateway.gateway.addresses[1]?.port ?? assert.fail();
  const busy = await connectClient(t, removed);
  const idle = await connectClient(t, removed);
  await busy.send(get('/'));
  await target.head(0);
  folder.write('waygate.json', config(1));
  assert.ok((await gateway.gateway.reload()).ok);
  await idle.ending();
  await assert.rejects(connectClient(t, removed), { code: 'ECONNREFUSED' });
  release();
  const response = await busy.response();
  assert.equal(response.status, 200);
  assert.ok(response.saysClose);
  await busy.ending();
  assert.equal((await exchangeOnce(t, gateway.port, get('/'))).status, 200);
});

test('F165: a reload that adds a listener on a taken address changes nothing and says so', async (t) => {
  const other = createServer();
  const { port: taken } = await listen(other);
  onFinish(t, 'targets', () => stopListening(other));
  const folder = createConfigFolder(t);
  const file = folder.write('waygate.json', answering('old'));
  const gateway = await startGatewayOn(t, file, { watch: false, expectErrors: true });
  folder.write(
    'waygate.json',
    answering('new', { listen: [listener, { host: '127.0.0.1', port: taken }], admin: { port: 0 } }),
  );
  const result = await gateway.gateway.reload();
  assert.ok(!result.ok);
  assert.match(result.mistakes[0]?.found ?? '', /EADDRINUSE/);
  assert.equal((await exchangeOnce(t, gateway.port, get('/'))).text, 'old');
  assert.equal(gateway.gateway.adminAddress, undefined);
  assert.equal(gateway.metric('waygate_config_last_reload_successful'), 0);
  assert.equal(gateway.metric('waygate_config_reloads_total', { result: 'failed' }), 1);
});

test('F165: the token of the admin listener changes where it stands', async (t) => {
  const [port] = await freePorts(1);
  const folder = createConfigFolder(t);
  const withToken = (token: string): ConfigInput => answering(token, { admin: { port, token } });
  const file = folder.write('waygate.json', withToken('the-first-token-of-all'));
  const gateway = await startGatewayOn(t, file, { watch: false });
  const status = async (token: string): Promise<number> => {
    const head = `GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    return (await exchangeOnce(t, gateway.gateway.adminAddress?.port ?? 0, head)).status;
  };
  assert.equal(await status('the-first-token-of-all'), 200);
  folder.write('waygate.json', withToken('the-second-token-of-all'));
  assert.ok((await gateway.gateway.reload()).ok);
  assert.equal(await status('the-first-token-of-all'), 401);
  assert.equal(await status('the-second-token-of-all'), 200);
});

test('F165: a certificate authority that cannot be read is a mistake, and the old configuration goes on', async (t) => {
  const folder = createConfigFolder(t);
  const file = folder.write('waygate.json', answering('old'));
  const gateway = await startGatewayOn(t, file, { watch: false, expectErrors: true });
  for (const ca of ['nowhere.pem', folder.path, folder.write('garbage.pem', 'this is no certificate')]) {
    folder.write('waygate.json', {
      listen: listener,
      upstreams: { secure: { targets: ['https://127.0.0.1:1'], tls: { ca } } },
      routes: [{ path: '/', upstream: 'secure' }],
    });
    const result = await gateway.gateway.reload();
    assert.ok(!result.ok, ca);
    assert.deepEqual(result.mistakes[0]?.path, ['upstreams', 'secure', 'tls', 'ca']);
    assert.equal(result.mistakes[0].line, 12);
    assert.equal((await exchangeOnce(t, gateway.port, get('/'))).text, 'old');
  }
});

test('F165: authorities that are exchanged in their file count from the next reload', async (t) => {
  const first = selfSigned(['127.0.0.1']);
  const second = selfSigned(['127.0.0.1']);
  const target = createHttpsServer(first, (_request, response) => response.end('verified'));
  const { port } = await listen(target);
  onFinish(t, 'targets', async () => {
    target.closeAllConnections();
    await stopListening(target);
  });
  const folder = createConfigFolder(t);
  folder.write('ca.pem', second.cert);
  const file = folder.write('waygate.json', {
    listen: listener,
    upstreams: { secure: { targets: [`https://127.0.0.1:${port}`], tls: { ca: 'ca.pem' } } },
    routes: [{ path: '/', upstream: 'secure' }],
  });
  const gateway = await startGatewayOn(t, file, { watch: false });
  assert.equal((await exchangeOnce(t, gateway.port, get('/'))).status, 502);
  folder.write('ca.pem', first.cert);
  assert.ok((await gateway.gateway.reload()).ok);
  assert.equal((await exchangeOnce(t, gateway.port, get('/'))).text, 'verified');
  // The other way round: what is no longer trusted is not asked any more, not even over a connection that stands.
  folder.write('ca.pem', second.cert);
  assert.ok((await gateway.gateway.reload()).ok);
  assert.equal((await exchangeOnce(t, gateway.port, get('/'))).status, 502);
});

test('F165: a configuration with mistakes leaves no trace: connections to targets rest as long as before', async (t) => {
  const target = await startRecordingTarget(t);
  const folder = createConfigFolder(t);
  const config = (keepAlive: `${number}s`, policies: ConfigInput['policies']): ConfigInput => ({
    listen: listener,
    upstreams: { service: { targets: [target.url], timeouts: { keepAlive } } },
    routes: [{ path: '/', upstream: 'service' }],
    policies: policies ?? [],
  });
  const file = folder.write('waygate.json', config('4s', []));
  const gateway = await startGatewayOn(t, file, { watch: false, expectErrors: true });
  await exchangeOnce(t, gateway.port, get('/'));
  assert.equal(gateway.gateway.stats.targetConnections, 1);
  folder.write('waygate.json', config('0s', [{ headers: { request: { set: { 'x-a': '${nothing}' } } } }]));
  assert.ok(!(await gateway.gateway.reload()).ok);
  await exchangeOnce(t, gateway.port, get('/'));
  await exchangeOnce(t, gateway.port, get('/'));
  assert.equal(gateway.gateway.stats.targetConnections, 1);
});

test('F171: a rollback brings the old version back, the same one twice changes nothing, and the metrics show which', async (t) => {
  const folder = createConfigFolder(t);
  const file = folder.write('waygate.json', answering('one', { admin: { port: 0 } }));
  const gateway = await startGatewayOn(t, file, { watch: false });
  const adminVersion = async (): Promise<unknown> => {
    const head = 'GET /config HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n';
    const { text } = await exchangeOnce(t, gateway.gateway.adminAddress?.port ?? 0, head);
    const shown: unknown = JSON.parse(text);
    return typeof shown === 'object' && shown !== null && 'version' in shown ? shown.version : undefined;
  };
  const reload = async (body: string): Promise<string> => {
    folder.write('waygate.json', answering(body, { admin: { port: 0 } }));
    const result = await gateway.gateway.reload();
    assert.ok(result.ok);
    assert.equal(gateway.metric('waygate_config_info', { version: result.version }), 1);
    assert.equal(await adminVersion(), result.version);
    assert.equal((await exchangeOnce(t, gateway.port, get('/'))).text, body);
    return result.version;
  };
  const first = await adminVersion();
  const second = await reload('two');
  assert.notEqual(second, first);
  assert.equal(await reload('two'), second, 'the same twice');
  assert.equal(await reload('one'), first, 'a rollback is the older version again');
  assert.equal(gateway.metric('waygate_config_reloads_total', { result: 'ok' }), 3);
  const announced = gateway.lines.filter(({ message }) => message === 'a new configuration serves');
  assert.deepEqual(
    announced.map(({ fields }) => fields['version']),
    [second, first],
  );
});

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) ports.push((await listen(server)).port);
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  return ports;
}
