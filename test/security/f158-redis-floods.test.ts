import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { eventually } from '../kit/eventually.ts';
import { startFakeRedis } from '../kit/fake-redis.ts';
import { openLink, outcome, settingsFor } from '../kit/redis-scene.ts';

describe('F158 a flood of calls to a Redis that is gone', () => {
  it('leaves nothing behind, however many there are', async (t) => {
    const fake = await startFakeRedis(t, '+OK\r\n');
    const { link, up } = openLink(t, settingsFor(fake.port));
    await up();
    fake.answer = undefined;
    await outcome(link.command('GET', 'a'));
    await eventually(() => !link.available, 'the link is down');
    const flood = async (): Promise<void> => {
      const all = Array.from({ length: 10_000 }, (_, i) =>
        outcome(link.command('SET', `key ${i}`, ['x'.repeat(100)])),
      );
      assert.deepEqual(new Set(await Promise.all(all)), new Set(['error:unavailable']));
    };
    // What the runtime itself makes of code that runs for the first time.
    for (let round = 0; round < 5; round++) await flood();
    const before = heap();
    for (let round = 0; round < 20; round++) await flood();
    const grown = heap() - before;
    // The texts alone of what was sent are 20 MB.
    assert.ok(grown < 5_000_000, `${grown} octets more after 200,000 calls`);
  });

  it('is limited while it is only slow', async (t) => {
    const fake = await startFakeRedis(t, '+OK\r\n');
    const { link, up, failures } = openLink(t, settingsFor(fake.port));
    await up();
    fake.answer = undefined;
    await Promise.all(Array.from({ length: 15_000 }, () => outcome(link.command('GET', 'a'))));
    // Those beyond the limit were not sent; the rest ran out of time, or met the end of the connection.
    assert.ok((failures.get('unavailable') ?? 0) >= 5000);
    assert.equal((failures.get('unavailable') ?? 0) + (failures.get('timeout') ?? 0), 15_000);
  });
});

/** What is held once everything that can be collected is, in octets. */
function heap(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  return process.memoryUsage().heapUsed;
}
