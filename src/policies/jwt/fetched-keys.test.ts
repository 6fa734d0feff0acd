import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { z } from 'zod';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { fakeExchange } from '../../../test/kit/fake-exchange.ts';
import { benchPolicy, type BenchedPolicy } from '../../../test/kit/policy-bench.ts';
import { issueToken, jwksOf, newKey, plainClaims, type SigningKey } from '../../../test/kit/token-issuer.ts';
import type { Reply } from '../../core/exchange.ts';
import type { Fetch, FetchedAnswer, FetchLimits } from '../../core/fetch.ts';
import { SharedValues } from '../../gateway/shared-values.ts';
import { jwt } from './jwt.ts';

const url = 'https://issuer.example/keys';
const base = { issuer: plainClaims.iss, audience: 'orders', jwks: url } satisfies z.input<typeof jwt.options>;
const [k1, k2, k3] = [newKey('k1'), newKey('k2'), newKey('k3')];

/** An issuer without a network: what it answers can be changed, held back, and counted. */
class FakeIssuer {
  readonly clock = new FakeClock();
  readonly asked: { url: string; limits: FetchLimits }[] = [];
  readonly logged: Readonly<Record<string, unknown>>[] = [];
  readonly share = new SharedValues().of('jwt');
  answers: Readonly<Record<string, string | number>> = {};
  /** Answers wait for it. */
  gate: Promise<unknown> = Promise.resolve();
  /** Called once, when an answer has been decided on. */
  release: (() => void) | undefined;

  publish(...keys: readonly SigningKey[]): void {
    this.answers = { [url]: jwksOf(...keys) };
  }

  fail(status = 500): void {
    this.answers = { [url]: status };
  }

  readonly fetch: Fetch = async (asked, limits) => {
    this.asked.push({ url: asked, limits });
    await this.gate;
    const answer = this.answers[asked];
    this.release?.();
    this.release = undefined;
    if (answer === undefined) throw new Error('ECONNREFUSED');
    return typeof answer === 'number' ? answered(answer, '') : answered(200, answer);
  };

  policy(options: Partial<z.input<typeof jwt.options>> = {}): BenchedPolicy {
    const { clock, fetch, share, logged } = this;
    const note = (fields: Readonly<Record<string, unknown>>): void => void logged.push(fields);
    const logger = { debug() {}, info: note, warn: note, error: note };
    return benchPolicy(jwt, { ...base, ...options }, { clock, fetch, share, logger });
  }

  /** A token that holds for long, no two alike. */
  token(key: SigningKey, header: Readonly<Record<string, unknown>> = {}): string {
    const exp = this.clock.now() / 1000 + 365 * 86_400;
    return issueToken(key, { ...plainClaims, exp, jti: String(this.asked.length + Math.random()) }, header);
  }
}

function answered(status: number, text: string): FetchedAnswer {
  return { status, headers: [], body: Buffer.from(text) };
}

async function replyOf({ instance }: BenchedPolicy, token: string): Promise<Reply | undefined> {
  const exchange = fakeExchange({ headers: { authorization: `Bearer ${token}` } });
  return (await instance.onRequest?.(exchange)) ?? undefined;
}

async function statusOf(policy: BenchedPolicy, token: string): Promise<number> {
  return (await replyOf(policy, token))?.status ?? 200;
}

describe('jwt, fetched keys', () => {
  it('are fetched when the policy is made, before anybody asks', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const policy = issuer.policy({ fetchTimeout: '3s' });
    await turn();
    assert.deepEqual(issuer.asked, [{ url, limits: { timeout: 3000, maxBytes: 256 * 1024 } }]);
    assert.equal(await statusOf(policy, issuer.token(k1)), 200);
    assert.equal(issuer.asked.length, 1);
  });

  it('are fetched once for however many requests wait', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const gate = Promise.withResolvers<undefined>();
    issuer.gate = gate.promise;
    const policy = issuer.policy();
    const waiting = Array.from({ length: 500 }, () => statusOf(policy, issuer.token(k1)));
    await turn();
    assert.equal(issuer.asked.length, 1);
    gate.resolve(undefined);
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set([200]));
    assert.equal(issuer.asked.length, 1);
  });

  it('are fetched once for all routes, and not again by a reload', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const routes = [issuer.policy(), issuer.policy(), issuer.policy({ audience: 'stock' })];
    assert.equal(await statusOf(issuer.policy(), issuer.token(k1)), 200);
    const reloaded = issuer.policy({ typ: 'JWT' });
    for (const { instance } of routes) void instance.close?.();
    issuer.fail();
    assert.equal(await statusOf(reloaded, issuer.token(k1, { typ: 'JWT' })), 200);
    assert.equal(issuer.asked.length, 1);
  });

  it('are found by discovery, of the very issuer', async () => {
    const issuer = new FakeIssuer();
    const metadataUrl = 'https://issuer.example/.well-known/openid-configuration';
    const policy = issuer.policy({ jwks: undefined });
    issuer.answers = {
      [metadataUrl]: JSON.stringify({ issuer: base.issuer, jwks_uri: 'https://keys.example/jwks' }),
      'https://keys.example/jwks': jwksOf(k1),
    };
    assert.equal(await statusOf(policy, issuer.token(k1)), 200);
    assert.deepEqual(
      issuer.asked.map((each) => each.url),
      [metadataUrl, 'https://keys.example/jwks'],
    );
  });

  for (const [what, metadata] of [
    ['is about another issuer', { issuer: `${base.issuer}/`, jwks_uri: url }],
    ['has no jwks_uri', { issuer: base.issuer }],
    ['is not https', { issuer: base.issuer, jwks_uri: 'http://169.254.169.254/keys' }],
    ['is not https', { issuer: base.issuer, jwks_uri: 'http://127.0.0.1:9901/keys' }],
    ['is no https URL', { issuer: base.issuer, jwks_uri: 'file:///etc/passwd' }],
    ['is no JSON object', '<html>'],
  ] as const) {
    it(`are not taken from metadata that ${what}`, async () => {
      const issuer = new FakeIssuer();
      issuer.answers = {
        'https://issuer.example/.well-known/openid-configuration':
          typeof metadata === 'string' ? metadata : JSON.stringify(metadata),
        ...Object.fromEntries(
          [url, 'http://169.254.169.254/keys', 'http://127.0.0.1:9901/keys'].map((each) => [
            each,
            jwksOf(k1),
          ]),
        ),
      };
      assert.equal(await statusOf(issuer.policy({ jwks: undefined }), issuer.token(k1)), 503);
      assert.equal(issuer.asked.length, 1);
      assert.match(String(issuer.logged[0]?.['err']), new RegExp(what));
    });
  }

  for (const status of [206, 302, 404, 500]) {
    it(`are not taken from a ${status}, whatever is in it`, async () => {
      const issuer = new FakeIssuer();
      const fetch: Fetch = () => Promise.resolve(answered(status, jwksOf(k1)));
      const policy = benchPolicy(jwt, base, { clock: issuer.clock, fetch });
      assert.equal(await statusOf(policy, issuer.token(k1)), 503);
    });
  }

  it('are refreshed in the background before they are too old', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const policy = issuer.policy({ keyMaxAge: '10m' });
    assert.equal(await statusOf(policy, issuer.token(k1)), 200);
    issuer.publish(k1, k2);
    issuer.gate = new Promise(() => {});
    issuer.clock.advance(7.5 * 60_000 - 1);
    assert.equal(await statusOf(policy, issuer.token(k1)), 200);
    assert.equal(issuer.asked.length, 1);
    issuer.clock.advance(1);
    // Nobody waits for the fetch, which never ends.
    for (let i = 0; i < 10; i++) assert.equal(await statusOf(policy, issuer.token(k1)), 200);
    assert.equal(issuer.asked.length, 2);
  });

  it('are refreshed by requests with a remembered token too', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const policy = issuer.policy();
    const token = issuer.token(k1);
    await statusOf(policy, token);
    issuer.clock.advance(8 * 60_000);
    assert.equal(
      policy.instance.onRequest?.(fakeExchange({ headers: { authorization: `Bearer ${token}` } })),
      undefined,
    );
    assert.equal(issuer.asked.length, 2);
  });

  it('are looked at before anybody is let in by keys that are too old', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const policy = issuer.policy();
    const token = issuer.token(k1);
    assert.equal(await statusOf(policy, token), 200);
    issuer.publish(k2);
    issuer.clock.advance(10 * 60_000);
    assert.equal(await statusOf(policy, token), 401);
    assert.equal(await statusOf(policy, issuer.token(k2)), 200);
  });

  it('let nobody in any more when they are gone, nor what was remembered by them', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1, k2);
    const policy = issuer.policy();
    const [first, second] = [issuer.token(k1), issuer.token(k2)];
    await statusOf(policy, first);
    await statusOf(policy, second);
    issuer.publish(k2);
    issuer.clock.advance(8 * 60_000);
    await statusOf(policy, second);
    await turn();
    assert.equal(await statusOf(policy, first), 401);
    const kept = policy.instance.onRequest?.(
      fakeExchange({ headers: { authorization: `Bearer ${second}` } }),
    );
    assert.equal(kept, undefined, 'a key that stays is the same key');
  });

  it('are fetched again for an unknown kid, at once, also right after they were fetched', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const policy = issuer.policy();
    assert.equal(await statusOf(policy, issuer.token(k1)), 200);
    issuer.publish(k1, k2);
    const statuses = await Promise.all([k2, k2, k1, k2].map((key) => statusOf(policy, issuer.token(key))));
    assert.deepEqual(statuses, [200, 200, 200, 200]);
    assert.equal(issuer.asked.length, 2);
  });

  it('are looked for in vain once in a cool-down, and whoever comes meanwhile is told to come again', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const policy = issuer.policy({ keyCooldown: '10s' });
    assert.equal(await statusOf(policy, issuer.token(k1)), 200);
    const together = Array.from({ length: 500 }, (_, i) =>
      statusOf(policy, issuer.token(k3, { kid: `x${i}` })),
    );
    const [first, ...others] = await Promise.all(together);
    assert.equal(first, 401, 'it was looked for');
    assert.deepEqual(new Set(others), new Set([503]), 'they came when the look had begun');
    assert.equal(issuer.asked.length, 2);
    issuer.publish(k1, k2);
    issuer.clock.advance(4500);
    const reply = await replyOf(policy, issuer.token(k2));
    assert.equal(reply?.status, 503, 'it is valid, but nobody has looked');
    assert.equal(new Map(reply.headers).get('retry-after'), '6');
    assert.match(textOf(reply), /"code":"keys_unavailable"/);
    for (let i = 0; i < 2000; i++)
      assert.equal(await statusOf(policy, issuer.token(k3, { kid: `y${i}` })), 503);
    assert.equal(await statusOf(policy, issuer.token(k1)), 200);
    assert.equal(issuer.asked.length, 2);
    issuer.clock.advance(5500);
    assert.equal(await statusOf(policy, issuer.token(k2)), 200);
    assert.equal(issuer.asked.length, 3);
  });

  it('are waited for near the end of a cool-down, by a thousand requests at most', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const policy = issuer.policy({ keyCooldown: '10s', fetchTimeout: '2s' });
    assert.equal(await statusOf(policy, issuer.token(k1)), 200);
    assert.equal(await statusOf(policy, issuer.token(k3)), 401);
    issuer.publish(k1, k2);
    issuer.clock.advance(8000);
    const waiting = [k2, k3].flatMap((key) =>
      Array.from({ length: 500 }, () => statusOf(policy, issuer.token(key))),
    );
    await turn();
    assert.equal(await statusOf(policy, issuer.token(k2)), 503, 'one more than may wait');
    assert.equal(await statusOf(policy, issuer.token(k1)), 200);
    assert.equal(issuer.asked.length, 2);
    issuer.clock.advance(2000);
    t.mock.timers.tick(2000);
    const statuses = await Promise.all(waiting);
    assert.deepEqual([statuses.indexOf(401), statuses.lastIndexOf(200)], [500, 499]);
    assert.equal(issuer.asked.length, 3);
    // It has found something: no cool-down, but a second.
    issuer.publish(k1, k2, k3);
    assert.equal(await Promise.race([statusOf(policy, issuer.token(k3)), turn(0)]), 0, 'it waits');
    assert.equal(issuer.asked.length, 3);
    issuer.clock.advance(1000);
    assert.equal(await statusOf(policy, issuer.token(k3)), 200);
    assert.equal(issuer.asked.length, 4);
  });

  it('are fetched anew for a key that was published while a fetch was under way', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const policy = issuer.policy();
    await statusOf(policy, issuer.token(k1));
    const gate = Promise.withResolvers<undefined>();
    issuer.gate = gate.promise;
    issuer.clock.advance(8 * 60_000);
    const old = statusOf(policy, issuer.token(k1));
    await turn();
    assert.equal(issuer.asked.length, 2, 'a refresh is under way');
    const fresh = Array.from({ length: 50 }, () => statusOf(policy, issuer.token(k2)));
    await turn();
    // What is under way brings what there was; the key is there for whoever asks now.
    issuer.release = () => issuer.publish(k1, k2);
    gate.resolve(undefined);
    assert.deepEqual(new Set(await Promise.all([old, ...fresh])), new Set([200]));
    assert.equal(issuer.asked.length, 3);
  });

  it('do not keep a request waiting whose policy is gone', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const policy = issuer.policy({ keyCooldown: '1s' });
    await statusOf(policy, issuer.token(k1));
    await statusOf(policy, issuer.token(k3));
    const waiting = statusOf(policy, issuer.token(k3));
    await turn();
    await policy.instance.close?.();
    assert.equal(await waiting, 401);
    assert.equal(issuer.asked.length, 2);
  });

  it('are not fetched for a bad signature under a known kid', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const policy = issuer.policy();
    await statusOf(policy, issuer.token(k1));
    issuer.clock.advance(60_000);
    assert.equal(await statusOf(policy, issuer.token(k2, { kid: 'k1' })), 401);
    assert.equal(issuer.asked.length, 1);
  });

  it('are kept while the issuer is down, however long, and nobody waits for it', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const policy = issuer.policy();
    await statusOf(policy, issuer.token(k1));
    for (const answer of [
      500,
      302,
      404,
      '',
      '<html>',
      '{}',
      '{"keys":[]}',
      '{"keys":7}',
      jwksOf(k2).slice(0, -1),
      JSON.stringify({ keys: [{ kty: 'oct', k: 'AAAA' }] }),
    ]) {
      issuer.answers = { [url]: answer };
      issuer.clock.advance(20 * 60_000);
      assert.equal(await statusOf(policy, issuer.token(k1)), 200, String(answer));
      await turn();
      assert.equal(await statusOf(policy, issuer.token(k2)), 401, String(answer));
    }
    issuer.publish(k2);
    issuer.clock.advance(10_000);
    await statusOf(policy, issuer.token(k1));
    await turn();
    assert.equal(await statusOf(policy, issuer.token(k2)), 200);
    assert.equal(await statusOf(policy, issuer.token(k1)), 401);
  });

  it('are given up when the issuer has been down for too long, and are back when it is', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const policy = issuer.policy({ keyMaxStale: '24h' });
    const token = issuer.token(k1);
    await statusOf(policy, token);
    issuer.fail();
    issuer.clock.advance(24 * 3_600_000 - 1);
    assert.equal(await statusOf(policy, token), 200);
    assert.equal(await statusOf(policy, issuer.token(k2)), 401);
    issuer.clock.advance(10_000);
    for (const each of [token, issuer.token(k1), issuer.token(k2)])
      assert.equal(await statusOf(policy, each), 503);
    issuer.publish(k1);
    issuer.clock.advance(10_000);
    assert.equal(await statusOf(policy, token), 200);
  });

  it('are used without a wait when the issuer has failed and hangs now', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const policy = issuer.policy();
    await statusOf(policy, issuer.token(k1));
    issuer.fail();
    issuer.clock.advance(20 * 60_000);
    assert.equal(await statusOf(policy, issuer.token(k1)), 200);
    issuer.gate = new Promise(() => {});
    issuer.clock.advance(60_000);
    for (let i = 0; i < 3; i++) assert.equal(await statusOf(policy, issuer.token(k1)), 200);
    assert.equal(issuer.asked.length, 3);
  });

  it('cost 503 and never a pass when the issuer was down from the start, and are there when it is back', async () => {
    const issuer = new FakeIssuer();
    const policy = issuer.policy({ optional: true });
    const reply = await policy.instance.onRequest?.(
      fakeExchange({ headers: { authorization: `Bearer ${issuer.token(k1)}` } }),
    );
    assert.equal(reply?.status, 503);
    assert.match(textOf(reply), /"code":"keys_unavailable"/);
    assert.equal(new Map(reply.headers).get('retry-after'), '5');
    assert.equal(await statusOf(policy, 'x.y.z'), 401);
    issuer.publish(k1);
    assert.equal(await statusOf(policy, issuer.token(k1)), 503, 'it was tried a moment ago');
    issuer.clock.advance(1000);
    assert.equal(await statusOf(policy, issuer.token(k1)), 200);
  });

  it('are tried at ever longer pauses while the issuer is down', async () => {
    const issuer = new FakeIssuer();
    const policy = issuer.policy({ keyCooldown: '5s' });
    await turn();
    const tries: number[] = [];
    for (let second = 1; second <= 30; second++) {
      issuer.clock.advance(1000);
      const before = issuer.asked.length;
      await statusOf(policy, issuer.token(k1));
      if (issuer.asked.length > before) tries.push(second);
    }
    assert.deepEqual(tries, [1, 3, 7, 12, 17, 22, 27]);
  });

  it('rotate from old over both to new without a token refused, at one fetch a step', async () => {
    const issuer = new FakeIssuer();
    issuer.publish(k1);
    const policy = issuer.policy();
    assert.equal(await statusOf(policy, issuer.token(k1)), 200);
    issuer.clock.advance(60_000);
    issuer.publish(k1, k2);
    for (const key of [k1, k2, k1, k2]) assert.equal(await statusOf(policy, issuer.token(key)), 200);
    issuer.clock.advance(60_000);
    issuer.publish(k2);
    for (let i = 0; i < 5; i++) assert.equal(await statusOf(policy, issuer.token(k2)), 200);
    assert.equal(issuer.asked.length, 2);
  });
});

function textOf(reply: Reply | undefined): string {
  return typeof reply?.body === 'string' ? reply.body : '';
}
