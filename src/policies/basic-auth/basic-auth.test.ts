import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { z } from 'zod';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { fakeExchange, type FakeExchange } from '../../../test/kit/fake-exchange.ts';
import { basic, bcryptDigest, scryptDigest } from '../../../test/kit/password-digests.ts';
import { benchPolicy, optionMistakes, type BenchedPolicy } from '../../../test/kit/policy-bench.ts';
import type { Reply } from '../../core/exchange.ts';
import type { Setup } from '../../core/policy.ts';
import { basicAuth } from './basic-auth.ts';

type Options = z.input<typeof basicAuth.options>;

const alice = { name: 'alice', digest: scryptDigest('opensesame'), groups: ['staff'], scopes: ['read'] };
const bob = { name: 'bob', digest: bcryptDigest('swordfish') };
const made: BenchedPolicy[] = [];
after(async () => {
  for (const { instance } of made) await instance.close?.();
});

function bench(options: Partial<Options> = {}, setup: Partial<Setup> = {}): BenchedPolicy {
  const policy = benchPolicy(basicAuth, { users: [alice], ...options }, { clock: new FakeClock(), ...setup });
  made.push(policy);
  return policy;
}

function withHeader(...values: readonly string[]): FakeExchange {
  return fakeExchange({ id: 'req-1', headers: values.map((value) => ['Authorization', value] as const) });
}

async function ask({ instance }: BenchedPolicy, exchange: FakeExchange): Promise<Reply | undefined> {
  return (await instance.onRequest?.(exchange)) ?? undefined;
}

async function statusOf(policy: BenchedPolicy, ...values: readonly string[]): Promise<number> {
  return (await ask(policy, withHeader(...values)))?.status ?? 200;
}

describe('basic-auth', () => {
  it('lets users with their password pass, and says who is asking', async () => {
    const policy = bench({ users: [alice, bob] });
    const exchange = withHeader(basic('alice', 'opensesame'));
    assert.equal(await ask(policy, exchange), undefined);
    assert.deepEqual(exchange.consumer, { id: 'alice', groups: ['staff'], scopes: ['read'] });
    assert.equal(exchange.request.headers.has('authorization'), false, 'the service does not see it');
    assert.equal(await statusOf(policy, basic('bob', 'swordfish')), 200);
    assert.equal(await statusOf(policy, basic('bob', 'opensesame')), 401);
    assert.equal(await statusOf(policy, basic('alice', 'swordfish')), 401);
  });

  it('takes bcrypt in each of its spellings', async () => {
    for (const prefix of ['$2a$', '$2b$', '$2y$']) {
      const policy = bench({ users: [{ ...bob, digest: bob.digest.replace(/^\$2.\$/, prefix) }] });
      assert.equal(await statusOf(policy, basic('bob', 'swordfish')), 200, prefix);
      assert.equal(await statusOf(policy, basic('bob', 'swordfisch')), 401, prefix);
    }
  });

  it('takes no password by bcrypt of which bcrypt would see the beginning only', async () => {
    const just = 'ä'.repeat(36);
    const policy = bench({ users: [{ name: 'bob', digest: bcryptDigest(just) }] });
    assert.equal(await statusOf(policy, basic('bob', just)), 200);
    assert.equal(await statusOf(policy, basic('bob', `${just}!`)), 401);
  });

  it('forwards the header when told to', async () => {
    const exchange = withHeader(basic('alice', 'opensesame'));
    assert.equal(await ask(bench({ forward: true }), exchange), undefined);
    assert.equal(exchange.request.headers.get('authorization'), basic('alice', 'opensesame'));
  });

  it('reads UTF-8, and takes an accent however it is written', async () => {
    const users = [{ name: 'zo\u00eb', digest: scryptDigest('caf\u00e9 au lait') }];
    for (const [name, password] of [
      ['zo\u00eb', 'caf\u00e9 au lait'],
      ['zoe\u0308', 'cafe\u0301 au lait'],
    ] as const)
      assert.equal(await statusOf(bench({ users }), basic(name, password)), 200);
  });

  it('takes a password with colons, and an empty one never for another', async () => {
    const users = [{ name: 'alice', digest: scryptDigest('a:b:') }];
    assert.equal(await statusOf(bench({ users }), basic('alice', 'a:b:')), 200);
    assert.equal(await statusOf(bench({ users }), basic('alice', '')), 401);
  });

  const encoded = basic('alice', 'opensesame').slice(6);
  for (const [what, values, anonymous] of [
    ['no header', [], true],
    ['another scheme', ['Bearer x'], true],
    ['a scheme that begins alike', [`Basically ${encoded}`], true],
    ['the scheme alone', ['Basic'], undefined],
    ['nothing behind the scheme', ['Basic '], undefined],
    ['two headers', [`Basic ${encoded}`, `Basic ${encoded}`], undefined],
    ['a header of another scheme behind it', [`Basic ${encoded}`, 'Bearer x'], undefined],
    ['two values in one', [`Basic ${encoded}, Basic ${encoded}`], undefined],
    ['base64url', [`Basic ${Buffer.from('alice:opensesame>>>???').toString('base64url')}`], undefined],
    ['base64 without its padding', [`Basic ${encoded.replace(/=+$/, '')}`], undefined],
    ['base64 with bits to spare', [`Basic ${encoded.replace('Q==', 'R==')}`], undefined],
    ['blanks in base64', [`Basic ${encoded.slice(0, 4)} ${encoded.slice(4)}`], undefined],
    ['a parameter', [`Basic ${encoded}, charset="UTF-8"`], undefined],
    ['no colon', [`Basic ${Buffer.from('alice').toString('base64')}`], undefined],
    ['no name', [basic('', 'opensesame')], undefined],
    ['a name with a control', [basic('ali\u0000ce', 'opensesame')], undefined],
    ['a password with a control', [basic('alice', 'opensesame\n')], undefined],
    ['Latin-1', [`Basic ${Buffer.from('alic\u00e9:opensesame', 'latin1').toString('base64')}`], undefined],
    ['another case', [basic('Alice', 'opensesame')], undefined],
    ['64 KB', [basic('alice', 'x'.repeat(65_536))], undefined],
    ['a name that every object has', [basic('__proto__', 'opensesame')], undefined],
  ] as const) {
    it(`refuses ${what} with the same words`, async () => {
      const reply = await ask(bench(), withHeader(...values));
      assert.deepEqual(
        { ...reply, anonymous: undefined },
        {
          status: 401,
          code: 'password_refused',
          headers: [
            ['content-type', 'application/problem+json'],
            ['cache-control', 'no-store'],
            ['www-authenticate', 'Basic realm="waygate", charset="UTF-8"'],
          ],
          body: '{"title":"Unauthorized","status":401,"detail":"A valid name and password are needed.","code":"password_refused","requestId":"req-1"}',
          anonymous: undefined,
        },
      );
      assert.equal(reply?.anonymous, anonymous);
    });
  }

  it('refuses control characters, though the digest were of a password with one', async () => {
    const policy = bench({ users: [{ name: 'alice', digest: scryptDigest('open\tsesame') }] });
    assert.equal(await statusOf(policy, basic('alice', 'open\tsesame')), 401);
  });

  it('takes the scheme in any case, and blanks behind it', async () => {
    for (const scheme of ['basic ', 'BASIC  ', 'Basic   '])
      assert.equal(await statusOf(bench(), scheme + encoded), 200, scheme);
  });

  it('names its realm', async () => {
    const reply = await ask(bench({ realm: 'a "b" \\ c' }), withHeader());
    assert.deepEqual(
      new Map(reply?.headers).get('www-authenticate'),
      'Basic realm="a \\"b\\" \\\\ c", charset="UTF-8"',
    );
  });

  it('discards Basic credentials only', () => {
    for (const [value, left] of [
      [basic('a', 'b'), undefined],
      ['basic', undefined],
      ['Bearer x', 'Bearer x'],
    ] as const) {
      const exchange = withHeader(value);
      bench({ forward: true }).instance.discardCredentials?.(exchange);
      assert.equal(exchange.request.headers.get('authorization'), left);
    }
  });
});

describe('basic-auth verifies', () => {
  const good = basic('alice', 'opensesame');

  it('good credentials once, and remembers them for five minutes', async () => {
    const clock = new FakeClock();
    const policy = bench({}, { clock });
    assert.equal(await statusOf(policy, good), 200);
    const exchange = withHeader(good);
    assert.equal(policy.instance.onRequest?.(exchange), undefined, 'it answers at once');
    assert.equal(exchange.consumer?.id, 'alice');
    assert.deepEqual([policy.counts.get('computed'), policy.counts.get('remembered')], [1, 1]);
    clock.advance(5 * 60_000);
    assert.equal(await statusOf(policy, good), 200);
    assert.equal(policy.counts.get('computed'), 2);
  });

  it('remembers none when told so', async () => {
    const policy = bench({ remember: 0 });
    for (let i = 0; i < 2; i++) assert.equal(await statusOf(policy, good), 200);
    assert.equal(policy.counts.get('computed'), 2);
  });

  it('the same bad credentials once in ten seconds', async () => {
    const clock = new FakeClock();
    const policy = bench({}, { clock });
    for (let i = 0; i < 3; i++) assert.equal(await statusOf(policy, basic('alice', 'wrong')), 401);
    assert.equal(policy.counts.get('computed'), 1);
    clock.advance(10_000);
    assert.equal(await statusOf(policy, basic('alice', 'wrong')), 401);
    assert.equal(policy.counts.get('computed'), 2);
  });

  it('the password of an unknown user as that of a known one', async () => {
    for (const users of [[alice], [bob], [alice, bob]]) {
      const policy = bench({ users });
      for (const name of ['mallory', 'eve', 'trent'])
        for (const password of ['opensesame', 'swordfish', 'x'])
          assert.equal(await statusOf(policy, basic(name, password)), 401);
      assert.equal(policy.counts.get('computed'), 9);
    }
  });

  it('credentials that many requests bring at once only once', async () => {
    const policy = bench();
    const statuses = await Promise.all(Array.from({ length: 100 }, () => statusOf(policy, good)));
    assert.deepEqual(new Set(statuses), new Set([200]));
    assert.equal(policy.counts.get('computed'), 1);
  });

  it('no more than it has room for, and says when to come again', async () => {
    const policy = bench();
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, i) => ask(policy, withHeader(basic('alice', `wrong ${i}`)))),
    );
    const late = replies.filter((reply) => reply?.status === 503);
    assert.equal(late.length, 40 - 2 - 32);
    assert.equal(new Map(late[0]?.headers).get('retry-after'), '1');
    assert.match(JSON.stringify(late[0]?.body), /passwords_busy/);
    assert.equal(policy.counts.get('computed'), 34);
    assert.equal(await statusOf(policy, good), 200, 'there is room again');
  });

  it('explains without showing anything of the password', async () => {
    for (const [values, note] of [
      [[], 'there is no name and password'],
      [['Basic x'], 'there is no user with that name and password'],
      [[basic('alice', 'wrong')], 'there is no user with that name and password'],
      [[good], 'it is the password of alice'],
    ] as const) {
      const step = await bench().instance.explain?.(withHeader(...values));
      assert.deepEqual(step?.notes, [note]);
      assert.equal(step.reply?.status, values[0] === good ? undefined : 401);
    }
  });
});

describe('basic-auth refuses options', () => {
  const scrypt = alice.digest;
  for (const [digest, found] of [
    ['opensesame', 'a password in clear text, or no digest'],
    ['', 'an empty digest'],
    ['{SHA}qvTGHdzF6KLavt4PO0gs2a6pQ00=', 'neither of scrypt nor of bcrypt'],
    ['$apr1$x$y', 'neither of scrypt nor of bcrypt'],
    ['$6$salt$hash', 'neither of scrypt nor of bcrypt'],
    ['$argon2id$v=19$m=1,t=1,p=1$YQ$YQ', 'neither of scrypt nor of bcrypt'],
    ['$2x$05$' + 'a'.repeat(53), 'neither of scrypt nor of bcrypt'],
    ['sha256:' + 'a'.repeat(64), 'neither of scrypt nor of bcrypt'],
    [bob.digest.slice(0, -1), 'that is not complete'],
    [bob.digest.replace('$05$', '$04$'), 'bcrypt with a cost of 4'],
    [bob.digest.replace('$05$', '$15$'), 'bcrypt with a cost of 15'],
    [scrypt.replace('ln=14', 'ln=13'), 'too little time'],
    [scrypt.replace('ln=14', 'ln=18'), 'too much time or memory'],
    [scrypt.replace('ln=14', 'ln=99'), 'too much time or memory'],
    [scrypt.replace('r=8', 'r=99').replace('ln=14', 'ln=17'), 'too much time or memory'],
    [scrypt.replace('p=1', 'p=99'), 'too much time or memory'],
    [scrypt.replace('ln=14', 'ln=0'), 'that is not complete'],
    [scrypt.slice(0, -30), 'that is not complete'],
  ] as const) {
    it(`with the digest ${digest.slice(0, 40)}, and shows nothing of it`, () => {
      const mistakes = optionMistakes(basicAuth, { users: [{ name: 'a', digest }] });
      assert.equal(mistakes.length, 1, mistakes.join());
      assert.match(mistakes[0] ?? '', /^users\.0\.digest: /);
      assert.ok(mistakes[0]?.includes(found), mistakes[0]);
      if (digest !== '') assert.ok(mistakes[0]?.includes(digest) === false);
    });
  }

  for (const [users, found] of [
    [[], 'users: the list is empty'],
    [[{ ...alice, name: 'a:b' }], 'users.0.name: this is not a name that a user can have'],
    [[{ ...alice, name: ' a' }], 'users.0.name: this is not a name'],
    [[{ ...alice, name: 'a\n' }], 'users.0.name: this is not a name'],
    [[{ ...alice, name: '' }], 'users.0.name: this is not a name'],
    [[alice, bob, alice], 'users.2.name: user 1 of the list has this name too'],
    [
      [
        { ...alice, name: 'zo\u00eb' },
        { ...alice, name: 'zoe\u0308' },
      ],
      'users.1.name: user 1 of the list',
    ],
    [[{ ...alice, password: 'x' }], 'users.0.password: unknown key "password"'],
    [[{ ...alice, groups: ['a\r\nb'] }], 'users.0.groups.0: this is not a name'],
  ] as const) {
    it(`that say ${found}`, () => {
      const mistakes = optionMistakes(basicAuth, { users });
      assert.ok(mistakes[0]?.startsWith(found), mistakes.join());
    });
  }
});
