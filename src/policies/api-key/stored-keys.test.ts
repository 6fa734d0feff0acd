import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { fakeExchange } from '../../../test/kit/fake-exchange.ts';
import { benchPolicy, optionMistakes } from '../../../test/kit/policy-bench.ts';
import type { Logger } from '../../core/logger.ts';
import { type RedisLink, type RedisReply, StoreError, unconnectedRedis } from '../../core/redis.ts';
import type { Share } from '../../core/shared.ts';
import { SharedValues } from '../../gateway/shared-values.ts';
import { apiKey } from './api-key.ts';

type Options = z.input<typeof apiKey.options>;

const ignore = (): void => undefined;

/** A policy over a Redis that is a map, and what has been asked of it. */
function scene(
  options: Options = { redis: true },
  {
    id = 'one',
    share = new SharedValues().of('api-key'),
  }: { readonly id?: string; readonly share?: Share } = {},
) {
  const entries = new Map<string, RedisReply>();
  const asked: string[] = [];
  const log: string[] = [];
  const clock = new FakeClock();
  const state = { gone: false };
  const redis: RedisLink = {
    ...unconnectedRedis,
    id,
    async command(name, key, _args, { readOnly } = {}) {
      assert.deepEqual([name, readOnly], ['GET', true]);
      asked.push(key);
      await Promise.resolve();
      if (state.gone) throw new StoreError('unavailable', 'gone');
      return entries.get(key) ?? null;
    },
  };
  const logger: Logger = {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (_, text) => void log.push(text),
  };
  const policy = benchPolicy(apiKey, options, { redis, clock, logger, share });
  const add = (key: string, entry: unknown, prefix = ''): void => {
    entries.set(
      `${prefix}apikey:${hash('sha256', key)}`,
      typeof entry === 'string' ? entry : JSON.stringify(entry),
    );
  };
  const request = async (key: string) => {
    const exchange = fakeExchange({ headers: { 'x-api-key': key } });
    const reply = await policy.instance.onRequest?.(exchange);
    return {
      status: reply?.status ?? 200,
      id: exchange.consumer?.id,
      groups: exchange.consumer?.groups,
      reply,
    };
  };
  const statuses = async (...keys: string[]): Promise<number[]> => {
    const replies = [];
    for (const key of keys) replies.push((await request(key)).status);
    return replies;
  };
  return { entries, asked, log, clock, state, policy, add, request, statuses };
}

describe('api-key with keys in Redis', () => {
  it('takes a key whose digest is there, and says whose it is', async () => {
    const { add, request } = scene();
    add('good', { name: 'acme', groups: ['gold'], label: 'of 2026' });
    const { status, id, groups } = await request('good');
    assert.deepEqual([status, id, groups], [200, 'acme', ['gold']]);
    assert.equal((await request('other')).status, 401);
  });

  it('F87 asks for a digest, never for what a client sent', async () => {
    const { asked, statuses } = scene({ redis: { prefix: 'shop:' } });
    await statuses('a*?[', '../x', '{tag}', 'x'.repeat(512));
    assert.equal(asked.length, 4);
    for (const key of asked) assert.match(key, /^shop:apikey:[0-9a-f]{64}$/);
  });

  it('remembers a key for a short time, so that one that is revoked is refused soon', async () => {
    const { add, entries, clock, asked, statuses } = scene({ redis: { remember: '10s' } });
    add('good', { name: 'acme' });
    assert.deepEqual(await statuses('good', 'good'), [200, 200]);
    assert.equal(asked.length, 1);
    entries.clear();
    clock.advance(9999);
    assert.deepEqual(await statuses('good'), [200]);
    clock.advance(1);
    assert.deepEqual(await statuses('good', 'good'), [401, 401]);
    assert.equal(asked.length, 2);
  });

  it('remembers for a shorter time that nobody has a key, so that a new one works soon', async () => {
    const { add, clock, asked, statuses } = scene();
    assert.deepEqual(await statuses('new', 'new'), [401, 401]);
    assert.equal(asked.length, 1);
    add('new', { name: 'acme' });
    clock.advance(2000);
    assert.deepEqual(await statuses('new'), [200]);
  });

  it('asks once however many want to know', async () => {
    const { add, asked, request } = scene();
    add('good', { name: 'acme' });
    const replies = await Promise.all(Array.from({ length: 100 }, () => request('good')));
    assert.ok(replies.every(({ id }) => id === 'acme'));
    assert.equal(asked.length, 1);
  });

  it('lets remembered keys pass for a while when Redis is gone, and answers all others 503', async () => {
    const { add, clock, state, statuses, request } = scene({
      redis: { remember: '10s', keepWhileDown: '5m' },
    });
    add('good', { name: 'acme' });
    add('unseen', { name: 'globex' });
    assert.deepEqual(await statuses('good'), [200]);
    state.gone = true;
    clock.advance(10_000);
    assert.deepEqual(await statuses('good', 'unseen', 'wrong'), [200, 503, 503]);
    const { reply } = await request('unseen');
    assert.equal(
      typeof reply?.body === 'string' && reply.body.includes('"code":"api_keys_unavailable"'),
      true,
    );
    assert.deepEqual([...(reply?.headers ?? [])].at(-1), ['retry-after', '1']);
    clock.advance(289_999);
    assert.deepEqual(await statuses('good'), [200]);
    clock.advance(1);
    assert.deepEqual(await statuses('good'), [503]);
    state.gone = false;
    assert.deepEqual(await statuses('good', 'unseen', 'wrong'), [200, 200, 401]);
  });

  it('refuses a key from when it expires on, remembered or not', async () => {
    const { add, clock, policy, statuses } = scene({ redis: { remember: '1h' } });
    add('good', { name: 'acme', expires: new Date(clock.now() + 60_000).toISOString() });
    assert.deepEqual(await statuses('good'), [200]);
    clock.advance(60_000);
    assert.deepEqual(await statuses('good'), [401]);
    assert.equal(policy.counts.get('expired'), 1);
  });

  it('refuses entries that are damaged, and says so once', async () => {
    const { add, log, statuses } = scene();
    const damaged = [
      '',
      '{',
      '[]',
      '{"name":"a b "}',
      '{"name":"a","groups":"b"}',
      '{"name":"a","admin":true}',
    ];
    for (const [i, entry] of damaged.entries()) add(`k${i}`, entry);
    assert.deepEqual(new Set(await statuses(...damaged.map((_, i) => `k${i}`))), new Set([401]));
    assert.deepEqual(log, ['an API key in Redis is refused: its entry is no JSON']);
  });

  it('holds no more than it may, however many keys are tried', async () => {
    const { add, asked, statuses } = scene();
    add('good', { name: 'acme' });
    await statuses('good');
    await statuses(...Array.from({ length: 20_000 }, (_, i) => `guess-${i}`));
    const before = asked.length;
    // Guesses drive out other guesses, and no key that is good.
    assert.deepEqual(await statuses('good', 'guess-0'), [200, 401]);
    assert.equal(asked.length, before + 1);
  });

  it('knows keys of one Redis from those of another', async () => {
    const share = new SharedValues().of('api-key');
    const one = scene({ redis: true }, { id: 'one', share });
    const other = scene({ redis: true }, { id: 'other', share });
    one.add('good', { name: 'acme' });
    assert.deepEqual(await one.statuses('good'), [200]);
    assert.deepEqual(await other.statuses('good'), [401]);
    assert.deepEqual(await scene({ redis: true }, { id: 'one', share }).statuses('good'), [200]);
  });

  it('wants a Redis, and no second place', () => {
    assert.deepEqual(optionMistakes(apiKey, { redis: true }), [
      'redis: the configuration does not say where Redis is | write redis: redis://localhost:6379 beside routes',
    ]);
    const both: Options = { redis: true, file: '/keys' };
    assert.match(
      optionMistakes(apiKey, both, { redis: unconnectedRedis }).join(),
      /there are keys in two places/,
    );
  });
});
