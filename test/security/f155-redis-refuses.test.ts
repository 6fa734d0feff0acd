import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { startFakeRedis } from '../kit/fake-redis.ts';
import { needs } from '../kit/needs.ts';
import { type LinkScene, openLink, outcome, settingsFor } from '../kit/redis-scene.ts';
import { askRedis, type RedisServer, startRedis } from '../kit/redis-server.ts';

const skip = needs('redis-server');

describe('F155 a Redis that refuses', { skip }, () => {
  it('is not written to while its memory is full, and still read', async (t) => {
    const redis = await startRedis(t);
    const scene = openLink(t, settingsFor(redis.port));
    await scene.up();
    await scene.link.command('SET', 'a', ['1']);
    await redis.ask('CONFIG', 'SET', 'maxmemory', '1');
    await refusesWrites(scene, /its memory is full \(OOM\)/);
    // It is tried again and again whether it takes writes, and read all the while.
    await eventually(async () => (await refusedWrites(redis)) >= 4, 'it has been tried');
    assert.equal(await outcome(scene.link.command('GET', 'a', [], { readOnly: true })), '1');
    assert.equal(scene.counts.openings, 1);
    await redis.ask('CONFIG', 'SET', 'maxmemory', '0');
    await scene.up();
    assert.equal(await outcome(scene.link.command('SET', 'a', ['1'])), 'OK');
  });

  it('is not written to while it cannot save, and still read', async (t) => {
    const fake = await startFakeRedis(t, '+OK\r\n');
    const scene = openLink(t, settingsFor(fake.port));
    await scene.up();
    fake.answer = '-MISCONF Redis is configured to save RDB snapshots\r\n';
    assert.equal(await outcome(scene.link.command('SET', 'a', ['1'])), 'error:refused');
    assert.equal(await outcome(scene.link.command('SET', 'a', ['1'])), 'error:unavailable');
    fake.answer = '+OK\r\n';
    assert.equal(await outcome(scene.link.command('GET', 'a', [], { readOnly: true })), 'OK');
    await scene.up();
  });

  it('is of no use without its password, and the log has no password in it', async (t) => {
    const redis = await startRedis(t, ['--requirepass', 'hunter2']);
    const without = openLink(t, settingsFor(redis.port));
    await eventually(() => without.log.length > 0, 'something is said');
    assert.match(without.log[0] ?? '', /it wants a password \(NOAUTH\)/);
    const wrong = openLink(t, settingsFor(redis.port, { password: 'hunter3' }));
    await eventually(() => wrong.log.length > 0, 'something is said');
    assert.match(wrong.log[0] ?? '', /it refuses the user or the password \(WRONGPASS\)/);
    assert.equal(await outcome(wrong.link.command('GET', 'a')), 'error:unavailable');
    assert.doesNotMatch(wrong.log.join(), /hunter/);
    const right = openLink(t, settingsFor(redis.port, { password: 'hunter2' }));
    await right.up();
    assert.equal(await outcome(right.link.command('SET', 'a', ['1'])), 'OK');
  });

  it('may refuse a single call without consequences for the others', async (t) => {
    const redis = await startRedis(t);
    const { link, up, log } = openLink(t, settingsFor(redis.port));
    await up();
    await redis.ask('LPUSH', 'waygate:list', '1');
    for (let i = 0; i < 100; i++) assert.equal(await outcome(link.command('GET', 'list')), 'error:refused');
    assert.equal(link.available, true);
    assert.equal(await outcome(link.command('SET', 'a', ['1'])), 'OK');
    assert.equal(log.length, 1, log.join('\n'));
    assert.match(log[0] ?? '', /something else is kept under this key \(WRONGTYPE\)/);
  });

  it('may allow the gateway to read only', async (t) => {
    const redis = await startRedis(t);
    await aclUser(redis, 'reader', '+get', '~waygate:*');
    const { link } = openLink(t, settingsFor(redis.port, { username: 'reader', password: 'pass' }));
    await eventually(
      async () => (await outcome(link.command('GET', 'a', [], { readOnly: true }))) === null,
      'it is read',
    );
    assert.equal(link.available, false);
    assert.equal(await outcome(link.command('SET', 'a', ['1'])), 'error:unavailable');
  });

  it('needs no more access than the documentation says', async (t) => {
    const redis = await startRedis(t);
    await aclUser(
      redis,
      'waygate',
      'resetchannels',
      '&waygate:*',
      '~waygate:*',
      '+@read',
      '+@write',
      '+@pubsub',
      '+evalsha',
      '+eval',
      '+ping',
      '+select',
    );
    const { link, up } = openLink(
      t,
      settingsFor(redis.port, { username: 'waygate', password: 'pass', database: 1 }),
    );
    await up();
    assert.equal(await outcome(link.command('SET', 'a', ['1'])), 'OK');
    const heard: string[] = [];
    t.after(
      link.subscribe('c', {
        message: (payload) => void heard.push(payload.toString()),
        listening: () => void heard.push(''),
      }),
    );
    await eventually(() => heard.length === 1, 'it listens');
    assert.equal(await outcome(link.publish('c', 'x')), undefined);
    await eventually(() => heard.length === 2, 'it hears');
  });
});

async function refusesWrites({ link, log, counts }: LinkScene, why: RegExp): Promise<void> {
  assert.equal(await outcome(link.command('SET', 'a', ['2'])), 'error:refused');
  for (let i = 0; i < 100; i++)
    assert.equal(await outcome(link.command('SET', 'a', ['2'])), 'error:unavailable');
  assert.equal(await outcome(link.command('GET', 'a', [], { readOnly: true })), '1');
  assert.equal(counts.ups, 1);
  assert.equal(log.length, 1, log.join('\n'));
  assert.match(log[0] ?? '', why);
}

async function refusedWrites(redis: RedisServer): Promise<number> {
  const statistics = String(await redis.ask('INFO', 'commandstats'));
  return Number(/cmdstat_set:.*rejected_calls=(\d+)/.exec(statistics)?.[1]);
}

async function aclUser(redis: RedisServer, name: string, ...rules: string[]): Promise<void> {
  await askRedis(redis.port, ['ACL', 'SETUSER', name, 'on', '>pass', ...rules]);
}
