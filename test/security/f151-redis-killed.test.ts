import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { eventually } from '../kit/eventually.ts';
import { needs } from '../kit/needs.ts';
import { openLink, outcome, settingsFor } from '../kit/redis-scene.ts';
import { startRedis } from '../kit/redis-server.ts';

describe('F151 a Redis that is killed under load', { skip: needs('redis-server') }, () => {
  it('fails no call in any other way than with a store error, and is used again when it is back', async (t) => {
    const redis = await startRedis(t);
    const { link, up, log } = openLink(t, settingsFor(redis.port));
    await up();
    const outcomes = new Map<unknown, number>();
    let stop = false;
    const load = (async () => {
      while (!stop) {
        const all = await Promise.all(
          Array.from({ length: 50 }, () => outcome(link.command('SET', 'a', ['1']))),
        );
        for (const one of all) outcomes.set(one, (outcomes.get(one) ?? 0) + 1);
        await setImmediate();
      }
    })();
    const answered = (): number => outcomes.get('OK') ?? 0;
    for (let round = 0; round < 3; round++) {
      const before = answered();
      await eventually(() => answered() > before, 'calls are answered');
      await redis.kill();
      await eventually(() => !link.available, 'the link is down');
      await redis.start();
      await up();
    }
    stop = true;
    await load;
    const kinds = new Set(outcomes.keys());
    for (const kind of ['OK', 'error:unavailable', 'error:timeout']) kinds.delete(kind);
    assert.deepEqual([...kinds], []);
    assert.ok((outcomes.get('error:unavailable') ?? 0) > 0);
    const warnings = log.filter((line) => line.startsWith('warn'));
    assert.ok(warnings.length <= 4, log.join('\n'));
  });
});
