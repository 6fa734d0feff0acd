import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { usualWorkers } from '../../src/gateway/workers/worker-settings.ts';
import { createConfigFolder, startGatewayOn } from '../kit/config-folder.ts';
import { eventually } from '../kit/eventually.ts';
import { keepingPolicy } from '../kit/keeping-policy.ts';
import { needs } from '../kit/needs.ts';
import { startRedis } from '../kit/redis-server.ts';
import { startGateway, type TestGateway } from '../kit/start-gateway.ts';
import { waygate, workFolder } from '../kit/waygate-command.ts';

const skip = needs('redis-server');
const token = 'a-token-that-nobody-guesses';
const routes: ConfigInput['routes'] = [{ name: 'shop', path: '/', policies: [{ keeping: {} }] }];

function start(t: TestContext, config: Partial<ConfigInput> = {}): Promise<TestGateway> {
  return startGateway(t, { admin: { port: 0 }, routes, ...config }, { policies: [keepingPolicy] });
}

interface Answered {
  readonly body: string;
  readonly thread: string;
}

async function ask({ port }: TestGateway, path = '/a', init: RequestInit = {}): Promise<Answered> {
  const headers = { connection: 'close' };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, ...init });
  return { body: await response.text(), thread: response.headers.get('x-thread') ?? '' };
}

async function number(gateway: TestGateway, path = '/a'): Promise<string> {
  return (await ask(gateway, path)).body;
}

function adminOf({ gateway }: TestGateway): string {
  return `http://127.0.0.1:${gateway.adminAddress?.port}`;
}

async function purge(
  gateway: TestGateway,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly answer: Readonly<Record<string, unknown>> }> {
  const response = await fetch(`${adminOf(gateway)}/cache/purge`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, answer: (await response.json()) as Readonly<Record<string, unknown>> };
}

test('answers are kept until they are purged: by URL, prefix, tag, route, or all of them', async (t) => {
  const gateway = await start(t);
  for (const what of [
    { url: '/a' },
    { url: `http://127.0.0.1:${gateway.port}/x/../a` },
    { prefix: '/' },
    { tag: 'Numbers' },
    { route: 'shop' },
    { all: true },
  ]) {
    const kept = await number(gateway);
    assert.equal(await number(gateway), kept);
    for (const other of [{ url: '/b' }, { prefix: '/a/' }, { tag: 'number' }])
      assert.equal((await purge(gateway, other)).status, 200);
    assert.equal(await number(gateway), kept);
    const { status, answer } = await purge(gateway, what);
    assert.deepEqual([status, answer['reached']], [200, 'this gateway'], JSON.stringify(what));
    assert.notEqual(await number(gateway), kept, JSON.stringify(what));
  }
  assert.equal(gateway.metric('waygate_cache_purges_total', { kind: 'tag' }), 7);
  assert.equal(gateway.metric('waygate_cache_entries'), 1);
  assert.ok(gateway.metric('waygate_cache_bytes') > 1000);
});

test('what is kept survives a reload; a smaller memory applies at once; without the policy, all is given back', async (t) => {
  const folder = createConfigFolder(t);
  const write = (config: Partial<ConfigInput>): string =>
    folder.write('waygate.json', { listen: { host: '127.0.0.1', port: 0 }, routes, ...config });
  const gateway = await startGatewayOn(t, write({}), { watch: false, policies: [keepingPolicy] });
  const reload = async (config: Partial<ConfigInput>): Promise<void> => {
    write(config);
    assert.ok((await gateway.gateway.reload()).ok);
  };
  const kept = await number(gateway);
  await reload({ via: 'another' });
  assert.equal(await number(gateway), kept);
  for (let i = 0; i < 1000; i++) await number(gateway, `/${i}`);
  assert.ok(gateway.metric('waygate_cache_bytes') > 2_000_000);
  await reload({ cache: { memory: '1mb' } });
  assert.ok(gateway.metric('waygate_cache_bytes') <= 1_048_576);
  assert.ok(gateway.metric('waygate_cache_evictions_total') > 100);
  await reload({ routes: [{ path: '/', policies: [{ respond: { body: 'x' } }] }] });
  await eventually(() => gateway.metric('waygate_cache_bytes') === 0, 'nothing is kept');
});

test('a gateway without a route that keeps answers takes no memory for them, and says that there is nothing to purge', async (t) => {
  const gateway = await start(t, { routes: [{ path: '/', policies: [{ respond: { body: 'x' } }] }] });
  assert.equal((await purge(gateway, { all: true })).status, 409);
  assert.equal(gateway.metric('waygate_cache_bytes'), 0);
});

test('F119 nobody purges without the admin token, nor from a web page, nor with PURGE', async (t) => {
  const gateway = await start(t, { admin: { port: 0, token } });
  const kept = await number(gateway);
  const right = { authorization: `Bearer ${token}` };
  assert.equal((await purge(gateway, { all: true })).status, 401);
  assert.equal((await purge(gateway, { all: true }, { authorization: 'Bearer x' })).status, 401);
  assert.equal((await purge(gateway, { all: true }, { ...right, origin: adminOf(gateway) })).status, 403);
  assert.equal((await purge(gateway, { all: true }, { ...right, via: '1.1 x' })).status, 403);
  assert.equal((await purge(gateway, { all: true }, { ...right, 'content-type': 'text/plain' })).status, 415);
  for (const method of ['GET', 'PUT', 'PURGE']) {
    const response = await fetch(`${adminOf(gateway)}/cache/purge`, { method, headers: right });
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'POST'], method);
  }
  // An ordinary request, like any other method.
  await ask(gateway, '/a', { method: 'PURGE' });
  assert.equal(await number(gateway), kept);
  assert.equal((await purge(gateway, { all: true }, right)).status, 200);
  assert.notEqual(await number(gateway), kept);
});

test('F119 what is to be purged is read strictly', async (t) => {
  const gateway = await start(t);
  const kept = await number(gateway);
  for (const body of [
    '',
    'all',
    '[]',
    '{}',
    '{"all":true,"all":true}',
    { all: false },
    { all: 'true' },
    { all: true, tag: 'x' },
    { everything: true },
    { tag: '' },
    { tag: 'a b' },
    { tag: 1 },
    { route: 'unknown' },
    { url: 'a' },
    { url: 'ftp://h/a' },
    { url: 'https://user@h/a' },
    { url: 'https:///a' },
    { url: '/a#b' },
    { url: '/\u00e4' },
    { prefix: '' },
    { prefix: '/%2' },
  ])
    assert.equal((await purge(gateway, body)).status, 400, JSON.stringify(body));
  assert.equal((await purge(gateway, { tag: 'x'.repeat(20_000) })).status, 413);
  assert.equal(await number(gateway), kept);
});

test('F119 all threads of a gateway purge, and learn what one of them has dropped', async (t) => {
  const program = new URL('../kit/keeping-thread.ts', import.meta.url);
  const gateway = await startGateway(
    t,
    { admin: { port: 0 }, routes, workers: 2 },
    { policies: [keepingPolicy], workers: { ...usualWorkers, program } },
  );
  const first = await everywhere(gateway);
  assert.equal((await purge(gateway, { tag: 'numbers' })).status, 200);
  const second = await everywhere(gateway);
  for (const [thread, body] of second) assert.notEqual(first.get(thread), body);
  assert.equal(gateway.metric('waygate_cache_entries'), 2);
  await ask(gateway, '/a', { method: 'DELETE' });
  await eventually(async () => {
    const third = await everywhere(gateway);
    return [...third].every(([thread, body]) => second.get(thread) !== body);
  }, 'both threads have dropped it');
});

test('F119 a purge reaches all gateways on one Redis within a second', { skip }, async (t) => {
  const redis = await startRedis(t);
  const [one, other] = await Promise.all([0, 1].map(() => start(t, { redis: redis.url })));
  assert.ok(one !== undefined && other !== undefined);
  let kept = '';
  let path = '';
  await eventually(async () => {
    path += '/a';
    kept = await number(one, path);
    // What one of them has is found by the other, once both have caught up with Redis.
    return (await number(other, path)) === kept;
  }, 'the two share what they keep');
  const { status, answer } = await purge(one, { url: path });
  assert.deepEqual([status, answer['reached']], [200, 'all gateways']);
  await eventually(async () => (await number(other, path)) !== kept, 'the other one has purged', 1000);
  assert.notEqual(await number(one, path), kept);
  assert.ok(other.metric('waygate_cache_redis_lookups_total', { result: 'hit' }) > 0);
});

test(
  'F119 when Redis cannot be told, this gateway has purged, and says that others may not have',
  { skip },
  async (t) => {
    const redis = await startRedis(t);
    const gateway = await start(t, { redis: redis.url });
    const kept = await number(gateway);
    await redis.kill();
    const { status, answer } = await purge(gateway, { all: true });
    assert.equal(status, 503);
    assert.match(String(answer['error']), /This gateway is purged\. Redis could not be told/);
    assert.notEqual(await number(gateway), kept);
  },
);

test('waygate purge asks the admin listener, and says what came of it', async (t) => {
  const gateway = await start(t, { admin: { port: 0, token } });
  const folder = workFolder(t);
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    waygate(folder, ['purge', '--admin', adminOf(gateway), ...args], env);
  const kept = await number(gateway);
  const refused = await run(['--all']);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /needs the admin token[^]*WAYGATE_ADMIN_TOKEN/);
  const wrong = await run(['--route', 'unknown', '--token', token]);
  assert.deepEqual([wrong.code, wrong.err], [1, '✗ No route is named "unknown".\n']);
  assert.equal(await number(gateway), kept);
  const done = await run(['--url', '/a'], { WAYGATE_ADMIN_TOKEN: token });
  assert.deepEqual([done.code, done.out, done.err], [0, '✓ Purged, in this gateway.\n', '']);
  assert.notEqual(await number(gateway), kept);
  const json = await run(['--tag', 'numbers', '--json', '--token', token]);
  assert.deepEqual(JSON.parse(json.out), {
    purged: { kind: 'tag', tag: 'numbers' },
    reached: 'this gateway',
  });
});

/** What each of two threads has: connections are made until both have answered. */
async function everywhere(gateway: TestGateway): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  await eventually(async () => {
    const { thread, body } = await ask(gateway);
    found.set(thread, body);
    return found.size === 2;
  }, 'both threads have answered');
  return found;
}
