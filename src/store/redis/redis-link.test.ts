import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beforeDeadline, eventually } from '../../../test/kit/eventually.ts';
import { needs } from '../../../test/kit/needs.ts';
import { openLink, outcome, settingsFor } from '../../../test/kit/redis-scene.ts';
import { freePort, startRedis } from '../../../test/kit/redis-server.ts';
import { redisScript } from '../../core/redis.ts';

const skip = needs('redis-server');

/** Adds one to a key and says what it was told. */
const add = redisScript(
  'add',
  "redis.call('INCRBY', KEYS[1], ARGV[1]) return {redis.call('GET', KEYS[1]), ARGV[2]}",
);

describe('a link to Redis', { skip }, () => {
  it('sends commands, with the prefix before the key', async (t) => {
    const redis = await startRedis(t);
    const { link, up } = openLink(t, settingsFor(redis.port));
    await up();
    assert.equal(await link.command('SET', 'a', ['1']), 'OK');
    assert.equal(await link.command('GET', 'a', [], { readOnly: true }), '1');
    assert.equal(await link.command('GET', 'none'), null);
    assert.equal(await link.command('INCR', 'a'), 2);
    assert.equal(await redis.ask('GET', 'waygate:a'), '2');
  });

  it('keeps octets as they are where that is asked for', async (t) => {
    const redis = await startRedis(t);
    const { link, up } = openLink(t, settingsFor(redis.port));
    await up();
    const octets = Buffer.from([0, 255, 13, 10, 128]);
    await link.command('SET', 'a', [octets]);
    assert.deepEqual(await link.command('GET', 'a', [], { binary: true }), octets);
  });

  it('runs scripts, also when the server has forgotten them', async (t) => {
    const redis = await startRedis(t);
    const { link, up } = openLink(t, settingsFor(redis.port));
    await up();
    assert.deepEqual(await link.script(add, ['n'], ['2', 'x']), ['2', 'x']);
    assert.deepEqual(await link.script(add, ['n'], ['3', 'x']), ['5', 'x']);
    await redis.ask('SCRIPT', 'FLUSH');
    await redis.ask('FLUSHALL');
    assert.deepEqual(await link.script(add, ['n'], ['1', 'x']), ['1', 'x']);
  });

  it('lets calls of before the first connection wait for it', async (t) => {
    const redis = await startRedis(t);
    // The library is there already, as it is after the first link of a process.
    await import('@redis/client');
    // Longer than usual: a busy machine may take more than 50 ms to connect.
    const { link } = openLink(t, { ...settingsFor(redis.port), timeout: 5000 });
    assert.equal(link.available, false);
    assert.equal(await link.command('SET', 'a', ['1']), 'OK');
  });

  it('sends the calls of one moment together', async (t) => {
    const redis = await startRedis(t);
    const { link, up } = openLink(t, settingsFor(redis.port));
    await up();
    await redis.ask('CONFIG', 'RESETSTAT');
    const before = await reads(redis.ask('INFO', 'stats'));
    await Promise.all(Array.from({ length: 100 }, (_, i) => link.command('INCRBY', 'n', [String(i)])));
    const after = await reads(redis.ask('INFO', 'stats'));
    assert.equal(await link.command('GET', 'n'), '4950');
    // The two questions take a few reads themselves.
    assert.ok(after - before <= 10, `${after - before} reads`);
  });

  it('carries messages to whoever listens, and says from when on', async (t) => {
    const redis = await startRedis(t);
    const { link, up } = openLink(t, settingsFor(redis.port));
    await up();
    const heard: string[] = [];
    const end = link.subscribe('purges', {
      message: (payload) => void heard.push(payload.toString()),
      listening: () => void heard.push('listening'),
    });
    await eventually(() => heard.length === 1, 'it listens');
    await link.publish('purges', 'one');
    await eventually(() => heard.length === 2, 'a message has come');
    assert.deepEqual(heard, ['listening', 'one']);
    await redis.kill();
    await redis.start();
    await eventually(() => heard.length > 2, 'it listens again');
    await up();
    // On a busy machine its connection may go once more, and a message with it: that is what `listening` says.
    await eventually(async () => {
      await link.publish('purges', 'two');
      return heard.includes('two');
    }, 'a message has come again');
    assert.equal(heard[2], 'listening');
    end();
    await eventually(
      async () => ((await redis.ask('PUBSUB', 'NUMSUB', 'waygate:purges')) as unknown[])[1] === 0,
      'nobody listens',
    );
  });

  it('comes up when the server does, and says both once', async (t) => {
    const port = await freePort();
    const { link, up, log, counts, failures } = openLink(t, settingsFor(port));
    assert.equal(await outcome(link.command('GET', 'a')), 'error:unavailable');
    const outcomes = await Promise.all(Array.from({ length: 1000 }, () => outcome(link.command('GET', 'a'))));
    assert.deepEqual(new Set(outcomes), new Set(['error:unavailable']));
    assert.equal(failures.get('unavailable'), 1001);
    assert.equal(log.length, 1, log.join('\n'));
    assert.match(
      log[0] ?? '',
      /^warn Redis at 127\.0\.0\.1:\d+ cannot be used: nothing listens there \(ECONNREFUSED\)/,
    );
    assert.equal(counts.ups, 0);
    const redis = await startRedis(t, ['--port', String(port)]);
    await up();
    assert.equal(await outcome(link.command('SET', 'a', ['1'])), 'OK');
    assert.equal(log.length, 2);
    assert.match(log[1] ?? '', /^info Redis at 127\.0\.0\.1:\d+ is used again, after /);
    assert.equal(counts.ups, 1);
    await redis.kill();
  });

  it('loses nothing else but its calls when it is closed', async (t) => {
    const redis = await startRedis(t);
    const { link, up, counts } = openLink(t, settingsFor(redis.port));
    await up();
    const last = link.command('SET', 'a', ['1']);
    link.close();
    assert.equal(await last, 'OK');
    assert.equal(await outcome(link.command('GET', 'a')), 'error:unavailable');
    assert.equal(link.available, false);
    assert.equal(counts.ups, 0);
    await beforeDeadline(
      eventually(
        async () =>
          String(await redis.ask('CLIENT', 'LIST'))
            .trim()
            .split('\n').length === 1,
        'no client',
      ),
      () => 'all connections are closed',
    );
  });
});

async function reads(info: Promise<unknown>): Promise<number> {
  return Number(/total_reads_processed:(\d+)/.exec(String(await info))?.[1]);
}
