import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, it, type TestContext } from 'node:test';
import { answerStoreSuite } from '../../../test/kit/answer-store-suite.ts';
import { eventually } from '../../../test/kit/eventually.ts';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { needs } from '../../../test/kit/needs.ts';
import { openLink, settingsFor } from '../../../test/kit/redis-scene.ts';
import { RedisServer, freePort, startRedis } from '../../../test/kit/redis-server.ts';
import { openShared, type SharedScene } from '../../../test/kit/shared-store.ts';
import { bodiesOf, storedAnswer } from '../../../test/kit/stored-answer.ts';
import { timedLink } from '../../../test/kit/timed-limits.ts';
import type { StoredAnswer } from '../../core/answer-store.ts';
import { systemClock } from '../../core/clock.ts';
import { systemRandom } from '../../core/random.ts';
import { type RedisLink, unconnectedRedis } from '../../core/redis.ts';
import { type ClosableLink, linkRedis } from '../redis/redis-link.ts';
import { AnswerMemory } from './answer-memory.ts';
import { SharedAnswers } from './shared-answers.ts';

const skip = needs('redis-server');
const place = storedAnswer().place;

describe('answers in memory and in Redis', { skip }, () => {
  let server: RedisServer;
  let link: ClosableLink;
  let last: SharedAnswers | undefined;
  let opened = 0;

  before(async () => {
    server = new RedisServer(await freePort(), []);
    await server.start();
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const metrics = { up() {}, opened() {}, failed() {}, answered() {} };
    link = linkRedis(settingsFor(server.port, { timeout: 2000 }), {
      ...{ clock: systemClock, random: systemRandom, logger, metrics },
    });
    await eventually(() => link.available, 'the link is up');
  });

  after(async () => {
    last?.close();
    link.close();
    await server.close();
  });

  answerStoreSuite(async (clock) => {
    last?.close();
    // Its time is that of the clock: what Redis is told passes there as it does here.
    const store = storeOn(timedLink(within(link, `${++opened} `), clock, ''), clock);
    last = store;
    await eventually(() => store.get('nothing') instanceof Promise, 'the store uses Redis');
    return store;
  }, 60);
});

describe('answers of a gateway whose Redis is gone', () => {
  answerStoreSuite((clock) => {
    const store = storeOn(unconnectedRedis, clock);
    return {
      get: (key) => store.get(key),
      put: (...args) => {
        store.put(...args);
      },
      invalidate: (...args) => {
        store.invalidate(...args);
      },
      // It says that others do not know, and is right.
      purge: (purge) => assert.rejects(store.purge(purge), { name: 'StoreError' }),
      largestBody: store.largestBody,
    };
  });
});

describe('answers that several gateways have in common', { skip }, () => {
  it('are found by the others, and kept by them from then on', async (t) => {
    const { a, b } = await two(t);
    const answer = fresh({ body: 'of a', tags: ['t'], head: { etag: '"e"', initialAge: Infinity } });
    a.store.put('k', answer, 60);
    const [found] = await onceThere(b, 'k');
    assert.ok(found !== undefined);
    // The same time by another clock, which was read a moment later.
    assert.ok(Math.abs(found.requestTime - answer.requestTime) < 1000);
    const { requestTime, head } = found;
    const times = { requestTime, head: { ...answer.head, responseTime: head.responseTime } };
    assert.deepEqual(found, { ...answer, ...times, body: found.body });
    assert.deepEqual(bodiesOf([found]), ['of a']);
    assert.ok(Array.isArray(b.store.get('k')));
    assert.deepEqual(b.asked.at(-1), 'hit');
  });

  it('are asked for once by many at the same time', async (t) => {
    const { a } = await two(t);
    const [one, other] = [a.store.get('k'), a.store.get('k')];
    assert.equal(one, other);
    assert.deepEqual(await one, []);
    assert.deepEqual(a.asked.filter((result) => result === 'miss').length, a.asked.length);
  });

  it('stay fresh for as long as they were, whatever the clocks of the machines show', async (t) => {
    const { redis, a } = await two(t);
    const clock = new FakeClock();
    clock.jump(-365 * 24 * 3600_000);
    const b = openShared(t, openLink(t, settingsFor(redis.port)).link, clock);
    await b.ready();
    const answer = fresh();
    a.store.put('k', answer, 60);
    const [found] = await onceThere(b, 'k');
    const age = Date.now() - answer.head.responseTime;
    const ageThere = clock.now() - (found?.head.responseTime ?? 0);
    assert.ok(Math.abs(ageThere - age) < 2000, `${ageThere} instead of ${age}`);
  });

  it('have a time after which they are gone, all of them', async (t) => {
    const { redis, a } = await two(t);
    a.store.put('k', fresh({ vary: [['v', '1']] }), 100);
    a.store.put('k', fresh({ vary: [['v', '2']] }), 10);
    await eventually(async () => (await redis.ask('HLEN', nameOf('k'))) === 2, 'both are there');
    assert.ok(Number(await redis.ask('PTTL', nameOf('k'))) > 90_000);
    a.store.put('year', fresh(), 365 * 24 * 3600);
    await eventually(async () => (await redis.ask('EXISTS', nameOf('year'))) === 1, 'it is there');
    assert.ok(Number(await redis.ask('PTTL', nameOf('year'))) <= 24 * 3600_000);
    a.store.invalidate('k', place);
    await a.store.purge({ kind: 'tag', tag: 't' });
    await eventually(async () => (await redis.ask('HLEN', nameOf('k'))) === 1, 'it is dropped');
    for (const key of (await redis.ask('KEYS', '*')) as string[])
      assert.ok(Number(await redis.ask('PTTL', key)) > 0, `${key} ends`);
  });

  it('are at most 16 variants, and 1 MiB, under a key', async (t) => {
    const { redis, a } = await two(t);
    const put = (key: string, body: Uint8Array, v: string): void => {
      a.store.put(key, fresh({ body, vary: [['v', v]] }), 60);
    };
    for (let i = 0; i < 20; i++) put('many', new Uint8Array(1), String(i));
    for (let i = 0; i < 16; i++) put('large', new Uint8Array(65_536), String(i));
    put('last', new Uint8Array(1), '');
    await eventually(async () => (await redis.ask('EXISTS', nameOf('last'))) === 1, 'all have arrived');
    assert.equal(await redis.ask('HLEN', nameOf('many')), 16);
    assert.equal(await redis.ask('HLEN', nameOf('large')), 15);
    assert.equal(a.counts.lost, 0);
  });

  it('F119 are purged on all machines within a second, what is under way included', async (t) => {
    const { a, b } = await two(t);
    const answer = fresh({ tags: ['shoes'] });
    a.store.put('k', answer, 60);
    await onceThere(b, 'k');
    await a.store.purge({ kind: 'tag', tag: 'shoes' });
    assert.deepEqual(await a.store.get('k'), []);
    await eventually(() => b.memory.get('k').length === 0, 'the other one knows', 1000);
    assert.deepEqual(await b.store.get('k'), []);
    b.store.put('k', answer, 60);
    assert.deepEqual(await b.store.get('k'), []);
  });

  it('F119 are purged within a second also where no message gets through', async (t) => {
    const { redis, a } = await two(t);
    const deaf: RedisLink = muted(openLink(t, settingsFor(redis.port)).link);
    const b = openShared(t, deaf);
    await b.ready();
    a.store.put('k', fresh(), 60);
    await onceThere(b, 'k');
    await a.store.purge({ kind: 'url', host: undefined, path: '/a' });
    await eventually(() => b.memory.get('k').length === 0, 'the other one knows', 1500);
  });

  it('F119 are purged by a machine that was cut off, before it uses what others have', async (t) => {
    const { redis, a } = await two(t);
    const cut = cuttable(openLink(t, settingsFor(redis.port)).link);
    const b = openShared(t, cut.link);
    await b.ready();
    a.store.put('k', fresh({ tags: ['t'] }), 60);
    a.store.put('dropped', fresh(), 60);
    await onceThere(b, 'k');
    await onceThere(b, 'dropped');
    cut.cut();
    await eventually(() => Array.isArray(b.store.get('nothing')), 'it knows that it knows nothing');
    await a.store.purge({ kind: 'tag', tag: 't' });
    a.store.invalidate('dropped', place);
    await eventually(
      async () => (await redis.ask('ZCARD', 'waygate:cache:{purges}keys')) === 1,
      'it is told',
    );
    assert.equal(b.memory.get('k').length, 1);
    cut.heal();
    await b.ready();
    assert.deepEqual(await b.store.get('k'), []);
    assert.deepEqual(await b.store.get('dropped'), []);
  });

  it('F119 are not taken by a machine that starts after the purge', async (t) => {
    const { redis, a, b } = await two(t);
    b.store.put('k', fresh({ tags: ['t'] }), 60);
    b.store.put('other', fresh(), 60);
    await onceThere(a, 'k');
    await a.store.purge({ kind: 'tag', tag: 't' });
    const c = openShared(t, openLink(t, settingsFor(redis.port)).link);
    await c.ready();
    assert.equal(await redis.ask('EXISTS', nameOf('k')), 1);
    assert.deepEqual(await c.store.get('k'), []);
    assert.equal((await c.store.get('other')).length, 1);
  });

  it('F119 are dropped for all when one of them invalidates a key, and late answers are not shared', async (t) => {
    const { redis, a, b } = await two(t);
    const late = fresh();
    a.store.put('k', fresh(), 60);
    await onceThere(b, 'k');
    a.store.invalidate('k', place);
    await eventually(() => b.memory.get('k').length === 0, 'the other one knows', 1000);
    assert.deepEqual(await b.store.get('k'), []);
    const c = openShared(t, openLink(t, settingsFor(redis.port)).link);
    await c.ready();
    // It began before it could know.
    c.store.put('k', late, 60);
    c.store.put('after', fresh(), 60);
    await eventually(async () => (await redis.ask('EXISTS', nameOf('after'))) === 1, 'it is there');
    assert.deepEqual(await redis.ask('HKEYS', nameOf('k')), ['!']);
  });

  it('F119 a purge says so when others could not be told, and is one here all the same', async (t) => {
    const { redis, a } = await two(t);
    a.store.put('k', fresh(), 60);
    await redis.kill();
    await assert.rejects(() => a.store.purge({ kind: 'all' }), { name: 'StoreError' });
    assert.equal(a.memory.size, 0);
  });

  it('F119 what was purged does not come back from Redis where Redis could not be told', async (t) => {
    const { redis, a, b } = await two(t);
    a.store.put('k', fresh(), 60);
    await onceThere(b, 'k');
    redis.signal('SIGSTOP');
    await assert.rejects(() => a.store.purge({ kind: 'all' }), { name: 'StoreError' });
    redis.signal('SIGCONT');
    await a.ready();
    assert.equal(await redis.ask('EXISTS', nameOf('k')), 1);
    assert.deepEqual(await a.store.get('k'), []);
  });

  it('are a miss when Redis has lost everything, and purges go on', async (t) => {
    const { redis, a, b } = await two(t);
    a.store.put('k', fresh(), 60);
    await eventually(async () => (await redis.ask('EXISTS', nameOf('k'))) === 1, 'it is there');
    await a.store.purge({ kind: 'tag', tag: 'x' });
    await redis.ask('FLUSHALL');
    assert.deepEqual(await b.store.get('k'), []);
    assert.equal((await a.store.get('k')).length, 1);
    b.store.put('l', fresh(), 60);
    await onceThere(a, 'l');
    await b.store.purge({ kind: 'all' });
    await eventually(() => a.memory.size === 0, 'the other one knows', 1000);
  });

  it('are a miss, at once, while Redis is gone; memory goes on', async (t) => {
    const { redis, a } = await two(t);
    a.store.put('k', fresh(), 60);
    await redis.kill();
    await eventually(() => Array.isArray(a.store.get('nothing')), 'it asks no more');
    assert.equal((await a.store.get('k')).length, 1);
    a.store.put('l', fresh(), 60);
    assert.ok(a.counts.lost > 0);
    assert.equal((await a.store.get('l')).length, 1);
    await redis.start();
    await a.ready();
  });

  it('need no more than the access rules of docs/redis.md allow', async (t) => {
    const redis = await startRedis(t);
    const page = readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8');
    const [, rules = ''] = /^ACL SETUSER waygate on >password (.*)$/m.exec(page) ?? [];
    assert.match(rules, /^resetchannels /);
    await redis.ask('ACL', 'SETUSER', 'waygate', 'on', '>password', ...rules.split(' '));
    const login = { username: 'waygate', password: 'password' };
    const [a, b] = [0, 1].map(() => openShared(t, openLink(t, settingsFor(redis.port, login)).link));
    assert.ok(a !== undefined && b !== undefined);
    await Promise.all([a.ready(), b.ready()]);
    a.store.put('k', fresh(), 60);
    await onceThere(b, 'k');
    a.store.invalidate('k', place);
    await eventually(() => b.memory.get('k').length === 0, 'the other one knows');
    await a.store.purge({ kind: 'all' });
    assert.equal(a.counts.lost, 0);
  });

  it('are told of without end, and old news make room for one that means all before', async (t) => {
    const { redis, a } = await two(t);
    await a.store.purge({ kind: 'tag', tag: 'first' });
    const time = Number(
      ((await redis.ask('ZRANGE', 'waygate:cache:{purges}', '0', '0', 'WITHSCORES')) as string[])[1],
    );
    const many = Array.from({ length: 9999 }, (_, i) => [
      String(time + 1 + i),
      `{"id":"${i}","what":{"kind":"tag","tag":"t${i}"}}`,
    ]);
    for (let i = 0; i < many.length; i += 1000)
      await redis.ask('ZADD', 'waygate:cache:{purges}', ...many.slice(i, i + 1000).flat());
    await a.store.purge({ kind: 'tag', tag: 'last' });
    const members = (await redis.ask('ZRANGE', 'waygate:cache:{purges}', '0', '-1')) as string[];
    assert.ok(members.length < 9100, `${members.length}`);
    assert.match(members[0] ?? '', /"kind":"tag"|"kind":"all"/);
    assert.ok(members.some((member) => member.includes('"kind":"all"')));
    const c = openShared(t, openLink(t, settingsFor(redis.port)).link);
    await c.ready();
    assert.ok(c.memory.rules.purgedElsewhere('k', storedAnswer(), time));
  });
});

/** Two gateways on one Redis that both use it. */
async function two(t: TestContext): Promise<{ redis: RedisServer; a: SharedScene; b: SharedScene }> {
  const redis = await startRedis(t);
  // How long a busy machine takes is not what is tested.
  const settings = settingsFor(redis.port, { timeout: 2000 });
  const [a, b] = [0, 1].map(() => openShared(t, openLink(t, settings).link));
  assert.ok(a !== undefined && b !== undefined);
  await Promise.all([a.ready(), b.ready()]);
  return { redis, a, b };
}

function fresh(parts: Parameters<typeof storedAnswer>[0] = {}): StoredAnswer {
  return storedAnswer({ requestTime: Date.now(), ...parts });
}

/** Waits until a store finds something, and returns it. */
async function onceThere({ store }: SharedScene, key: string): Promise<readonly StoredAnswer[]> {
  let found: readonly StoredAnswer[] = [];
  await eventually(
    async () => (found = await store.get(key)).length > 0,
    () => `${key} is found: ${bodiesOf(found).join()}`,
  );
  return found;
}

function nameOf(key: string): string {
  return `waygate:cache:${createHash('sha256').update(key).digest('base64url')}`;
}

function storeOn(link: RedisLink, clock: FakeClock): SharedAnswers {
  const metrics = { kept() {}, evicted() {}, shared() {}, notShared() {} };
  const later = (task: () => void): void => void setImmediate(task);
  const memory = new AnswerMemory({ clock, metrics, later }, { bytes: 10_000_000, largest: 65_536 });
  return new SharedAnswers({ memory, link, clock, random: systemRandom, metrics });
}

/** A link that has keys and channels of its own. */
function within(link: RedisLink, prefix: string): RedisLink {
  return {
    id: prefix + link.id,
    get available() {
      return link.available;
    },
    command: (name, key, args, options) => link.command(name, prefix + key, args, options),
    script: (script, [first, ...keys], args, options) =>
      link.script(script, [prefix + first, ...keys.map((key) => prefix + key)], args, options),
    publish: (channel, message) => link.publish(prefix + channel, message),
    subscribe: (channel, subscriber) => link.subscribe(prefix + channel, subscriber),
  };
}

/** A link on which no message arrives. */
function muted(link: RedisLink): RedisLink {
  return { ...within(link, ''), subscribe: () => () => undefined };
}

/** A link that can be cut: then it is as if Redis was gone. */
function cuttable(whole: RedisLink): { link: RedisLink; cut: () => void; heal: () => void } {
  let isCut = false;
  const either = (): RedisLink => (isCut ? unconnectedRedis : whole);
  const link: RedisLink = {
    id: whole.id,
    get available() {
      return either().available;
    },
    command: (...args) => either().command(...args),
    script: (...args) => either().script(...args),
    publish: (...args) => either().publish(...args),
    subscribe: (channel, subscriber) =>
      whole.subscribe(channel, {
        message: (payload) => {
          if (!isCut) subscriber.message(payload);
        },
        listening: () => subscriber.listening?.(),
      }),
  };
  return { link, cut: () => (isCut = true), heal: () => (isCut = false) };
}
