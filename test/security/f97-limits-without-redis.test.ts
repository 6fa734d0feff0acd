import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { eventually } from '../kit/eventually.ts';
import { startFakeRedis } from '../kit/fake-redis.ts';
import { needs } from '../kit/needs.ts';
import { connectClient, type RawClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { startGateways, usesRedis } from '../kit/redis-gateways.ts';
import { redisFaults } from '../kit/redis-faults.ts';
import { startCluster } from '../kit/redis-groups.ts';
import { freePort, startRedis } from '../kit/redis-server.ts';
import { answer } from '../kit/replies.ts';
import { routeTo, startGateway, type TestGateway } from '../kit/start-gateway.ts';
import { get } from '../kit/worker-gateway.ts';

const skip = needs('redis-server');
const slow = { window: '31d' } as const;

interface Scene {
  readonly gateway: TestGateway;
  readonly client: RawClient;
  /** Sends a request, and returns the status of its answer. */
  readonly ask: () => Promise<number>;
  /** The counter of that name, of the policy. */
  readonly count: (name: string) => number;
}

async function scene(
  t: TestContext,
  url: string,
  options: Record<string, unknown>,
  redis: Record<string, unknown> = {},
): Promise<Scene> {
  const target = await startRecordingTarget(t, { script: answer() });
  const policies = [{ 'rate-limit': { limit: 3, ...slow, ...options } }] as ConfigInput['policies'];
  const config = { ...routeTo(target, { policies }), redis: { url, ...redis } } as ConfigInput;
  const gateway = await startGateway(t, config);
  const client = await connectClient(t, gateway.port);
  const ask = async (): Promise<number> => {
    await client.send(get('/'));
    return (await client.response()).status;
  };
  const count = (name: string): number => gateway.metric(`waygate_policy_rate_limit_${name}_total`);
  return { gateway, client, ask, count };
}

describe('F97 limits while Redis is gone', { skip }, () => {
  for (const [fault, { begin, end }] of Object.entries(redisFaults)) {
    it(`${fault}: each request is decided by the rule, and Redis is used again`, async (t) => {
      const redis = await startRedis(t);
      const all = await Promise.all(
        (['local', 'allow', 'deny'] as const).map((onStoreError) =>
          scene(t, redis.url, { onStoreError, name: onStoreError, limit: 3 }),
        ),
      );
      const [local, allow, deny] = all;
      assert.ok(local !== undefined && allow !== undefined && deny !== undefined);
      await usesRedis(...all.map(({ gateway }) => gateway));
      for (const { ask } of all) assert.equal(await ask(), 200);
      await begin(redis);
      // Whichever request finds out, the rule holds from it on.
      for (const { gateway, ask } of all)
        await eventually(async () => {
          await ask();
          return gateway.metric('waygate_redis_errors_total') > 0;
        }, `${fault} is noticed`);
      const failed = deny.count('store_errors');
      const statuses = async ({ ask }: Scene): Promise<number[]> => [
        await ask(),
        await ask(),
        await ask(),
        await ask(),
      ];
      // At most three in each place: what was asked before was counted in one of them.
      const localStatuses = await statuses(local);
      assert.equal(localStatuses.at(-1), 429);
      assert.deepEqual(await statuses(allow), [200, 200, 200, 200]);
      assert.deepEqual(await statuses(deny), [503, 503, 503, 503]);
      assert.equal(deny.count('store_errors'), failed + 4);
      await deny.client.send(get('/'));
      const refused = await deny.client.response();
      assert.equal(refused.header('retry-after'), '1');
      assert.match(refused.body.toString(), /"code":"limits_unavailable"/);
      await end(redis);
      for (const { ask, count } of all) {
        await eventually(async () => {
          const before = count('store_errors');
          await ask();
          return count('store_errors') === before;
        }, `${fault} is over`);
      }
    });
  }

  it('garbage: the first is decided by the rule, and so are those that follow', async (t) => {
    const fake = await startFakeRedis(t, '+OK\r\n');
    const { gateway, ask, count } = await scene(t, `redis://127.0.0.1:${fake.port}`, { limit: 2 });
    await usesRedis(gateway);
    for (const garbage of ['*1\r\n:1\r\n', '$5\r\nhello\r\n', 'HTTP/1.1 400 Bad Request\r\n\r\n']) {
      fake.answer = garbage;
      const before = count('store_errors');
      assert.ok([200, 429].includes(await ask()));
      assert.equal(count('store_errors'), before + 1, garbage);
    }
    assert.equal(await ask(), 429);
  });

  it('a node of a cluster is killed: clients of the others are counted, all are served', async (t) => {
    const cluster = await startCluster(t);
    const target = await startRecordingTarget(t, { script: answer() });
    const nodes = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`);
    const policies = [{ 'rate-limit': { limit: 2, by: 'header:x-key' as const, ...slow } }];
    const [gateway] = await startGateways(t, 1, routeTo(target, { redis: { cluster: { nodes } }, policies }));
    assert.ok(gateway !== undefined);
    const client = await connectClient(t, gateway.port);
    const ask = async (key: string): Promise<number> => {
      await client.send(`GET / HTTP/1.1\r\nHost: gw.test\r\nX-Key: ${key}\r\n\r\n`);
      return (await client.response()).status;
    };
    for (let i = 0; i < 20; i++) assert.equal(await ask(`before ${i}`), 200);
    await cluster.nodes[2]?.kill();
    const statuses: number[] = [];
    for (let i = 0; i < 40; i++) for (let n = 0; n < 3; n++) statuses.push(await ask(`after ${i}`));
    assert.ok(statuses.every((status) => status === 200 || status === 429));
    // Counted here or there, at most twice in each place.
    assert.ok(statuses.filter((status) => status === 429).length >= 30);
    assert.ok(gateway.metric('waygate_policy_rate_limit_store_errors_total') > 0);
  });

  it('in the worst case, the limit passes once over Redis and once at each gateway', async (t) => {
    const redis = await startRedis(t);
    const target = await startRecordingTarget(t, { script: answer() });
    const config = routeTo(target, {
      redis: redis.url,
      policies: [{ 'rate-limit': { limit: 10, ...slow } }],
    });
    const gateways = await startGateways(t, 2, config);
    const clients = await Promise.all(gateways.map(({ port }) => connectClient(t, port)));
    const flood = async (): Promise<void> => {
      for (const client of clients)
        for (let i = 0; i < 25; i++) {
          await client.send(get('/'));
          await client.response();
        }
    };
    await flood();
    assert.equal(target.requests.length, 10);
    await redis.kill();
    await flood();
    await flood();
    assert.equal(target.requests.length, 30);
  });

  it('a request that Redis answers too late is asked for once', async (t) => {
    const redis = await startRedis(t);
    const { gateway, ask } = await scene(t, redis.url, { limit: 10 });
    await usesRedis(gateway);
    await ask();
    redis.signal('SIGSTOP');
    // It is sent, and never answered in time: this gateway counts it, and Redis will when it goes on.
    assert.equal(await ask(), 200);
    redis.signal('SIGCONT');
    await usesRedis(gateway);
    const [key = ''] = (await redis.ask('KEYS', 'waygate:limit:*')) as string[];
    const level = Number(String(await redis.ask('GET', key)).split(' ')[1]);
    assert.equal(Math.ceil(level / 2_678_400_000), 2);
  });

  it('synced: goes on with what it knows, or as the rule says, and settles again by itself', async (t) => {
    const redis = await startRedis(t);
    const options = { mode: 'synced', syncEvery: '50ms' };
    const local = await scene(t, redis.url, { ...options, name: 'a' });
    const deny = await scene(t, redis.url, { ...options, name: 'b', onStoreError: 'deny' });
    await usesRedis(local.gateway, deny.gateway);
    assert.deepEqual([await local.ask(), await deny.ask()], [200, 200]);
    await redis.kill();
    await eventually(async () => (await deny.ask()) === 503, 'the next settlement fails');
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) statuses.push(await local.ask());
    // One was let pass before: what is known is not forgotten.
    assert.deepEqual(statuses, [200, 200, 429, 429, 429, 429]);
    await redis.start();
    await eventually(async () => (await deny.ask()) !== 503, 'settled again');
    assert.equal(await local.ask(), 429);
  });

  it('starts without Redis, by the rule', async (t) => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    const local = await scene(t, url, {});
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push(await local.ask());
    assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
    const deny = await scene(t, url, { onStoreError: 'deny' });
    assert.equal(await deny.ask(), 503);
    const dry = await scene(t, url, { onStoreError: 'deny', dryRun: true });
    assert.equal(await dry.ask(), 200);
  });
});
