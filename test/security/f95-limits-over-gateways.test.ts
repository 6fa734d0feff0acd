import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { needs } from '../kit/needs.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { raceAll, startGateways } from '../kit/redis-gateways.ts';
import { startCluster } from '../kit/redis-groups.ts';
import { startRedis } from '../kit/redis-server.ts';
import { answer } from '../kit/replies.ts';
import { routeTo } from '../kit/start-gateway.ts';

/** So slow that nothing is given back while a test runs. */
const slow = { window: '31d' } as const;
/** For a machine that does other things as well: what is tested here is the count, not the wait. */
const patient = { timeout: '1s' } as const;

describe('F95 several gateways and one Redis', { skip: needs('redis-server') }, () => {
  for (const algorithm of ['gcra', 'sliding-window', 'fixed-window'] as const) {
    it(`${algorithm}: together they let pass exactly the limit, counted at the target`, async (t) => {
      const redis = await startRedis(t);
      const target = await startRecordingTarget(t, { script: answer() });
      const policies = [{ 'rate-limit': { limit: 400, algorithm, ...slow } }];
      const config = routeTo(target, { redis: { url: redis.url, ...patient }, policies });
      const gateways = await startGateways(t, 3, config);
      const statuses = await raceAll(t, gateways, 1000, 5);
      assert.deepEqual(Object.fromEntries(statuses), { 200: 400, 429: 600 });
      assert.equal(target.requests.length, 400);
    });
  }

  it('several limits at once: what one refuses counts for none, over all gateways', async (t) => {
    const redis = await startRedis(t);
    const target = await startRecordingTarget(t, { script: answer() });
    const limits = [
      { name: 'wide', limit: 300, ...slow },
      { name: 'narrow', limit: 100, ...slow },
    ];
    const policies = [{ 'rate-limit': { limits } }];
    const config = routeTo(target, { redis: { url: redis.url, ...patient }, policies });
    const gateways = await startGateways(t, 2, config);
    await raceAll(t, gateways, 300, 5);
    assert.equal(target.requests.length, 100);
    const keys = (await redis.ask('KEYS', 'waygate:limit:*')) as string[];
    const levels = await Promise.all(keys.map(async (key) => String(await redis.ask('GET', key))));
    const units = levels.map((text) => Math.round(Number(text.split(' ')[1]) / 2_678_400_000));
    assert.deepEqual(units, [100, 100]);
  });

  it('in a cluster as well, with several limits', async (t) => {
    const cluster = await startCluster(t);
    const target = await startRecordingTarget(t, { script: answer() });
    const limits = [
      { name: 'a', limit: 90, ...slow },
      { name: 'b', limit: 60, ...slow },
    ];
    const policies = [{ 'rate-limit': { limits } }];
    const nodes = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`);
    const config = routeTo(target, { redis: { cluster: { nodes }, ...patient }, policies });
    const gateways = await startGateways(t, 2, config);
    const statuses = await raceAll(t, gateways, 200, 4);
    assert.deepEqual(Object.fromEntries(statuses), { 200: 60, 429: 140 });
  });

  it('synced: no more than the bound, and exactly the limit once all have settled', async (t) => {
    const redis = await startRedis(t);
    const target = await startRecordingTarget(t, { script: answer() });
    const policies = [
      { 'rate-limit': { limit: 200, mode: 'synced' as const, syncEvery: '50ms' as const, ...slow } },
    ];
    const config = routeTo(target, { redis: { url: redis.url, ...patient }, policies });
    const gateways = await startGateways(t, 3, config);
    await raceAll(t, gateways, 3000, 5);
    const passed = target.requests.length;
    // Each of the others may let pass its whole limit before it is told, and no more.
    assert.ok(passed >= 200 && passed <= 600, `${passed} passed`);
    await raceAll(t, gateways, 300, 5);
    assert.equal(target.requests.length, passed);
  });
});
