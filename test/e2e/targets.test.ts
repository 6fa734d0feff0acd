import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import type { RawClient } from '../kit/raw-client.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import type { RecordingTarget } from '../kit/recording-target.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { play, requestComplete, responseText, send, waitFor } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const get = 'GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n';

test('a target may be an IPv6 address', async (t) => {
  const target = await startRecordingTarget(t, { host: '::1' });
  const gateway = await startGateway(t, routeTo(target));
  assert.equal((await exchangeOnce(t, gateway.port, get)).text, 'OK');
  assert.equal(target.requests[0]?.header('host'), `[::1]:${target.port}`);
  assert.equal((await gateway.record(0)).target, `[::1]:${target.port}`);
});

test('a target that is gone is a 502 at once, for any method, and asked again by the next request', async (t) => {
  const target = await startRecordingTarget(t);
  const { port } = target;
  const gateway = await startGateway(t, routeTo(target));
  await target.close();
  for (const bytes of [get, get.replace('GET', 'POST')]) {
    const response = await exchangeOnce(t, gateway.port, bytes);
    assert.equal(response.status, 502);
    assert.match(response.text, /upstream_connect_failed/);
  }
  await startRecordingTarget(t, { port });
  assert.equal((await exchangeOnce(t, gateway.port, get)).text, 'OK');
});

test('targets take turns by their weights', async (t) => {
  const targets = [
    await startRecordingTarget(t),
    await startRecordingTarget(t),
    await startRecordingTarget(t),
  ];
  const [heavy, light, other] = targets;
  const gateway = await startGateway(t, {
    ...routeTo({ url: '' }),
    upstreams: {
      service: { targets: [{ url: heavy?.url ?? '', weight: 3 }, light?.url ?? '', other?.url ?? ''] },
    },
  });
  const client = await connectClient(t, gateway.port);
  for (let request = 0; request < 50; request++) {
    await client.send(get);
    await client.response();
  }
  assert.deepEqual(
    targets.map(({ requests }) => requests.length),
    [30, 10, 10],
  );
});

test('no target has more connections at once than the limit says', async (t) => {
  const limit = 2;
  const open = Promise.withResolvers<void>();
  const slow = await startRecordingTarget(t, {
    script: play(requestComplete, waitFor(open.promise), send(responseText())),
  });
  const fast = await startRecordingTarget(t);
  const gateway = await startGateway(t, {
    ...routeTo(slow),
    upstreams: { service: { targets: [slow.url, fast.url], limits: { connections: limit, queue: '1m' } } },
  });
  const most = new Map<RecordingTarget, number>();
  const clients: RawClient[] = [];
  for (let request = 0; request < 12; request++) {
    const client = await connectClient(t, gateway.port);
    await client.send(get);
    clients.push(client);
    await eventually(
      () => gateway.gateway.stats.inFlight > 0 || gateway.records.length > request,
      'it has begun',
    );
    for (const target of [slow, fast]) {
      most.set(target, Math.max(most.get(target) ?? 0, target.openConnections.length));
    }
  }
  // The fast one serves whatever the slow one has no connection for.
  await eventually(() => gateway.records.length === 10, 'all but those of the slow target are answered');
  open.resolve();
  for (const client of clients) assert.equal((await client.response()).status, 200);
  assert.deepEqual([...most.values()], [limit, limit]);
  assert.equal(slow.connections.length, limit);
});
