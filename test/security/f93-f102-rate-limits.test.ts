import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { createConfigFolder, startGatewayOn } from '../kit/config-folder.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, finish, play, requestComplete } from '../kit/replies.ts';
import { routeTo, startGateway, testDefaults } from '../kit/start-gateway.ts';

/** A gateway whose clock a test moves, and a target behind it. */
async function scene(t: TestContext, policies: ConfigInput['policies'], config: Partial<ConfigInput> = {}) {
  const clock = new FakeClock();
  const target = await startRecordingTarget(t, { script: answer() });
  const gateway = await startGateway(t, routeTo(target, { policies, ...config }), { clock });
  const ask = async (head = 'GET / HTTP/1.1'): Promise<number> =>
    (await exchangeOnce(t, gateway.port, `${head}\r\nHost: gw.test\r\n\r\n`)).status;
  return { clock, target, gateway, ask };
}

test('F93: all addresses of a /64, and all spellings of an address, have one bucket', async (t) => {
  const { ask } = await scene(t, [{ 'rate-limit': { limit: 1, window: '1h' } }], {
    trustedProxies: ['127.0.0.1'],
  });
  const from = (address: string): Promise<number> => ask(`GET / HTTP/1.1\r\nX-Forwarded-For: ${address}`);
  for (const [first, ...others] of [
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:DB8:1:2:0:0:0:2', '2001:0db8:0001:0002::3'],
    ['192.0.2.7', '::ffff:192.0.2.7', '::ffff:c000:207', '0:0:0:0:0:ffff:192.0.2.7'],
    ['fe80::1%eth0', 'fe80::1', 'fe80::2%eth1'],
  ] as const) {
    assert.equal(await from(first), 200, first);
    for (const other of others) assert.equal(await from(other), 429, other);
  }
  for (const other of ['2001:db8:1:3::1', '192.0.2.8', '2001:db8:1:2'.replace('2', '4') + '::1'])
    assert.equal(await from(other), 200, other);
});

test('F94: N pass and N + 1 does not, at the edge of a window and over two of them', async (t) => {
  const expected = {
    // Full at first; then 5 a second, evenly.
    gcra: [5, 0, 2, 3, 5],
    // Half a window later half of the one before counts; of the two of that one almost all, at the edge of the next.
    'sliding-window': [5, 0, 2, 3, 5],
    'fixed-window': [5, 0, 0, 5, 5],
  } as const;
  for (const [algorithm, counts] of Object.entries(expected) as [
    keyof typeof expected,
    readonly number[],
  ][]) {
    const { ask, clock, target } = await scene(t, [{ 'rate-limit': { limit: 5, window: '1s', algorithm } }]);
    const burst = async (): Promise<number> => {
      const before = target.requests.length;
      for (let i = 0; i < 7; i++) await ask();
      return target.requests.length - before;
    };
    const passed = [await burst(), await burst()];
    // The last millisecond of the window; then the edge; then long after.
    for (const wait of [499, 501, 10_000]) {
      clock.advance(algorithm === 'sliding-window' && wait === 499 ? 1500 : wait);
      passed.push(await burst());
    }
    assert.deepEqual(passed, counts, algorithm);
  }
});

test('F98: a request counts once, whatever becomes of it', async (t) => {
  const target = await startRecordingTarget(t, { script: answer() });
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    policies: [{ 'rate-limit': { limit: 3, window: '31d' } }],
    routes: [{ path: '/', upstream: 'service', websocket: true }],
  });
  const ask = async (head = 'GET / HTTP/1.1'): Promise<number> =>
    (await exchangeOnce(t, gateway.port, `${head}\r\nHost: gw.test\r\n\r\n`)).status;
  // Sent a second time by the gateway.
  target.next(play(requestComplete, finish));
  assert.equal(await ask(), 200);
  assert.equal(target.requests.length, 2);
  const upgrade =
    'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13';
  assert.equal(await ask(upgrade), 200);
  const client = await connectClient(t, gateway.port);
  await client.send(
    'POST / HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n',
  );
  assert.equal((await client.response()).status, 200);
  assert.equal(await ask(), 429);
  assert.equal(target.requests.length, 4);
});

test('F98: what an earlier policy refuses is not counted, and what a later one refuses is', async (t) => {
  const limit = { 'rate-limit': { limit: 1, window: '1h' } };
  const nobody = { 'ip-filter': { deny: ['127.0.0.1'] } };
  const behind = await scene(t, [nobody, limit]);
  assert.deepEqual([await behind.ask(), await behind.ask()], [403, 403]);
  const before = await scene(t, [limit, nobody]);
  assert.deepEqual([await before.ask(), await before.ask()], [403, 429]);
});

test('F99: a limit that is changed or taken out holds from the reload on', async (t) => {
  const target = await startRecordingTarget(t, { script: answer() });
  const folder = createConfigFolder(t);
  const write = (policies: ConfigInput['policies']): string =>
    folder.write('waygate.json', { ...testDefaults, ...routeTo(target, { policies }) });
  const limit = (count: number) => [{ 'rate-limit': { limit: count, window: '1d' as const } }];
  const gateway = await startGatewayOn(t, write(limit(1)), { watch: false });
  const burst = async (): Promise<number> => {
    const before = target.requests.length;
    for (let i = 0; i < 4; i++)
      await exchangeOnce(t, gateway.port, 'GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n');
    return target.requests.length - before;
  };
  assert.equal(await burst(), 1);
  for (const [policies, passed] of [
    [limit(3), 3],
    [limit(2), 2],
    [[], 4],
  ] as const) {
    write([...policies]);
    assert.ok((await gateway.gateway.reload()).ok);
    assert.equal(await burst(), passed);
  }
});

test('F101: a refusal says when to come again, and leaves the connection in order', async (t) => {
  const { gateway, target } = await scene(t, [{ 'rate-limit': { limit: 1, window: '90s' } }]);
  const client = await connectClient(t, gateway.port);
  const post = (body: string): string =>
    `POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  await client.send(post('x'));
  const allowed = await client.response();
  assert.deepEqual([allowed.status, allowed.header('ratelimit')], [200, '"90s";r=0;t=90']);
  assert.equal(allowed.header('ratelimit-policy'), '"90s";q=1;w=90');
  // A body that nobody wants, and a request behind it: the former is no part of the latter.
  for (let i = 0; i < 2; i++) {
    await client.send(post('GET /smuggled HTTP/1.1\r\nHost: gw.test\r\n\r\n'));
    const refused = await client.response();
    assert.equal(refused.status, 429);
    assert.equal(refused.header('retry-after'), '90');
    assert.equal(refused.header('ratelimit'), '"90s";r=0;t=90');
    assert.equal(refused.header('content-type'), 'application/problem+json');
    assert.equal(refused.header('cache-control'), 'no-store');
  }
  assert.equal(target.requests.length, 1);
  // Who waits for a word before sending the body gets the refusal instead.
  await client.send(
    'POST / HTTP/1.1\r\nHost: gw.test\r\nExpect: 100-continue\r\nContent-Length: 100000000\r\n\r\n',
  );
  const last = await client.response();
  assert.deepEqual([last.status, last.header('connection')], [429, 'close']);
  assert.equal(await client.ending(), 'finished');
});

test('F102: another spelling of a path, a host or a method is no other bucket', async (t) => {
  const policies = [{ 'rate-limit': { limit: 1, window: '1h', by: ['route', 'param:id'] } }];
  const target = await startRecordingTarget(t, { script: answer() });
  const { port } = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [{ path: '/users/:id', host: 'gw.test', upstream: 'service', policies }],
  });
  const ask = async (start: string, host = 'gw.test'): Promise<number> =>
    (await exchangeOnce(t, port, `${start} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status;
  assert.equal(await ask('GET /users/a~b'), 200);
  for (const [start, host] of [
    ['GET /users/a%7Eb'],
    ['GET /users/%61%7eb'],
    ['GET //users///a~b'],
    ['GET /x/../users/./a~b'],
    ['GET /users/a~b?x=1'],
    ['GET http://gw.test/users/a~b'],
    ['GET /users/a~b', 'GW.TEST'],
    ['GET /users/a~b', 'gw.test:80'],
    ['GET /users/a~b', 'gw.test.'],
    ['DELETE /users/a~b'],
  ] as const)
    assert.equal(await ask(start, host), 429, `${start} ${host}`);
  assert.equal(await ask('GET /users/a'), 200);
});
