import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Load } from '../figures/load.ts';
import { createConfigFolder } from '../kit/config-folder.ts';
import { beforeDeadline, eventually } from '../kit/eventually.ts';
import { connectClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, play, requestComplete, send, waitFor } from '../kit/replies.ts';
import { routeTo, testDefaults } from '../kit/start-gateway.ts';
import {
  answering,
  connectToWorker,
  get,
  startWorkers,
  whenRefusing,
  whenServing,
  workerOf,
} from '../kit/worker-gateway.ts';

for (const fault of ['exit', 'throw', 'reject'] as const) {
  test(`F179: a thread that ends of ${fault} fails its own exchanges only, and is replaced`, async (t) => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const target = await startRecordingTarget(t, { script: answer() });
    const gateway = await startWorkers(t, routeTo(target, { workers: 2, policies: [{ fault: {} }] }), {
      expectErrors: true,
    });
    const [own, other] = [
      await connectToWorker(t, gateway.port, 1),
      await connectToWorker(t, gateway.port, 2),
    ];
    for (const client of [own, other]) {
      target.next(
        play(requestComplete, waitFor(released), send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK')),
      );
      const before = target.requests.length;
      await client.send(get('/waiting'));
      await target.head(before);
    }
    await eventually(() => gateway.metric('waygate_requests_in_flight') === 2, 'both are under way');
    const counted = gateway.metric('waygate_requests_total');
    const killer = await connectToWorker(t, gateway.port, 1);
    await killer.send(get(`/fault/${fault}`));
    await own.ending();
    assert.equal(own.unread.length, 0, 'it gets no answer, rather than half of one');
    await eventually(
      () => gateway.metric('waygate_requests_in_flight') === 1,
      'what was under way in the dead thread is not any more',
    );
    release();
    assert.equal((await other.response()).text, 'OK');
    await whenServing(gateway, 2);
    assert.equal(await workerOf(await connectToWorker(t, gateway.port, 1)), 1);
    assert.equal(gateway.metric('waygate_worker_restarts_total'), 1);
    await eventually(
      () => gateway.metric('waygate_requests_total') >= counted + 2,
      'counters never go backwards',
    );
    const line = gateway.lines.find(({ message }) => message === 'a worker died; another takes its place');
    assert.equal(line?.fields['worker'], 1);
  });
}

test('F179: counters never go backwards while threads die under load', async (t) => {
  const gateway = await startWorkers(t, answering(), { expectErrors: true, workers: { goodLife: 0 } });
  const load = new Load(gateway.port, '/x', 8);
  let last = 0;
  for (let kill = 1; kill <= 5; kill++) {
    const killer = await connectToWorker(t, gateway.port, 1 + (kill % 2));
    await killer.send(get('/fault/exit'));
    await killer.ending();
    await eventually(
      () => {
        const now = gateway.metric('waygate_requests_total');
        assert.ok(now >= last, `${now} after ${last}`);
        last = now;
        return gateway.metric('waygate_worker_restarts_total') === kill && gateway.gateway.workers === 2;
      },
      () => `the thread is replaced: ${JSON.stringify(gateway.lines.slice(-3))}`,
    );
  }
  const { answered } = await load.stop();
  assert.ok(answered > 100);
  // Not every answered one: a thread that dies may have answered some whose end it did not count any more.
  await eventually(() => gateway.metric('waygate_requests_in_flight') === 0, 'gauges come to rest');
});

test('F179: a thread that hangs is ended and replaced, while the others serve', async (t) => {
  const gateway = await startWorkers(t, answering(), { expectErrors: true, workers: { silence: 1500 } });
  const other = await connectToWorker(t, gateway.port, 2);
  const killer = await connectToWorker(t, gateway.port, 1);
  await killer.send(get('/fault/hang'));
  assert.equal(await workerOf(other), 2);
  await killer.ending();
  await eventually(() => gateway.metric('waygate_worker_restarts_total') === 1, 'another is started');
  await whenServing(gateway, 2);
  assert.ok(gateway.lines.some(({ message }) => message === 'a worker hangs; it is ended'));
  assert.equal(await workerOf(await connectToWorker(t, gateway.port, 1)), 1);
});

test('F179: threads that die again and again are replaced ever more slowly, and a better configuration ends it', async (t) => {
  const folder = createConfigFolder(t);
  const config = answering({}, { ...testDefaults, admin: { port: 0 } });
  const configFile = folder.write('waygate.json', config);
  const gateway = await startWorkers(t, { routes: [] }, { configFile, watch: false, expectErrors: true });
  folder.write('waygate.json', { ...config, policies: [{ fault: { inCreate: 'dieSoon' } }] });
  await gateway.gateway.reload();
  const delays = (): unknown[] =>
    gateway.lines
      .filter(({ message }) => message.startsWith('a worker died again'))
      .map(({ fields }) => fields['delay']);
  await eventually(
    () => delays().includes(400),
    () => JSON.stringify(gateway.lines.slice(-5)),
    20_000,
  );
  assert.deepEqual([...new Set(delays())].slice(0, 3), [100, 200, 400]);
  assert.ok(gateway.metric('waygate_worker_restarts_total') >= 4);
  await eventually(async () => {
    const probe = await fetch(`http://127.0.0.1:${gateway.gateway.adminAddress?.port}/readyz`);
    if (probe.status !== 503) return false;
    assert.deepEqual(await probe.json(), {
      ready: false,
      reason: 'no worker serves',
      workers: { serving: 0, wanted: 2 },
    });
    return true;
  }, 'readiness says so');
  folder.write('waygate.json', { ...config, policies: [{ fault: { label: 'mended' } }] });
  const { port } = gateway;
  await eventually(async () => (await gateway.gateway.reload()).ok, 'it takes the mended configuration');
  await whenServing(gateway, 2);
  for (const worker of [1, 2]) await connectToWorker(t, port, worker);
});

test('F177: a drain lets exchanges in all threads finish, and a thread that dies meanwhile does not hold it up', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const target = await startRecordingTarget(t, { script: answer() });
  const gateway = await startWorkers(
    t,
    routeTo(target, { workers: 3, policies: [{ fault: {} }], drain: { accept: 0, timeout: '20s' } }),
    { expectErrors: true },
  );
  const clients = [];
  for (const worker of [1, 2, 3]) {
    const client = await connectToWorker(t, gateway.port, worker);
    target.next(
      play(requestComplete, waitFor(released), send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK')),
    );
    const before = target.requests.length;
    await client.send(get('/waiting'));
    await target.head(before);
    clients.push(client);
  }
  const late = await connectToWorker(t, gateway.port, 3);
  await late.send(get('/fault/exit').slice(0, -2));
  const drained = gateway.gateway.drain();
  await eventually(
    () => gateway.lines.filter(({ message }) => message === 'draining').length === 3,
    'all of them drain',
  );
  await whenRefusing(gateway.port);
  await late.send('\r\n');
  await clients[2]?.ending();
  release();
  for (const client of clients.slice(0, 2)) {
    const response = await client.response();
    assert.equal(response.text, 'OK');
    assert.ok(response.saysClose);
    client.destroy();
  }
  await beforeDeadline(drained, () => 'the drain to end');
  assert.equal(gateway.gateway.workers, 0);
});

test('F177: a drain cuts off what is under way when its time is over, in all threads', async (t) => {
  const target = await startRecordingTarget(t, { script: () => {} });
  const gateway = await startWorkers(
    t,
    routeTo(target, { workers: 2, policies: [{ fault: {} }], drain: { accept: 0, timeout: '100ms' } }),
  );
  target.next(answer());
  const client = await connectClient(t, gateway.port);
  await client.send(get('/'));
  await client.response();
  await client.send(get('/never'));
  await target.head(1);
  await beforeDeadline(gateway.gateway.drain(), () => 'the drain to end');
  await client.ending();
});

test('a gateway that is closed while its threads start, reload or are replaced leaves nothing behind', async (t) => {
  const folder = createConfigFolder(t);
  const config = { ...answering(), ...testDefaults };
  const configFile = folder.write('waygate.json', config);
  for (const moment of ['reload', 'death', 'hung reload'] as const) {
    const gateway = await startWorkers(t, { routes: [] }, { configFile, watch: false, expectErrors: true });
    if (moment === 'death') {
      const killer = await connectClient(t, gateway.port);
      await killer.send(get('/fault/exit'));
      await killer.ending();
      await gateway.gateway.close();
      continue;
    }
    const inCreate = moment === 'reload' ? 'none' : 'hang';
    folder.write('waygate.json', { ...config, policies: [{ fault: { inCreate, label: 'x' } }] });
    const reloading = gateway.gateway.reload();
    await beforeDeadline(gateway.gateway.close(), () => `the close during a ${moment}`);
    const { ok } = await reloading;
    assert.ok(!ok || moment === 'reload');
    folder.write('waygate.json', config);
  }
});
