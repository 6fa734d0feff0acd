import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { createConfigFolder, startGatewayOn } from '../kit/config-folder.ts';
import { eventually } from '../kit/eventually.ts';
import { needs } from '../kit/needs.ts';
import { connectClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { usesRedis } from '../kit/redis-gateways.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { answer } from '../kit/replies.ts';
import { routeTo, startGateway, testDefaults } from '../kit/start-gateway.ts';

const skip = needs('redis-server');
const head = (more = ''): string => `GET / HTTP/1.1\r\nHost: gw.test\r\n${more}\r\n`;

async function asker(t: TestContext, port: number): Promise<(more?: string) => Promise<number>> {
  const client = await connectClient(t, port);
  return async (more) => {
    await client.send(head(more));
    return (await client.response()).status;
  };
}

/** The keys of limits; each has to end at some time. */
async function limitKeys(redis: RedisServer): Promise<string[]> {
  const keys = ((await redis.ask('KEYS', '*')) as string[]).filter((key) => !key.startsWith('waygate:probe'));
  for (const key of keys) {
    const left = Number(await redis.ask('PTTL', key));
    assert.ok(left > 0 && left <= 2 * 86_400_000, `${key} ends in ${left} ms`);
  }
  return keys;
}

describe('F99 limits in Redis that are changed', { skip }, () => {
  it('hold from the reload on, and leave no key for ever', async (t) => {
    const redis = await startRedis(t);
    const target = await startRecordingTarget(t, { script: answer() });
    const folder = createConfigFolder(t);
    const write = (policies: ConfigInput['policies']): string =>
      folder.write('waygate.json', {
        ...testDefaults,
        ...routeTo(target, { redis: { url: redis.url, timeout: '1s' }, policies }),
      });
    const limit = (count: number, more: object = {}): ConfigInput['policies'] => [
      { 'rate-limit': { limit: count, window: '1d' as const, ...more } },
    ];
    const gateway = await startGatewayOn(t, write(limit(1)), { watch: false });
    await usesRedis(gateway);
    const ask = await asker(t, gateway.port);
    const burst = async (): Promise<number> => {
      const before = target.requests.length;
      for (let i = 0; i < 5; i++) await ask();
      return target.requests.length - before;
    };
    assert.equal(await burst(), 1);
    for (const [policies, passed] of [
      [limit(3), 3],
      [limit(2, { algorithm: 'sliding-window' }), 2],
      [limit(2, { algorithm: 'fixed-window' }), 2],
      [limit(4, { mode: 'synced' }), 4],
      // The one of the beginning, which is known still.
      [limit(1), 0],
      [[], 5],
    ] as const) {
      write([...(policies ?? [])]);
      assert.ok((await gateway.gateway.reload()).ok);
      assert.equal(await burst(), passed, JSON.stringify(policies));
    }
    assert.equal((await limitKeys(redis)).length, 5);
  });
});

describe('F157 a Redis that is emptied under way', { skip }, () => {
  it('begins to count anew', async (t) => {
    const redis = await startRedis(t);
    const target = await startRecordingTarget(t, { script: answer() });
    const policies = [{ 'rate-limit': { limit: 2, window: '1d' as const } }];
    const gateway = await startGateway(
      t,
      routeTo(target, { redis: { url: redis.url, timeout: '1s' }, policies }),
    );
    await usesRedis(gateway);
    const ask = await asker(t, gateway.port);
    assert.deepEqual([await ask(), await ask(), await ask()], [200, 200, 429]);
    for (const command of [['FLUSHALL'], ['SCRIPT', 'FLUSH']]) await redis.ask(...command);
    assert.deepEqual([await ask(), await ask(), await ask()], [200, 200, 429]);
    assert.equal(gateway.metric('waygate_policy_rate_limit_store_errors_total'), 0);
  });
});

describe('F159 what clients send, as a part of keys', { skip }, () => {
  it('stands in no key, breaks out of none, and is told apart', async (t) => {
    const redis = await startRedis(t);
    const target = await startRecordingTarget(t, { script: answer() });
    const policies = [
      { 'rate-limit': { limit: 1, window: '1d' as const, by: 'header:x-key' as const } },
      {
        'rate-limit': {
          limit: 1,
          window: '12h' as const,
          by: 'header:x-key' as const,
          mode: 'synced' as const,
        },
      },
    ];
    const gateway = await startGateway(
      t,
      routeTo(target, { redis: { url: redis.url, timeout: '1s' }, policies }),
    );
    await usesRedis(gateway);
    const ask = await asker(t, gateway.port);
    const hostile = [
      'a',
      'A',
      '{a}',
      '}{',
      '*',
      '?',
      'waygate:limit:{x}',
      '"',
      "'] redis.call('FLUSHALL') --",
      '\xff\xfe',
      'é',
      '$3 foo',
      'x'.repeat(4000),
    ];
    for (const value of hostile) {
      assert.equal(await ask(`X-Key: ${value}\r\n`), 200, value.slice(0, 40));
      assert.equal(await ask(`X-Key: ${value}\r\n`), 429, value.slice(0, 40));
    }
    await eventually(
      async () => (await limitKeys(redis)).length === 2 * hostile.length,
      'what was decided here is settled',
    );
    const keys = await limitKeys(redis);
    for (const key of keys) assert.match(key, /^waygate:limit:\{[\w-]{21}\}:[\w-]{12}$/);
    assert.equal(new Set(keys.map((key) => key.slice(0, 37))).size, hostile.length);
  });
});
