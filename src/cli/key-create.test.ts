import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { fakeExchange } from '../../test/kit/fake-exchange.ts';
import { ask, benchPolicy } from '../../test/kit/policy-bench.ts';
import { waygate, workFolder } from '../../test/kit/waygate-command.ts';
import { systemRandom } from '../core/random.ts';
import { unconnectedRedis } from '../core/redis.ts';
import { createPaint } from '../observe/paint.ts';
import { apiKey } from '../policies/api-key/api-key.ts';
import { createKey, type KeyRequest } from './commands/key-create.ts';
import { Failure } from './failure.ts';

const printed = z.object({
  key: z.string(),
  entry: z.object({ name: z.string(), groups: z.array(z.string()).optional(), keys: z.array(z.unknown()) }),
});

/** What the command prints on 1 January 2026. */
function run(request: KeyRequest): string {
  let text = '';
  const out = (more: string): void => void (text += more);
  const paint = createPaint(false);
  const terminal = {
    ...{ out, err: out, flushed: () => Promise.resolve(undefined), paint, errPaint: paint },
    ...{ interactive: false, color: { out: false, err: false } },
  };
  createKey(terminal, request, { clock: new FakeClock(), random: systemRandom });
  return text;
}

/** The entry as it stands in the text, and the key. */
function taken(text: string): { readonly key: string; readonly consumers: unknown } {
  const block = /\n( +- name:[^]*?)\n\n/.exec(text)?.[1] ?? '';
  return { key: /^ {2}(wg_\S+)$/m.exec(text)?.[1] ?? '', consumers: parse(block) };
}

describe('waygate key create', () => {
  for (const request of [
    { name: 'acme' },
    { name: 'acme', group: ['gold', 'eu', 'gold'], expires: '90d', label: 'of "2026": first' },
    { name: 'true', group: ['a, b', '#c'], expires: '2026-02-01' },
    { name: '- x: ${HOME}', label: '' },
  ]) {
    it(`prints an entry with which the key works: ${JSON.stringify(request)}`, () => {
      const { key, consumers } = taken(run(request));
      const written = JSON.parse(JSON.stringify(consumers).replaceAll('$${', '${')) as never;
      const policy = benchPolicy(apiKey, { consumers: written }, { clock: new FakeClock() });
      const exchange = fakeExchange({ headers: { 'x-api-key': key } });
      assert.equal(ask(policy, exchange), undefined);
      assert.deepEqual(exchange.consumer, { id: request.name, groups: [...new Set(request.group ?? [])] });
    });
  }

  it('shows where the entry goes, so that somebody without such a policy can take all of it', () => {
    const text = run({ name: 'acme', label: 'first' });
    const block = /\n( +policies:[^]*?)\n\n/.exec(text)?.[1] ?? '';
    const { policies } = parse(block) as { policies: unknown };
    assert.deepEqual(policies, [{ 'api-key': { consumers: taken(text).consumers } }]);
  });

  it('prints the command with which the key works in Redis, whatever the name', async () => {
    const request = { name: "o'brien $(id)", group: ['gold'], expires: '90d', redisPrefix: 'shop:' };
    const text = run(request);
    const line = /^ +(redis-cli SET .*)$/m.exec(text)?.[1] ?? '';
    const words = execFileSync('sh', ['-c', `printf '%s\\n' ${line.replace('redis-cli ', '')}`], {
      encoding: 'utf8',
    });
    const [command, key = '', entry = '', option, seconds] = words.split('\n');
    assert.deepEqual([command, option], ['SET', 'EXAT']);
    const now = new FakeClock().now();
    assert.equal(Number(seconds) * 1000, now + 90 * 86_400_000);
    const redis = {
      ...unconnectedRedis,
      command: (_: string, name: string) => Promise.resolve(`shop:${name}` === key ? entry : null),
    };
    const policy = benchPolicy(apiKey, { redis: true }, { clock: new FakeClock(), redis });
    const exchange = fakeExchange({ headers: { 'x-api-key': /^ {2}(wg_\S+)$/m.exec(text)?.[1] ?? '' } });
    assert.equal(await policy.instance.onRequest?.(exchange), undefined);
    assert.deepEqual(exchange.consumer, { id: request.name, groups: ['gold'] });
  });

  it('never prints the key a second time, and never the same key', () => {
    const [first, second] = [run({ name: 'acme' }), run({ name: 'acme' })];
    assert.equal(first.split(taken(first).key).length, 2);
    assert.notEqual(taken(first).key, taken(second).key);
  });

  it('says from when on the key is refused', () => {
    assert.match(run({ name: 'acme', expires: '90d' }), / expires: 2026-04-01T00:00:00Z\n/);
    assert.match(run({ name: 'acme', expires: '2026-02-01' }), /works until 2026-02-01, or until/);
  });

  it('prints JSON for programs', () => {
    const { key, entry } = printed.parse(JSON.parse(run({ name: 'acme', group: ['gold'], json: true })));
    const digest = `sha256:${createHash('sha256').update(key).digest('hex')}`;
    assert.deepEqual(entry, { name: 'acme', groups: ['gold'], keys: [{ digest }] });
  });

  for (const [request, message] of [
    [{ name: '' }, /^The name "" cannot be used: /],
    [{ name: 'a\nb' }, /^The name "a\\nb" cannot be used: /],
    [{ name: 'acme', group: ['gold', ' '] }, /^The group " " cannot be used: /],
    [{ name: 'acme', label: 'x'.repeat(201) }, /^The label "x+" cannot be used: /],
    [{ name: 'acme', expires: '90' }, /^"90" does not say when/],
    [{ name: 'acme', expires: 'tomorrow' }, /^"tomorrow" does not say when/],
    [{ name: 'acme', expires: '2025-12-31' }, /^2025-12-31 is over/],
    [{ name: 'acme', expires: '2026-02-30' }, /^The expiry "2026-02-30" cannot be used/],
    [{ name: 'acme', expires: '2200-01-01' }, /^The expiry "2200-01-01" cannot be used/],
  ] as const) {
    it(`refuses ${JSON.stringify(request).slice(0, 60)}, and says what to write instead`, () => {
      assert.throws(
        () => run(request),
        (error) =>
          error instanceof Failure &&
          message.test(error.message) &&
          error.exitCode === 2 &&
          error.remedy?.startsWith('Write ') === true,
      );
    });
  }

  it('is a command', async (t) => {
    const folder = workFolder(t);
    const { code, out, err } = await waygate(folder, ['key', 'create', 'acme', '-g', 'gold', '-g', 'eu']);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /groups: \[gold, eu\]/);
    assert.equal((await waygate(folder, ['key', 'create'])).code, 2);
    assert.equal((await waygate(folder, ['key', 'make', 'acme'])).code, 2);
  });
});
