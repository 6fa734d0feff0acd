import assert from 'node:assert/strict';
import { describe, it, test, type TestContext } from 'node:test';
import { createConfigFolder, startGatewayOn } from '../kit/config-folder.ts';
import { needs } from '../kit/needs.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { raceAll, startGateways, usesRedis } from '../kit/redis-gateways.ts';
import { startCluster } from '../kit/redis-groups.ts';
import { startRedis } from '../kit/redis-server.ts';
import { answer } from '../kit/replies.ts';
import { getOf } from '../kit/slot-scene.ts';
import { routeTo, startGateway, testDefaults } from '../kit/start-gateway.ts';

const HOUR = 3_600_000;

/** For a machine that does other things as well: what is tested here is the count, not the wait. */
const patient = { timeout: '1s' } as const;

async function statusesOf(t: TestContext, port: number, requests: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < requests; i++) statuses.push((await exchangeOnce(t, port, getOf('/'))).status);
  return statuses;
}

test('several threads together let through exactly the quota', async (t) => {
  const target = await startRecordingTarget(t, { script: answer() });
  const policies = [{ quota: { by: 'ip', limit: 60, period: 'month' } }];
  const gateway = await startGateway(t, routeTo(target, { workers: 2, policies }));
  const statuses = await raceAll(t, [gateway], 150, 8);
  assert.deepEqual(Object.fromEntries(statuses), { 200: 60, 429: 90 });
  assert.equal(target.requests.length, 60);
});

test('what is used up stays so over a reload that brings another limit', async (t) => {
  const target = await startRecordingTarget(t, { script: answer() });
  const folder = createConfigFolder(t);
  const write = (limit: number): string => {
    const policies = [{ quota: { by: 'ip', limit, period: 'month' } }];
    return folder.write('waygate.json', { ...testDefaults, ...routeTo(target, { policies }) });
  };
  const gateway = await startGatewayOn(t, write(2), { watch: false });
  assert.deepEqual(await statusesOf(t, gateway.port, 3), [200, 200, 429]);
  write(3);
  assert.ok((await gateway.gateway.reload()).ok);
  assert.deepEqual(await statusesOf(t, gateway.port, 2), [200, 429]);
});

describe('quotas in Redis', { skip: needs('redis-server') }, () => {
  it('gateways together let pass exactly the quota, and its key ends a day after the period', async (t) => {
    const redis = await startRedis(t);
    const target = await startRecordingTarget(t, { script: answer() });
    const policies = [{ quota: { by: 'ip', limit: 80, period: 'day', timeZone: 'Asia/Tokyo' } }];
    const config = routeTo(target, { redis: { url: redis.url, ...patient }, policies });
    const gateways = await startGateways(t, 2, config);
    const statuses = await raceAll(t, gateways, 200, 4);
    assert.deepEqual(Object.fromEntries(statuses), { 200: 80, 429: 120 });
    assert.equal(target.requests.length, 80);
    const keys = (await redis.ask('KEYS', 'waygate:limit:*')) as string[];
    assert.equal(keys.length, 1);
    // Tokyo knows no summer time: its days begin at 15:00 UTC.
    const ends = Math.ceil((Date.now() + 9 * HOUR) / (24 * HOUR)) * 24 * HOUR - 9 * HOUR + 24 * HOUR;
    const expires = Number(await redis.ask('PEXPIRETIME', keys[0] ?? ''));
    assert.ok(expires >= ends - 1000 && expires <= ends + 2000, `${expires} for ${ends}`);
  });

  it('a gateway that is started anew knows what is used up; several quotas are one question, in a cluster as well', async (t) => {
    const cluster = await startCluster(t);
    const target = await startRecordingTarget(t, { script: answer() });
    const limits = [
      { limit: 3, period: 'day' },
      { limit: 1_000_000_000, period: 'month' },
    ] as const;
    const policies = [{ quota: { by: 'ip', limits: [...limits] } }];
    const nodes = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`);
    const config = routeTo(target, { redis: { cluster: { nodes }, ...patient }, policies });
    const first = await startGateway(t, config);
    await usesRedis(first);
    assert.deepEqual(await statusesOf(t, first.port, 2), [200, 200]);
    await first.gateway.close();
    const second = await startGateway(t, config);
    await usesRedis(second);
    const answered = await exchangeOnce(t, second.port, getOf('/'));
    assert.match(answered.header('ratelimit') ?? '', /^"day";r=0;t=\d+, "month";r=999999997;t=\d+$/);
    assert.deepEqual(await statusesOf(t, second.port, 1), [429]);
  });
});
