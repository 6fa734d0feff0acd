import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';
import { test } from 'node:test';
import { createGateway } from '../../src/gateway/gateway.ts';
import { ConfigError } from '../../src/gateway/config-error.ts';
import { startTarget } from '../kit/echo-target.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { listen, stopListening } from '../kit/listen.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { routeTo, startGateway, testDefaults } from '../kit/start-gateway.ts';
import { answering, connectToWorker, get, startWorkers, workerOf } from '../kit/worker-gateway.ts';

test('every thread serves, on one port for all', async (t) => {
  const gateway = await startWorkers(
    t,
    answering({}, { listen: [testDefaults.listen, testDefaults.listen] }),
  );
  assert.equal(gateway.gateway.workers, 2);
  const [one, two] = gateway.gateway.addresses;
  assert.ok(one !== undefined && two !== undefined && one.port !== two.port && one.port > 0 && two.port > 0);
  for (const { port } of [one, two]) {
    const seen = new Set<number>();
    for (let i = 0; i < 60 && seen.size < 2; i++) seen.add(await workerOf(await connectClient(t, port)));
    assert.deepEqual(seen, new Set([1, 2]));
  }
});

test('metrics are the sums over all threads, to the last exchange', async (t) => {
  const service = await startTarget(t, (_request, response) => response.end('12345'));
  const gateway = await startWorkers(t, routeTo(service, { workers: 3, policies: [{ fault: {} }] }));
  const clients = await Promise.all([1, 2, 3].map((worker) => connectToWorker(t, gateway.port, worker)));
  // One request on each connection that was made on the way, and eighteen on those that are left.
  let requests = gateway.metric('waygate_connections_total') + 18;
  for (const [i, client] of clients.entries()) {
    for (let n = 0; n < 5 + i; n++) {
      await client.send(get('/x'));
      assert.equal((await client.response()).text, '12345');
    }
  }
  // They are closed when they have rested for a few seconds, and on a busy machine those pass.
  await eventually(async () => {
    if (gateway.metric('waygate_target_connections_open') === 3) return true;
    for (const client of clients) {
      requests++;
      await client.send(get('/x'));
      await client.response();
    }
    return false;
  }, 'each has a connection of its own');
  await eventually(
    () => gateway.metric('waygate_requests_total', { route: '/', method: 'GET', status: '2xx' }) === requests,
    () => gateway.gateway.metrics(),
  );
  assert.equal(gateway.metric('waygate_request_duration_seconds_count', { route: '/' }), requests);
  assert.equal(gateway.metric('waygate_request_duration_seconds_bucket', { le: '+Inf' }), requests);
  assert.equal(gateway.metric('waygate_response_body_bytes_total'), 5 * requests);
  await eventually(() => gateway.metric('waygate_connections_open') === 3, 'the others are gone');
  assert.equal(gateway.metric('waygate_requests_in_flight'), 0);
  assert.equal(gateway.metric('waygate_workers'), 3);
  await eventually(() => gateway.records.length === requests, 'each has its record');
});

test('one thread is one thread: nothing is started, and nothing of it is in the way', async (t) => {
  const gateway = await startGateway(t, { ...answering(), policies: [], workers: 1 });
  assert.equal(gateway.gateway.workers, 1);
  assert.equal((await exchangeOnce(t, gateway.port, get('/'))).status, 200);
  assert.equal(gateway.metric('waygate_workers'), 1);
});

test('a port that another program has is in use, whether or not that one would share it', async (t) => {
  for (const reusePort of [false, true]) {
    const other = createServer();
    onFinish(t, 'targets', () => void other.close());
    const { port } = await listen(other, 0, '127.0.0.1', reusePort);
    const config = answering({}, { listen: { host: '127.0.0.1', port } });
    await assert.rejects(startWorkers(t, config), { code: 'EADDRINUSE', syscall: 'listen', port });
  }
});

test('where ports cannot be shared, one thread serves and a line says so', async (t) => {
  const gateway = await startWorkers(t, answering(), { workers: { sharesPorts: async () => false } });
  assert.equal(gateway.gateway.workers, 1);
  assert.equal((await exchangeOnce(t, gateway.port, get('/'))).header('x-worker'), '0');
  const [line] = gateway.lines;
  assert.equal(line?.message, 'this system does not let threads share a port: one thread serves');
  assert.equal(line.level, 'warn');
  // Nor is it an obstacle to a reload that asks for other threads.
  assert.ok((await gateway.gateway.reload()).ok);
});

test('what is code cannot be handed to threads, and is refused with a remedy', async () => {
  const { faultPolicy } = await import('../kit/fault-policy.ts');
  const config = { ...answering(), ...testDefaults };
  await assert.rejects(createGateway({ config, policies: [faultPolicy] }), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.mistakes[0]?.path, ['workers']);
    assert.match(error.mistakes[0].remedy, /leave workers out, or make the gateway without policies/);
    return true;
  });
});

test('a thread that cannot start fails the start, with its error', async (t) => {
  await assert.rejects(startWorkers(t, answering({ inCreate: 'mistake', worker: 2 })), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.mistakes[0]?.found, 'worker 2 does not like it');
    return true;
  });
  await assert.rejects(
    startWorkers(t, answering({ inCreate: 'exit', worker: 2 })),
    /a worker ended with 3 before/,
  );
  await assert.rejects(
    startWorkers(t, answering(), { workers: { patience: 0 } }),
    /a worker was not ready within 0 ms/,
  );
});

test('a thread that dies as soon as the gateway has started is replaced like any other', async (t) => {
  const gateway = await startWorkers(t, answering({ inCreate: 'throw', worker: 1 }), { expectErrors: true });
  await eventually(
    () => gateway.lines.filter(({ message }) => message.startsWith('a worker died')).length > 1,
    () => JSON.stringify(gateway.lines),
  );
});

test('a mistake that all threads find is reported once', async (t) => {
  await assert.rejects(startWorkers(t, answering({ inCreate: 'mistake' }, { workers: 1 })), ConfigError);
  const config = answering({}, { routes: [{ path: '/', policies: [{ respond: { json: 1, body: 'x' } }] }] });
  await assert.rejects(startWorkers(t, config), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(
      error.mistakes.map(({ found }) => found),
      ['`body` and `json` are two bodies'],
    );
    return true;
  });
});

test('F170: a loop is found out in one round, whichever threads it goes through', async (t) => {
  let port = 0;
  const forwarder = createServer((socket) => pipeline(socket, connect(port, '127.0.0.1'), socket, () => {}));
  const address = await listen(forwarder);
  onFinish(t, 'targets', () => stopListening(forwarder));
  const gateway = await startWorkers(t, {
    workers: 3,
    upstreams: { self: { targets: [`http://127.0.0.1:${address.port}`], timeouts: { keepAlive: 0 } } },
    routes: [{ path: '/', upstream: 'self' }],
  });
  port = gateway.port;
  for (let i = 1; i <= 8; i++) {
    assert.equal((await exchangeOnce(t, port, get('/'))).status, 508);
    await gateway.record(2 * i - 1);
    assert.equal(gateway.records.length, 2 * i, 'the request of the client, and its echo');
  }
});

test('lines of the operational log say which thread they are from, with secrets masked', async (t) => {
  const gateway = await startWorkers(t, answering({}, { drain: { accept: 0 } }));
  await gateway.gateway.drain();
  const workers = gateway.lines
    .filter(({ message }) => message === 'draining')
    .map(({ fields }) => fields['worker']);
  assert.deepEqual(new Set(workers), new Set([1, 2]));
});
