import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { createConfigFolder, startGatewayOn } from '../kit/config-folder.ts';
import { eventually } from '../kit/eventually.ts';
import { startFakeRedis } from '../kit/fake-redis.ts';
import { startGateway, testDefaults } from '../kit/start-gateway.ts';

const key = 'a-key-of-acme';

/** A route that is open, and one for which a key in Redis is needed. */
function configuration(redis: string): ConfigInput {
  return {
    ...testDefaults,
    redis,
    routes: [
      { path: '/open', policies: [{ respond: { body: 'open' } }] },
      { path: '/keys', policies: [{ 'api-key': { redis: true } }, { respond: {} }] },
    ],
  };
}

async function statusOf(port: number, path: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { 'x-api-key': key, connection: 'close' },
  });
  await response.arrayBuffer();
  return response.status;
}

/** Whether the client library has been loaded into this process. */
function isLoaded(): boolean {
  return Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('/@redis/client/'));
}

test('F151 a gateway without `redis:` does not even load the client library', async (t) => {
  const { port } = await startGateway(t, {
    ...testDefaults,
    routes: [{ path: '/', policies: [{ respond: {} }] }],
  });
  assert.equal(await statusOf(port, '/'), 200);
  assert.equal(isLoaded(), false);
});

test('F151 a gateway starts while Redis is gone, and uses it as soon as it is there', async (t) => {
  const fake = await startFakeRedis(t, '-LOADING Redis is loading the dataset in memory\r\n');
  const running = await startGateway(t, configuration(`redis://127.0.0.1:${fake.port}`));
  const { port } = running;
  assert.equal(await statusOf(port, '/open'), 200);
  await eventually(async () => (await statusOf(port, '/keys')) === 503, 'keys cannot be verified');
  assert.equal(isLoaded(), true);
  assert.equal(running.metric('waygate_redis_links_up'), 0);
  const entry = JSON.stringify({ name: 'acme' });
  fake.answer = `$${entry.length}\r\n${entry}\r\n`;
  await eventually(async () => (await statusOf(port, '/keys')) === 200, 'keys are verified');
  assert.equal(running.records.at(-1)?.consumer, 'acme');
  assert.equal(running.metric('waygate_redis_links_up'), 1);
  assert.ok(running.metric('waygate_redis_errors_total') > 0);
});

test('F151 a reload with another Redis ends the link to the one before', async (t) => {
  const entry = JSON.stringify({ name: hash('md5', 'x') });
  const answer = `$${entry.length}\r\n${entry}\r\n`;
  const [first, second] = [await startFakeRedis(t, answer), await startFakeRedis(t, answer)];
  const folder = createConfigFolder(t);
  const file = folder.write('waygate.json', configuration(`redis://127.0.0.1:${first.port}`));
  const running = await startGatewayOn(t, file);
  const { gateway } = running;
  await eventually(() => first.open === 1, 'there is a link');
  await gateway.reload();
  assert.deepEqual([first.connections, first.open], [1, 1]);
  folder.write('waygate.json', configuration(`redis://127.0.0.1:${second.port}`));
  await gateway.reload();
  await eventually(() => second.open === 1 && first.open === 0, 'the other one has taken its place');
  await eventually(() => running.metric('waygate_redis_links_up') === 1, 'one is up');
  folder.write('waygate.json', {
    ...testDefaults,
    routes: [{ path: '/', policies: [{ respond: {} }] }],
  });
  await gateway.reload();
  await eventually(() => second.open === 0, 'there is none');
  assert.equal(running.metric('waygate_redis_links_up'), 0);
});

test('F151 each thread has a link of its own', async (t) => {
  const fake = await startFakeRedis(t, '+OK\r\n');
  const running = await startGateway(t, {
    ...configuration(`redis://127.0.0.1:${fake.port}`),
    workers: 2,
  });
  await eventually(() => running.metric('waygate_redis_links_up') === 2, 'both are up');
  assert.equal(fake.open, 2);
});
