import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { RedisReply } from '../../src/core/redis.ts';
import { eventually } from '../kit/eventually.ts';
import { needs } from '../kit/needs.ts';
import { type LinkScene, openLink, settingsFor } from '../kit/redis-scene.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { openShared } from '../kit/shared-store.ts';
import { storedAnswer } from '../kit/stored-answer.ts';

const skip = needs('redis-server');

interface Kept {
  readonly redis: RedisServer;
  readonly link: LinkScene['link'];
  /** Opens a gateway that has nothing in memory, and asks it. */
  readonly ask: (key?: string) => Promise<{ readonly found: number; readonly asked: string | undefined }>;
  /** The one variant under the key: its name and its value. */
  readonly name: Buffer;
  readonly value: Buffer;
  readonly put: (value: Buffer, name?: Buffer, key?: string) => Promise<void>;
}

function placeOf(key: string): string {
  return `cache:${createHash('sha256').update(key).digest('base64url')}`;
}

/** An answer that a gateway has put into Redis. */
async function keepOne(t: TestContext): Promise<Kept> {
  const redis = await startRedis(t);
  const { link } = openLink(t, settingsFor(redis.port, { timeout: 2000 }));
  const scene = openShared(t, link);
  await scene.ready();
  const tags = ['a', 'b'];
  scene.store.put('key', storedAnswer({ requestTime: Date.now(), body: 'of the first user', tags }), 3600);
  let pair: readonly RedisReply[] = [];
  await eventually(async () => {
    const reply = await link.command('HGETALL', placeOf('key'), [], { binary: true, readOnly: true });
    pair = Array.isArray(reply) ? (reply as readonly RedisReply[]) : [];
    return pair.length === 2;
  }, 'the answer is in Redis');
  const [name, value] = pair;
  assert.ok(Buffer.isBuffer(name) && Buffer.isBuffer(value));
  const reader = openShared(t, link);
  await reader.ready();
  return {
    redis,
    link,
    name,
    value,
    put: async (other, its = name, key = 'key') => {
      await link.command('HSET', placeOf(key), [its, other]);
    },
    ask: async (key = 'key') => {
      // What it has found before is not looked for again.
      reader.memory.resize({ bytes: 0, largest: 65_536 });
      reader.memory.resize({ bytes: 1_000_000, largest: 65_536 });
      const found = await reader.store.get(key);
      return { found: found.length, asked: reader.asked.at(-1) };
    },
  };
}

const damaged = { found: 0, asked: 'damaged' };

describe('F118 what comes back from Redis is used only if it is what was put', { skip }, () => {
  it('F118 an answer with any octet changed is a miss, and deleted', async (t) => {
    const { value, put, ask, link } = await keepOne(t);
    assert.deepEqual(await ask(), { found: 1, asked: 'hit' });
    const change = fc.record({
      at: fc.integer({ min: 0, max: value.length - 1 }),
      bits: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, bits }) => {
        const other = Buffer.from(value);
        other.writeUInt8(other.readUInt8(at) ^ bits, at);
        await put(other);
        assert.deepEqual(await ask(), damaged);
        await eventually(async () => (await link.command('EXISTS', placeOf('key'))) === 0, 'it is deleted');
      }),
      { numRuns: 150 },
    );
  });

  it('F118 an answer that is cut short or has something behind it is a miss', async (t) => {
    const { value, put, ask } = await keepOne(t);
    for (const length of [0, 1, 8, 9, 20, value.length - 1]) {
      await put(value.subarray(0, length));
      assert.deepEqual(await ask(), damaged, `${length} octets`);
    }
    await put(Buffer.concat([value, Buffer.from('x')]));
    assert.deepEqual(await ask(), damaged);
  });

  it('F118 an answer of another version is a miss', async (t) => {
    const { value, put, ask } = await keepOne(t);
    const other = Buffer.from(value);
    other.writeUInt8(2, 0);
    await put(other);
    assert.deepEqual(await ask(), damaged);
  });

  it('F118 an answer under another key, or as another variant, is a miss', async (t) => {
    const { value, put, ask } = await keepOne(t);
    await put(value, undefined, 'of another user');
    assert.deepEqual(await ask('of another user'), damaged);
    await put(value, Buffer.from('another variant'));
    assert.deepEqual((await ask()).found, 1);
  });

  it('F118 something else under the name of an answer is a miss, and deleted', async (t) => {
    const { link, ask, put, value } = await keepOne(t);
    await link.command('DEL', placeOf('key'));
    await link.command('SET', placeOf('key'), ['a text']);
    assert.deepEqual(await ask(), damaged);
    await eventually(async () => (await link.command('EXISTS', placeOf('key'))) === 0, 'it is deleted');
    await put(value);
    assert.deepEqual(await ask(), { found: 1, asked: 'hit' });
  });

  it('F118 what others say of purges and nobody understands means everything, and is none of our errors', async (t) => {
    const { redis, ask } = await keepOne(t);
    await redis.ask(
      'ZADD',
      'waygate:cache:{purges}',
      String(Date.now()),
      '{"id":"x","what":{"kind":"newer"}}',
    );
    await eventually(async () => (await ask()).found === 0, 'it is taken for a purge of everything');
  });
});
