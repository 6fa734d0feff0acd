import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Load } from '../figures/load.ts';
import { startTarget } from '../kit/echo-target.ts';
import { beforeDeadline, eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { startGatewayProcess, withPorts } from '../kit/gateway-process.ts';
import { listen } from '../kit/listen.ts';
import { connectClient } from '../kit/raw-client.ts';
import { waygate, workFolder } from '../kit/waygate-command.ts';
import { get, whenRefusing } from '../kit/worker-gateway.ts';

const hello = {
  workers: 2,
  routes: [{ path: '/', policies: [{ respond: { body: 'hello' } }] }],
  drain: { accept: 0, timeout: '10s' },
} as const;

test('the access log of all threads is one stream of whole lines, and none is lost in a drain', async (t) => {
  const service = await startTarget(t, (_request, response) => response.end('OK'));
  const gateway = await startGatewayProcess(t, {
    workers: 3,
    upstreams: { service: service.url },
    routes: [{ path: '/', upstream: 'service' }],
    log: { access: 'json', query: true },
    drain: { accept: 0, timeout: '10s' },
  });
  // Long lines, so that many would not fit into what a pipe takes at once.
  const load = new Load(gateway.port, `/x?${'y'.repeat(2000)}`, 24);
  await eventually(() => load.answered > 3000, 'the load runs', 30_000);
  const { answered, failures } = await load.stop();
  assert.deepEqual([...failures], []);
  gateway.child.kill('SIGTERM');
  assert.equal(await beforeDeadline(gateway.ended, () => gateway.err), 0);
  const lines = gateway.out.trimEnd().split('\n');
  const ids = new Set(lines.map((line) => (JSON.parse(line) as { readonly id: string }).id));
  assert.equal(lines.length, answered);
  assert.equal(ids.size, answered, 'threads make ids of their own');
});

test('F183: a log that nobody reads costs lines, which are counted, and no request', async (t) => {
  const gateway = await startGatewayProcess(t, { ...hello, log: { access: 'json', query: true } });
  gateway.child.stdout?.pause();
  const load = new Load(gateway.port, `/x?${'y'.repeat(4000)}`, 8);
  await eventually(
    async () => (await gateway.metric('waygate_access_log_dropped_total')) > 100,
    'lines are dropped and counted',
    30_000,
  );
  const { answered, failures } = await load.stop();
  assert.deepEqual([...failures], []);
  gateway.child.stdout?.resume();
  gateway.child.kill('SIGTERM');
  assert.equal(await beforeDeadline(gateway.ended, () => gateway.err), 0);
  const lines = gateway.out.trimEnd().split('\n');
  for (const line of lines) JSON.parse(line);
  assert.ok(lines.length > 100 && lines.length < answered);
});

test('SIGTERM drains all threads and ends the process with 0', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let begun = 0;
  const service = await startTarget(t, (_request, response) => {
    begun++;
    void released.then(() => response.end('complete'));
  });
  const gateway = await startGatewayProcess(t, {
    ...hello,
    upstreams: { service: service.url },
    routes: [{ path: '/', upstream: 'service' }],
  });
  const clients = await Promise.all(Array.from({ length: 16 }, () => connectClient(t, gateway.port)));
  for (const client of clients) await client.send(get('/'));
  await eventually(() => begun === clients.length, 'all of them are under way');
  gateway.child.kill('SIGTERM');
  await eventually(
    () => gateway.err.split('"draining"').length - 1 === 2,
    () => gateway.err,
  );
  await whenRefusing(gateway.port);
  release();
  for (const client of clients) assert.equal((await client.response()).text, 'complete');
  for (const client of clients) client.destroy();
  assert.equal(await beforeDeadline(gateway.ended, () => gateway.err), 0);
});

test('F178: a second signal ends a gateway of several threads at once', async (t) => {
  const service = await startTarget(t, () => {});
  const gateway = await startGatewayProcess(t, {
    ...hello,
    upstreams: { service: service.url },
    routes: [{ path: '/', upstream: 'service' }],
  });
  const client = await connectClient(t, gateway.port);
  await client.send(get('/'));
  await eventually(() => service.requestCount === 1, 'it is under way');
  gateway.child.kill('SIGTERM');
  await eventually(() => gateway.err.includes('"draining"'), 'the drain has begun');
  gateway.child.kill('SIGTERM');
  assert.equal(await beforeDeadline(gateway.ended, () => gateway.err), 143);
});

test('SIGHUP reloads all threads, and the started line says how many there are', async (t) => {
  const gateway = await startGatewayProcess(t, hello);
  assert.match(gateway.err, /"workers":2,/);
  gateway.folder.replace(
    'waygate.json',
    withPorts({ ...hello, routes: [{ path: '/', policies: [{ respond: { body: 'new' } }] }] }),
  );
  gateway.child.kill('SIGHUP');
  await eventually(
    () => gateway.err.includes('a new configuration serves'),
    () => gateway.err,
  );
  for (let i = 0; i < 10; i++) {
    const client = await connectClient(t, gateway.port);
    await client.send(get('/'));
    assert.equal((await client.response()).text, 'new');
  }
});

test('F181: threads end with the process that they are of, and leave nothing that listens', async (t) => {
  const gateway = await startGatewayProcess(t, hello);
  const client = await connectClient(t, gateway.port);
  await client.send(get('/'));
  await client.response();
  gateway.child.kill('SIGKILL');
  assert.equal(await gateway.ended, 'SIGKILL');
  await client.ending();
  for (const port of [gateway.port, gateway.adminPort])
    await assert.rejects(connectClient(t, port), { code: 'ECONNREFUSED' });
});

test('a port in use is said as with one thread', async (t) => {
  const other = createServer();
  onFinish(t, 'targets', () => void other.close());
  const { port } = await listen(other, 0, '127.0.0.1', true);
  const folder = workFolder(t, {
    'waygate.json': JSON.stringify({ ...hello, listen: { host: '127.0.0.1', port } }),
  });
  const { code, err } = await waygate(folder, ['start']);
  assert.equal(code, 1);
  assert.match(err, new RegExp(`Another program listens on 127\\.0\\.0\\.1 port ${port} already`));
});
