import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { startFakeRedis } from '../kit/fake-redis.ts';
import { needs } from '../kit/needs.ts';
import { openLink, outcome, settingsFor } from '../kit/redis-scene.ts';
import { startRedis } from '../kit/redis-server.ts';

const skip = needs('redis-server');

describe('F153 a Redis that is silent', () => {
  it(
    'costs the first calls their time and the following ones nothing, and gets another connection',
    { skip },
    async (t) => {
      const redis = await startRedis(t);
      const { link, up, failures, log } = openLink(t, settingsFor(redis.port, { connectTimeout: 300 }));
      await up();
      const before = await clients(redis.ask('CLIENT', 'LIST'));
      redis.signal('SIGSTOP');
      assert.equal(await outcome(link.command('SET', 'a', ['1'])), 'error:timeout');
      const rest = await Promise.all(Array.from({ length: 1000 }, () => outcome(link.command('GET', 'a'))));
      assert.deepEqual(new Set(rest), new Set(['error:unavailable']));
      assert.equal(failures.get('timeout'), 1);
      assert.match(log.join(), /it did not answer within 50 ms/);
      redis.signal('SIGCONT');
      await up();
      assert.equal(await outcome(link.command('SET', 'a', ['1'])), 'OK');
      const after = await clients(redis.ask('CLIENT', 'LIST'));
      assert.deepEqual(
        after.filter((id) => before.includes(id)),
        [],
      );
    },
  );

  it('is the same when it pauses for its clients', { skip }, async (t) => {
    const redis = await startRedis(t);
    const { link, up } = openLink(t, settingsFor(redis.port));
    await up();
    await redis.ask('CLIENT', 'PAUSE', '600');
    assert.equal(await outcome(link.command('SET', 'a', ['1'])), 'error:timeout');
    assert.equal(await outcome(link.command('SET', 'a', ['1'])), 'error:unavailable');
    await up();
    assert.equal(await outcome(link.command('SET', 'a', ['1'])), 'OK');
  });

  it('holds up nobody when it takes connections at the start and never says a word', async (t) => {
    const fake = await startFakeRedis(t, undefined);
    const { link } = openLink(t, settingsFor(fake.port, { connectTimeout: 200 }));
    assert.equal(await outcome(link.command('GET', 'a')), 'error:timeout');
    assert.equal(await outcome(link.command('GET', 'a')), 'error:unavailable');
    await eventually(() => fake.connections >= 3, 'it is tried again and again');
    fake.answer = '+OK\r\n';
    await eventually(() => link.available, 'the link is up');
  });

  it('is given up when what it says is no answer', async (t) => {
    for (const garbage of ['HTTP/1.1 400 Bad Request\r\n\r\n', '+OK\r\n+OK\r\n', '\0\0\0\0']) {
      const fake = await startFakeRedis(t, '+OK\r\n');
      const { link, up, log } = openLink(t, settingsFor(fake.port));
      await up();
      fake.answer = garbage;
      await outcome(link.command('GET', 'a'));
      await eventually(
        () => !link.available,
        () => `${JSON.stringify(garbage)} is noticed: ${log.join()}`,
      );
      fake.answer = '+OK\r\n';
      await up();
    }
  });
});

async function clients(list: Promise<unknown>): Promise<string[]> {
  return [...String(await list).matchAll(/^id=(\d+) .*cmd=(\S+)/gm)]
    .filter(([, , command]) => command !== 'client|list')
    .map(([, id = '']) => id);
}
