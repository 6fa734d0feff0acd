import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { answerStoreSuite } from '../../../test/kit/answer-store-suite.ts';
import { eventually } from '../../../test/kit/eventually.ts';
import { suiteEnd } from '../../../test/kit/finish.ts';
import { limitStoreSuite } from '../../../test/kit/limit-store-suite.ts';
import { needs } from '../../../test/kit/needs.ts';
import { openLink, outcome, settingsFor } from '../../../test/kit/redis-scene.ts';
import { startRedis } from '../../../test/kit/redis-server.ts';
import { timedLink } from '../../../test/kit/timed-limits.ts';
import { systemRandom } from '../../core/random.ts';
import { type RedisLink, type RedisReply, redisScript, type RedisScript } from '../../core/redis.ts';
import { AnswerMemory } from '../../store/answers/answer-memory.ts';
import { addScript, dropScript, putScript, readScript } from '../../store/answers/purge-scripts.ts';
import { SharedAnswers } from '../../store/answers/shared-answers.ts';
import { createLimitMemory } from '../../store/limits/limit-memory.ts';
import { LocalLimits } from '../../store/limits/local-limits.ts';
import { decideScript, settleScript } from '../../store/redis/limit-scripts.ts';
import { RedisLimits } from '../../store/redis/redis-limits.ts';
import { FakeClock } from '../fake-clock.ts';
import { fakeRedis } from './fake-redis.ts';

describe('limits in a Redis double', () => {
  limitStoreSuite((clock) => {
    const local = new LocalLimits(createLimitMemory(65_536, systemRandom, clock.now()), 1, clock);
    const limits = new RedisLimits(fakeRedis({ clock }).link(), local, clock);
    return { limiter: (rules) => limits.exact(rules) };
  }, 150);
});

describe('answers in memory and in a Redis double', () => {
  let last: SharedAnswers | undefined;
  answerStoreSuite(async (clock) => {
    last?.close();
    const metrics = { kept() {}, evicted() {}, shared() {}, notShared() {} };
    const later = (task: () => void): void => void setImmediate(task);
    const memory = new AnswerMemory({ clock, metrics, later }, { bytes: 10_000_000, largest: 65_536 });
    const link = fakeRedis({ clock }).link();
    const store = new SharedAnswers({ memory, link, clock, random: systemRandom, metrics });
    last = store;
    await eventually(() => store.get('nothing') instanceof Promise, 'the store uses Redis');
    return store;
  }, 60);
  it('ends', () => last?.close());
});

/** One call of a script, which the double and a real Redis answer alike. */
interface Step {
  readonly wait: number;
  readonly script: RedisScript;
  readonly keys: readonly [string, ...string[]];
  readonly args: readonly string[];
}

const units = fc.integer({ min: 0, max: 4 }).map(String);
const wait = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 3000 }));
const jump = fc.integer({ min: -1000, max: 1000 });

/**
 * A rule for each of three keys, and steps under some of them.
 * @param mosts the highest levels that are settled.
 */
function limitSteps(
  windows: readonly number[],
  pause: fc.Arbitrary<number>,
  mosts: readonly string[] = ['1000', '9000000'],
): fc.Arbitrary<Step[]> {
  const rule = fc
    .tuple(
      fc.constantFrom('gcra', 'sliding-window', 'fixed-window'),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(...windows),
      fc.integer({ min: 1, max: 9 }),
    )
    .map((parts) => parts.map(String));
  const step = fc.record({
    pause,
    some: fc.array(fc.constantFrom(0, 1, 2), { minLength: 1, maxLength: 3 }),
    effect: fc.constantFrom('take', 'take', 'peek', 'charge', 'settle'),
    most: fc.constantFrom(...mosts),
    units: fc.tuple(units, units),
  });
  return fc
    .tuple(fc.tuple(rule, rule, rule), fc.array(step, { minLength: 1, maxLength: 30 }))
    .map(([rules, steps]) =>
      steps.map(({ pause: time, some, effect, most, units: [one, other] }): Step => {
        const [first = '', ...others] = some.map((key) => `{k}${key}`);
        const under = some.map((key) => rules[key] ?? []);
        const base = { wait: time, keys: [first, ...others] as const };
        if (effect === 'settle')
          return {
            ...base,
            script: settleScript,
            args: [one, other, ...under.flatMap((parts) => [...parts, most])],
          };
        return { ...base, script: decideScript, args: [effect, one, ...under.flat()] };
      }),
    );
}

const text = fc.constantFrom('x', 'y', 'z', 'é', '\u{1f600}', '');
const answerStep = fc.oneof(
  fc
    .tuple(wait, text, fc.integer({ min: 1, max: 4 }), fc.constantFrom('', 'all'))
    .map(([pause, what, most, standIn]): Step => ({
      ...{ wait: pause, script: addScript, keys: ['{p}list'] },
      args: [what, String(most), '86400000', standIn],
    })),
  fc
    .tuple(wait, fc.constantFrom('-inf', '(1767225600500', '+inf'), fc.integer({ min: 1, max: 3 }))
    .map(([pause, from, most]): Step => ({
      ...{ wait: pause, script: readScript, keys: ['{p}list', '{p}other'] },
      args: [from, '-inf', String(most)],
    })),
  fc
    .tuple(
      wait,
      fc.constantFrom('a', 'b'),
      text,
      fc.integer({ min: 0, max: 3000 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 9 }),
    )
    .map(([pause, variant, value, asked, most, octets]): Step => ({
      ...{ wait: pause, script: putScript, keys: ['{p}hash'] },
      args: [
        variant + value,
        value,
        String(1_767_225_600_000 + asked),
        '86400000',
        String(most),
        String(octets),
      ],
    })),
  fc.tuple(wait, fc.integer({ min: 0, max: 500 })).map(([pause, margin]): Step => ({
    ...{ wait: pause, script: dropScript, keys: ['{p}hash'] },
    args: [String(margin), '86400000'],
  })),
);

describe('a Redis double and a real Redis', { skip: needs('redis-server') }, () => {
  const end = suiteEnd();
  let real: RedisLink;
  let tries = 0;

  before(async () => {
    const scene = openLink(end, settingsFor((await startRedis(end)).port, { timeout: 5000 }));
    await scene.up();
    real = scene.link;
  });

  const compare = async (steps: readonly Step[], start = 0): Promise<void> => {
    const clock = new FakeClock();
    clock.advance(start);
    const links = [timedLink(real, clock, `${++tries}:`), fakeRedis({ clock }).link()];
    for (const { wait: pause, script, keys, args } of steps) {
      if (pause < 0) clock.jump(pause);
      else clock.advance(pause);
      const [there, here] = await Promise.all(links.map((link) => outcome(link.script(script, keys, args))));
      assert.deepEqual(here, there);
    }
    const left = await Promise.all(
      links.map((link): Promise<RedisReply> => link.command('HGETALL', '{p}hash')),
    );
    assert.deepEqual(fields(left[1]), fields(left[0]));
  };

  it('decide and settle alike when the clock is set, on random schedules', async () => {
    // Keys end by the clock of either, and what has ended does not come back: long windows, from the middle, and high levels.
    const steps = limitSteps([3_600_000], fc.oneof(fc.constant(0), jump), ['9000000']);
    const property = fc.asyncProperty(steps, (drawn) => compare(drawn, 1_800_000));
    await fc.assert(property, { numRuns: 100 });
  });

  it('decide and settle alike, on random schedules', async () => {
    const steps = limitSteps([1, 7, 999, 1000, 60_000], wait);
    await fc.assert(
      fc.asyncProperty(steps, (drawn) => compare(drawn)),
      { numRuns: 150 },
    );
  });

  it('remember purges and keep answers alike, on random schedules', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(answerStep, { minLength: 1, maxLength: 30 }), (drawn) => compare(drawn)),
      {
        numRuns: 150,
      },
    );
  });
});

/** In no order: a hash has none. */
function fields(reply: RedisReply | undefined): unknown {
  assert.ok(Array.isArray(reply));
  return reply.map(String).toSorted();
}

describe('a Redis double', () => {
  const script = redisScript('of a test', 'return 1');

  it('refuses a script that it does not know, and says how to supply it', async () => {
    const call = fakeRedis().link().script(script, ['k']);
    await assert.rejects(call, {
      name: 'StoreError',
      kind: 'refused',
      message: /"of a test".*fakeRedis\(\{ scripts:/,
    });
    const known = fakeRedis({ scripts: [[script, ({ call: run }, [key = '']) => run('INCR', key)]] });
    assert.equal(await known.link().script(script, ['k']), 1);
    assert.deepEqual(known.keys(), ['waygate:k']);
  });

  it('refuses a command that it does not have, and says which it has', async () => {
    await assert.rejects(fakeRedis().link().command('ZUNION', 'k'), {
      kind: 'refused',
      message: /no ZUNION: use one of .*HGETALL/,
    });
    await assert.rejects(fakeRedis().link().command('SET', 'k', ['v', 'PX', 'x']), { kind: 'refused' });
  });

  it('answers about the wrong type as Redis does', async () => {
    const link = fakeRedis().link();
    await link.command('SET', 'k', ['v']);
    await assert.rejects(link.command('HGETALL', 'k'), { kind: 'refused', message: /WRONGTYPE/ });
  });

  it('keeps octets that are no text', async () => {
    const link = fakeRedis().link();
    const octets = Buffer.from([0, 255, 128, 10]);
    await link.command('SET', 'k', [octets]);
    assert.deepEqual(await link.command('GET', 'k', [], { binary: true }), octets);
    await link.command('SET', 'k', ['é']);
    assert.equal(await link.command('GET', 'k'), 'é');
  });

  it('lets keys end by its clock', async () => {
    const redis = fakeRedis();
    const link = redis.link();
    await link.command('SET', 'k', ['v', 'PX', '100']);
    redis.clock.advance(99);
    assert.equal(await link.command('PTTL', 'k'), 1);
    redis.clock.advance(1);
    assert.equal(await link.command('GET', 'k'), null);
    assert.deepEqual(redis.keys(), []);
  });

  it('fails, is slow and recovers as it is told', async () => {
    const redis = fakeRedis();
    const link = redis.link({ timeout: 50 });
    redis.fail();
    assert.equal(link.available, false);
    await assert.rejects(link.command('GET', 'k'), { kind: 'unavailable' });
    redis.fail('refused');
    assert.equal(link.available, true);
    await assert.rejects(link.command('GET', 'k'), { kind: 'refused' });
    redis.slow(100);
    const late = assert.rejects(link.command('INCR', 'k'), { kind: 'timeout' });
    redis.clock.advance(50);
    await late;
    redis.slow(20);
    const slow = link.command('INCR', 'k');
    redis.clock.advance(20);
    // What came too late was carried out all the same.
    assert.equal(await slow, 2);
    redis.recover();
    assert.equal(await link.command('INCR', 'k'), 3);
  });

  it('passes messages on to all who listen, and to nobody who is cut off', async () => {
    const redis = fakeRedis();
    const heard: string[] = [];
    const [one, other] = [redis.link(), redis.link({ keyPrefix: 'other:' })];
    const listen = (link: RedisLink, name: string): (() => void) =>
      link.subscribe('news', {
        message: (payload) => void heard.push(`${name} ${payload.toString()}`),
        listening: () => void heard.push(`${name} listens`),
      });
    const endOne = listen(one, 'one');
    listen(other, 'other');
    await one.publish('news', 'a');
    await eventually(() => heard.includes('one a'), 'it is heard');
    redis.fail();
    await assert.rejects(one.publish('news', 'b'));
    redis.recover();
    await eventually(() => heard.filter((each) => each === 'one listens').length === 2, 'it listens again');
    endOne();
    await one.publish('news', 'c');
    await one.command('GET', 'k');
    assert.deepEqual(heard.toSorted(), [
      'one a',
      'one listens',
      'one listens',
      'other listens',
      'other listens',
    ]);
  });

  it('leaves a link that was closed without an answer, and the others with theirs', async () => {
    const redis = fakeRedis();
    const [one, other] = [redis.link(), redis.link()];
    one.close();
    await assert.rejects(one.command('GET', 'k'), { kind: 'unavailable' });
    assert.equal(await other.command('GET', 'k'), null);
  });
});
