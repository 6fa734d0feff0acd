import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { definePolicy, z } from '../policy.ts';
import { rateLimit } from '../policies/rate-limit/rate-limit.ts';
import { FakeClock } from './fake-clock.ts';
import { fakeExchange, fakeResponse } from './fake-exchange.ts';
import { fakeRedis } from './redis/fake-redis.ts';
import { optionMistakes, testPolicy } from './test-policy.ts';

const greeting = definePolicy({
  name: 'greeting',
  description: 'Greets.',
  options: z.strictObject({ words: z.string(), ask: z.url().optional() }),
  create({ words, ask }, { metrics, fetch }) {
    const greeted = metrics.counter('greeted', 'Greetings.', { words });
    return {
      async onRequest({ request }) {
        if (ask !== undefined) await fetch(ask, { timeout: 1000, maxBytes: 100 });
        return request.path === '/no' ? { status: 403 } : undefined;
      },
      onResponse(_exchange, { headers }) {
        headers.set('x-greeting', words);
      },
      onFinish: () => {
        greeted.add();
      },
    };
  },
});

describe('a policy by itself', () => {
  it('runs in all its phases, and what it counts is seen', async () => {
    const policy = testPolicy(greeting, { words: 'hello' });
    const exchange = fakeExchange({ path: '/yes' });
    assert.equal(await policy.request(exchange), undefined);
    assert.equal((await policy.request(fakeExchange({ path: '/no' })))?.status, 403);
    const head = await policy.response(exchange, fakeResponse({ a: 'b' }));
    assert.equal(head.headers.get('x-greeting'), 'hello');
    policy.finish(exchange);
    assert.deepEqual([...policy.counts], [['greeted words=hello', 1]]);
  });

  it('is refused options that a configuration would be refused', () => {
    assert.match(optionMistakes(greeting, { word: 'hello' }).join('\n'), /^word: unknown key .*"words"/);
    assert.deepEqual(optionMistakes(greeting, { words: 'hello' }), []);
    assert.throws(
      () => testPolicy(rateLimit, { limit: -1 }),
      /the options of rate-limit have mistakes:\nlimit: /,
    );
  });

  it('fetches what the test says, and nothing else', async () => {
    const ask = 'https://words.example/';
    const found = testPolicy(greeting, { words: 'hello', ask }, { fetch: { [ask]: 'yes' } });
    assert.equal(await found.request(fakeExchange()), undefined);
    const lost = testPolicy(greeting, { words: 'hello', ask });
    await assert.rejects(
      lost.request(fakeExchange()),
      /fetches nothing from https:\/\/words\.example\/.*`fetch`/,
    );
    const late = testPolicy(
      greeting,
      { words: 'hello', ask },
      { clock: new FakeClock(), fetch: { [ask]: 'silent' } },
    );
    const asked = assert.rejects(late.request(fakeExchange()), { name: 'TimeoutError' });
    if (late.clock instanceof FakeClock) late.clock.advance(1000);
    await asked;
  });

  it('counts in a Redis double, by its time', async () => {
    const redis = fakeRedis();
    const made = (): ReturnType<typeof testPolicy> =>
      testPolicy(rateLimit, { limit: 1, window: '1m' }, { redis, clock: redis.clock });
    const [one, other] = [made(), made()];
    assert.equal(await one.request(fakeExchange()), undefined);
    assert.equal((await other.request(fakeExchange()))?.status, 429);
    redis.clock.advance(60_000);
    assert.equal(await other.request(fakeExchange()), undefined);
  });
});
