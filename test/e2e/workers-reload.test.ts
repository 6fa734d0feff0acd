import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { Load } from '../figures/load.ts';
import { createConfigFolder } from '../kit/config-folder.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { listen } from '../kit/listen.ts';
import { connectClient, exchangeOnce, type RawClient } from '../kit/raw-client.ts';
import { testDefaults, type TestGateway } from '../kit/start-gateway.ts';
import { answering, connectToWorker, get, startWorkers, whenServing } from '../kit/worker-gateway.ts';

/** Which configuration a connection meets. */
async function labelOf(client: RawClient): Promise<string | undefined> {
  await client.send(get('/label'));
  return (await client.response()).header('x-label');
}

/** A gateway of two threads on a file, and a connection to each of them. */
async function scene(
  t: Parameters<typeof startWorkers>[0],
  options: Parameters<typeof startWorkers>[2] = {},
): Promise<{
  readonly gateway: TestGateway;
  readonly clients: readonly RawClient[];
  readonly labels: () => Promise<(string | undefined)[]>;
  readonly reloadTo: (config: ConfigInput) => ReturnType<TestGateway['gateway']['reload']>;
}> {
  const folder = createConfigFolder(t);
  const write = (config: ConfigInput): string => folder.write('waygate.json', { ...testDefaults, ...config });
  const configFile = write(answering({ label: 'old' }));
  const gateway = await startWorkers(t, { routes: [] }, { ...options, configFile, watch: false });
  const clients = [
    await connectToWorker(t, gateway.port, 1),
    await connectToWorker(t, gateway.port, 2),
  ] as const;
  return {
    gateway,
    clients,
    labels: async () => [await labelOf(clients[0]), await labelOf(clients[1])],
    reloadTo: (config) => {
      write(config);
      return gateway.gateway.reload();
    },
  };
}

test('F167: all threads take a new configuration, on the connections that there are', async (t) => {
  const { gateway, labels, reloadTo } = await scene(t);
  const before = gateway.gateway.addresses;
  const result = await reloadTo(answering({ label: 'new' }));
  assert.ok(result.ok);
  assert.deepEqual(await labels(), ['new', 'new']);
  assert.deepEqual(gateway.gateway.addresses, before);
  assert.equal(gateway.metric('waygate_config_info', { version: result.version }), 1);
  assert.equal(gateway.metric('waygate_config_reloads_total', { result: 'ok' }), 1);
});

test('F167: what one thread refuses none takes, the listeners it would have added included', async (t) => {
  const { gateway, labels, reloadTo } = await scene(t, { expectErrors: true });
  const free = createServer();
  const { port } = await listen(free);
  await new Promise((resolve) => free.close(resolve));
  const listeners = [testDefaults.listen, { host: '127.0.0.1', port }];
  for (const worker of [1, 2]) {
    const result = await reloadTo(
      answering({ label: 'new', inCreate: 'mistake', worker }, { listen: listeners }),
    );
    assert.ok(!result.ok);
    assert.deepEqual(
      result.mistakes.map(({ found, path }) => ({ found, path })),
      [{ found: `worker ${worker} does not like it`, path: ['policies', 0, 'fault', 'inCreate'] }],
    );
    assert.ok((result.mistakes[0]?.line ?? 0) > 1, 'with its place in the file');
    assert.deepEqual(await labels(), ['old', 'old']);
    assert.equal(gateway.gateway.addresses.length, 1);
    await assert.rejects(connectClient(t, port), { code: 'ECONNREFUSED' });
  }
  assert.equal(gateway.metric('waygate_config_reloads_total', { result: 'failed' }), 2);
  assert.ok((await reloadTo(answering({ label: 'mended' }))).ok);
  assert.deepEqual(await labels(), ['mended', 'mended']);
});

test('F167: a configuration of which each thread makes another is refused', async (t) => {
  const { labels, reloadTo } = await scene(t, { expectErrors: true });
  const result = await reloadTo(answering({ label: 'new', madeUp: true }));
  assert.ok(!result.ok);
  assert.match(result.mistakes[0]?.found ?? '', /worker 1 makes another configuration of it than the others/);
  assert.deepEqual(await labels(), ['old', 'old']);
});

test('F167: a thread that dies whenever it prepares keeps the others from the configuration', async (t) => {
  const { gateway, clients, reloadTo } = await scene(t, { expectErrors: true });
  const result = await reloadTo(answering({ label: 'new', inCreate: 'exit', worker: 2 }));
  assert.ok(!result.ok);
  assert.match(result.mistakes[0]?.found ?? '', /a worker died or did not answer while it prepared/);
  assert.equal(await labelOf(clients[0] ?? assert.fail()), 'old');
  await whenServing(gateway, 2);
  assert.equal(await labelOf(await connectToWorker(t, gateway.port, 2)), 'old');
  assert.ok((await reloadTo(answering({ label: 'mended' }))).ok);
  assert.equal(await labelOf(await connectToWorker(t, gateway.port, 2)), 'mended');
});

test('F167: a thread that hangs while it prepares is ended, and the reload with it', async (t) => {
  const { gateway, clients, reloadTo } = await scene(t, { expectErrors: true, workers: { silence: 1500 } });
  const result = await reloadTo(answering({ label: 'new', inCreate: 'hang', worker: 1 }));
  assert.ok(!result.ok);
  assert.equal(await labelOf(clients[1] ?? assert.fail()), 'old');
  await whenServing(gateway, 2);
  assert.ok(gateway.lines.some(({ message }) => message === 'a worker hangs; it is ended'));
  assert.ok((await reloadTo(answering({ label: 'mended' }))).ok);
});

test('F167: a thread that dies of something else meanwhile does not cost the reload', async (t) => {
  const { gateway, clients, reloadTo } = await scene(t, { expectErrors: true });
  await clients[0]?.send(get('/fault/exit'));
  const result = await reloadTo(answering({ label: 'new' }));
  assert.ok(result.ok);
  await whenServing(gateway, 2);
  for (const worker of [1, 2])
    assert.equal(await labelOf(await connectToWorker(t, gateway.port, worker)), 'new');
});

test('reloads that are asked for at once come one after the other', async (t) => {
  const { labels, reloadTo } = await scene(t);
  const results = await Promise.all(
    Array.from({ length: 5 }, (_, i) => reloadTo(answering({ label: `new ${i}` }))),
  );
  assert.ok(results.every(({ ok }) => ok));
  assert.deepEqual(await labels(), ['new 4', 'new 4']);
});

test('an address that a reload adds and somebody has changes nothing', async (t) => {
  const { labels, reloadTo } = await scene(t, { expectErrors: true });
  const other = createServer();
  onFinish(t, 'targets', () => void other.close());
  const { port } = await listen(other);
  const listeners = [testDefaults.listen, { host: '127.0.0.1', port }];
  const result = await reloadTo(answering({ label: 'new' }, { listen: listeners }));
  assert.ok(!result.ok);
  assert.match(result.mistakes[0]?.found ?? '', /EADDRINUSE/);
  assert.deepEqual(await labels(), ['old', 'old']);
});

test('listeners come and go with reloads in all threads', async (t) => {
  const { gateway, reloadTo } = await scene(t);
  const [first] = gateway.gateway.addresses;
  assert.ok((await reloadTo(answering({}, { listen: [testDefaults.listen, testDefaults.listen] }))).ok);
  const [same, added] = gateway.gateway.addresses;
  assert.deepEqual(same, first);
  for (const worker of [1, 2]) await connectToWorker(t, added?.port ?? 0, worker);
  assert.ok((await reloadTo(answering({ label: 'less' }))).ok);
  await assert.rejects(connectClient(t, added?.port ?? 0), { code: 'ECONNREFUSED' });
  assert.equal((await exchangeOnce(t, gateway.port, get('/'))).status, 200);
});

test('more threads, or fewer, come with a reload; from one thread they do not', async (t) => {
  const { gateway, reloadTo, clients } = await scene(t);
  assert.ok((await reloadTo(answering({}, { workers: 3 }))).ok);
  await whenServing(gateway, 3);
  await connectToWorker(t, gateway.port, 3);
  // One request on each connection that was made on the way; the last may be counted a moment after its answer.
  const counted = gateway.metric('waygate_connections_total');
  await eventually(() => gateway.metric('waygate_requests_total') === counted, 'every one is counted');
  assert.ok((await reloadTo(answering({}, { workers: 1 }))).ok);
  await whenServing(gateway, 1);
  assert.equal(await labelOf(clients[0] ?? assert.fail()), '');
  await clients[1]?.ending();
  await eventually(
    () => gateway.metric('waygate_requests_total') === counted + 1,
    'what was counted by threads that are gone stays counted',
  );
  assert.equal(gateway.metric('waygate_worker_restarts_total'), 0);
  assert.ok((await reloadTo(answering({}, { workers: 2 }))).ok);
  await whenServing(gateway, 2);
});

test('a gateway of one thread says that it has to be restarted for more', async (t) => {
  const folder = createConfigFolder(t);
  const configFile = folder.write('waygate.json', { ...answering({}, { workers: 1 }), ...testDefaults });
  const gateway = await startWorkers(t, { routes: [] }, { configFile, watch: false, expectErrors: true });
  folder.write('waygate.json', { ...answering(), ...testDefaults });
  const result = await gateway.gateway.reload();
  assert.ok(!result.ok);
  assert.deepEqual(result.mistakes[0]?.path, ['workers']);
  assert.equal(result.mistakes[0].remedy, 'restart it');
  assert.equal((await exchangeOnce(t, gateway.port, get('/'))).status, 200);
});

test('F167: twenty reloads under load fail no request', async (t) => {
  const { gateway, reloadTo } = await scene(t);
  const load = new Load(gateway.port, '/x', 8);
  for (let i = 0; i < 20; i++) {
    const before = load.answered;
    const routes: ConfigInput['routes'] = [
      ...(answering().routes ?? []),
      { path: `/route-${i}`, policies: [{ respond: { body: 'x' } }] },
    ];
    assert.ok((await reloadTo(answering({ label: String(i) }, { routes }))).ok);
    await eventually(() => load.answered > before + 50, 'requests go on');
  }
  const { answered, failures } = await load.stop();
  assert.ok(answered > 1000);
  assert.deepEqual([...failures], []);
  await eventually(
    () => gateway.metric('waygate_requests_total', { route: '/' }) >= answered,
    'every one of them is counted',
  );
});
