import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redisScript } from '../../src/core/redis.ts';
import { eventually } from '../kit/eventually.ts';
import { startFakeRedis } from '../kit/fake-redis.ts';
import { needs } from '../kit/needs.ts';
import { startCluster, startSentinel } from '../kit/redis-groups.ts';
import { openLink, outcome, settingsFor } from '../kit/redis-scene.ts';
import { freePort, startRedis } from '../kit/redis-server.ts';

const skip = needs('redis-server');
const echo = redisScript('echo', "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])");

describe('F154 a Redis that changes its part', { skip }, () => {
  it('is read but not written to while it is a replica, and neither without its master', async (t) => {
    const redis = await startRedis(t);
    const { link, up, log } = openLink(t, settingsFor(redis.port));
    await up();
    await link.command('SET', 'a', ['1']);
    await redis.ask('REPLICAOF', '127.0.0.1', String(await freePort()));
    assert.equal(await outcome(link.script(echo, ['a'], ['2'])), 'error:refused');
    assert.equal(await outcome(link.command('GET', 'a', [], { readOnly: true })), '1');
    assert.match(log.join(), /it is a replica and takes no writes \(READONLY\)/);
    await redis.ask('CONFIG', 'SET', 'replica-serve-stale-data', 'no');
    await eventually(
      async () => String(await outcome(link.command('GET', 'a', [], { readOnly: true }))).startsWith('error'),
      'it is not read',
    );
    assert.match(log.join(), /it is a replica without its master \(MASTERDOWN\)/);
    await redis.ask('REPLICAOF', 'NO', 'ONE');
    await up();
    assert.equal(await outcome(link.script(echo, ['a'], ['2'])), '2');
  });

  it('is left alone while it loads its data', async (t) => {
    const fake = await startFakeRedis(t, '-LOADING Redis is loading the dataset in memory\r\n');
    const { link, up, log } = openLink(t, settingsFor(fake.port));
    await eventually(() => log.length > 0, 'something is said');
    assert.match(log[0] ?? '', /it is still loading its data \(LOADING\)/);
    assert.equal(await outcome(link.command('GET', 'a', [], { readOnly: true })), 'error:unavailable');
    fake.answer = '+OK\r\n';
    await up();
  });

  it('is told its scripts again when it has lost them', async (t) => {
    const redis = await startRedis(t);
    const { link, up } = openLink(t, settingsFor(redis.port));
    await up();
    for (let round = 0; round < 3; round++) {
      const calls = Array.from({ length: 20 }, (_, i) => outcome(link.script(echo, [`k${i}`], [String(i)])));
      assert.deepEqual(
        await Promise.all(calls),
        Array.from({ length: 20 }, (_, i) => String(i)),
      );
      await redis.ask('SCRIPT', 'FLUSH');
    }
  });

  it('is found again by its sentinels when another has become the master', async (t) => {
    const group = await startSentinel(t);
    const { link, up, log } = openLink(
      t,
      settingsFor(0, {
        kind: 'sentinel',
        nodes: group.sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
        sentinel: { name: 'shop', username: undefined, password: undefined },
      }),
    );
    await up();
    assert.equal(await outcome(link.command('SET', 'a', ['1'])), 'OK');
    await eventually(async () => (await group.replica.ask('GET', 'waygate:a')) === '1', 'the replica has it');
    await group.master.kill();
    await eventually(() => !link.available, 'the link is down');
    await eventually(
      () => link.available,
      () => `the link is up: ${log.join('\n')}`,
      20_000,
    );
    assert.equal(await outcome(link.command('GET', 'a')), '1');
    assert.equal(await outcome(link.command('SET', 'a', ['2'])), 'OK');
    assert.equal(await group.replica.ask('GET', 'waygate:a'), '2');
  });
});

describe('F154 a cluster', { skip }, () => {
  it('is followed where its slots go, and left alone while it is down', async (t) => {
    const cluster = await startCluster(t);
    const { link, up, log, counts } = openLink(
      t,
      settingsFor(0, {
        kind: 'cluster',
        nodes: cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
        timeout: 200,
      }),
    );
    await up();
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
    const all = (): Promise<unknown[]> =>
      Promise.all(keys.map((key) => outcome(link.script(echo, [key], [key]))));
    assert.deepEqual(await all(), keys);
    await cluster.moveSlots();
    assert.deepEqual(await all(), keys, log.join('\n'));
    assert.equal(counts.openings, 0);
    await cluster.nodes[2]?.kill();
    await eventually(
      async () => (await all()).every((one) => one === 'error:unavailable'),
      'the cluster is given up',
    );
    await cluster.nodes[2]?.start();
    await eventually(
      () => link.available,
      () => `the link is up: ${log.join('\n')}`,
      20_000,
    );
    assert.deepEqual(await all(), keys);
  });

  it('is enough when it allows what the documentation lists, and carries messages', async (t) => {
    const cluster = await startCluster(t);
    const rules = [
      'on',
      '>pass',
      'resetchannels',
      '~waygate:*',
      '&waygate:*',
      '+@read',
      '+@write',
      '+@pubsub',
      '+eval',
    ];
    const more = ['+evalsha', '+ping', '+select', '+cluster|slots', '+asking'];
    for (const node of cluster.nodes) await node.ask('ACL', 'SETUSER', 'waygate', ...rules, ...more);
    const { link, up } = openLink(
      t,
      settingsFor(0, {
        kind: 'cluster',
        nodes: cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
        username: 'waygate',
        password: 'pass',
        timeout: 200,
      }),
    );
    await up();
    assert.equal(await outcome(link.script(echo, ['a'], ['x'])), 'x');
    const heard: string[] = [];
    const end = link.subscribe('c', {
      message: (payload) => void heard.push(payload.toString()),
      listening: () => void heard.push('listening'),
    });
    await eventually(() => heard.length === 1, 'it listens');
    await link.publish('c', 'one');
    await eventually(() => heard.length === 2, 'it hears');
    assert.deepEqual(heard, ['listening', 'one']);
    end();
  });
});
