import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import { fakeExchange, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { ask, benchPolicy, optionMistakes } from '../../../test/kit/policy-bench.ts';
import type { Consumer, Reply } from '../../core/exchange.ts';
import type { Setup } from '../../core/policy.ts';
import { authorize } from './authorize.ts';

type Options = z.input<typeof authorize.options>;

const alice: Consumer = {
  id: 'alice',
  groups: ['staff'],
  scopes: ['orders:read'],
  claims: { sub: 'alice', email: 'alice@example.com' },
};

const shop: Options = {
  rules: [
    {
      name: 'own-orders',
      methods: ['GET', 'PUT'],
      allow: 'claims.sub == params.userId or "admin" in groups',
    },
    {
      name: 'writers',
      methods: ['POST', 'PUT'],
      scopes: ['orders:write', 'orders:read'],
      groups: ['staff', 'admin'],
    },
    { name: 'few', methods: ['DELETE'], consumers: ['root', 'alice'] },
  ],
};

function bench(options: Options = shop, setup: Partial<Setup> = {}) {
  return benchPolicy(authorize, options, { paramNames: ['userId'], ...setup });
}

function asked(init: FakeExchangeInit, options: Options = shop): Reply | undefined {
  return ask(bench(options), fakeExchange({ params: { userId: 'alice' }, consumer: alice, ...init }));
}

/** The status and the rule that refuses, or `passes`. */
function verdict(init: FakeExchangeInit, options: Options = shop): string {
  const reply = asked(init, options);
  if (reply === undefined) return 'passes';
  const { rule } = JSON.parse(textOf(reply)) as { rule?: string };
  return [reply.status, rule].filter((part) => part !== undefined).join(' ');
}

function challengeOf(reply: Reply | undefined): string | undefined {
  return new Map(reply?.headers).get('www-authenticate');
}

function textOf(reply: Reply | undefined): string {
  return typeof reply?.body === 'string' ? reply.body : '';
}

/** The exchange of somebody without any consumer. */
const nobody = (method: string) => fakeExchange({ method, params: { userId: 'alice' } });

describe('authorize', () => {
  it('lets a request pass for which every rule for its method holds', () => {
    assert.equal(verdict({}), 'passes');
    assert.equal(verdict({ params: { userId: 'bob' } }), '403 own-orders');
    assert.equal(verdict({ params: { userId: 'bob' }, consumer: { ...alice, groups: ['admin'] } }), 'passes');
    const writer = { ...alice, scopes: ['orders:write', 'orders:read'] };
    assert.equal(verdict({ method: 'POST', consumer: writer }), 'passes');
    assert.equal(verdict({ method: 'PUT', consumer: writer }), 'passes');
    assert.equal(verdict({ method: 'PUT', consumer: writer, params: { userId: 'bob' } }), '403 own-orders');
    assert.equal(verdict({ method: 'DELETE' }), 'passes');
    assert.equal(verdict({ method: 'DELETE', consumer: { id: 'bob' } }), '403 few');
  });

  it('asks for all scopes and for any of the groups', () => {
    for (const [consumer, expected] of [
      [{ ...alice, scopes: ['orders:write', 'orders:read', 'x'], groups: ['x', 'admin'] }, 'passes'],
      [{ ...alice, scopes: ['orders:write'] }, '403 writers'],
      [{ ...alice, scopes: ['orders:write', 'orders:read'], groups: ['x'] }, '403 writers'],
      [{ id: 'acme', groups: ['staff'] }, '403 writers'],
      [{ id: 'acme', scopes: ['orders:write', 'orders:read'] }, '403 writers'],
    ] as const)
      assert.equal(verdict({ method: 'POST', consumer }), expected, JSON.stringify(consumer));
  });

  it('is for HEAD where it is for GET', () => {
    assert.equal(verdict({ method: 'HEAD' }), 'passes');
    assert.equal(verdict({ method: 'HEAD', params: { userId: 'bob' } }), '403 own-orders');
  });

  it('refuses methods that no rule is for, unless told otherwise', () => {
    for (const method of ['PATCH', 'OPTIONS', 'PURGE', 'get', 'Get', 'UNHEARD-OF'])
      assert.equal(verdict({ method }), '403 otherwise', method);
    assert.equal(verdict({ method: 'PATCH' }, { ...shop, otherwise: 'allow' }), 'passes');
    assert.equal(verdict({ method: 'PATCH' }, { rules: [{ name: 'all', allow: true }] }), 'passes');
    assert.equal(verdict({ method: 'PATCH' }, { rules: [{ name: 'nobody', allow: false }] }), '403 nobody');
  });

  it('says which rule refused, to programs too', () => {
    assert.equal(
      asked({ id: 'r1', params: { userId: 'bob' } })?.body,
      '{"title":"Forbidden","status":403,"detail":"This is not allowed.","code":"not_allowed","requestId":"r1","rule":"own-orders"}',
    );
  });

  it('answers 401 with a challenge to those whom nobody knows, if a rule asks who they are', () => {
    const reply = ask(bench(), nobody('GET'));
    assert.deepEqual([reply?.status, challengeOf(reply)], [401, 'Bearer']);
    assert.match(textOf(reply), /"code":"consumer_unknown"/);
    const basic = ask(bench({ ...shop, challenge: 'Basic realm="shop"' }), nobody('POST'));
    assert.deepEqual([basic?.status, challengeOf(basic)], [401, 'Basic realm="shop"']);
  });

  it('answers 403 to those whom nobody knows, if it would be the same for anybody', () => {
    const office: Options = { rules: [{ name: 'office', allow: 'client.ip == "192.0.2.9"' }] };
    const reply = ask(bench(office), nobody('GET'));
    assert.deepEqual([reply?.status, challengeOf(reply)], [403, undefined]);
    assert.equal(ask(bench(), nobody('PATCH'))?.status, 403);
  });

  it('tells whoever came with a token which scopes are missing, when nothing else is', () => {
    const reply = asked({ method: 'POST' });
    assert.equal(reply?.status, 403);
    assert.equal(challengeOf(reply), 'Bearer error="insufficient_scope", scope="orders:write orders:read"');
    assert.equal(challengeOf(asked({ method: 'POST', consumer: { ...alice, groups: [] } })), undefined);
    assert.equal(
      challengeOf(asked({ method: 'POST', consumer: { id: 'key', groups: ['staff'] } })),
      undefined,
    );
    assert.equal(challengeOf(asked({ params: { userId: 'bob' } })), undefined);
  });

  it('counts each rule, and logs who was refused by which, without claims', () => {
    const lines: unknown[] = [];
    const logger: Setup['logger'] = {
      ...{ debug() {}, warn() {}, error() {} },
      info: (fields, message) => void lines.push([message, fields]),
    };
    const policy = bench(shop, { logger });
    const exchange = (init: FakeExchangeInit) => fakeExchange({ id: 'r1', consumer: alice, ...init });
    ask(policy, exchange({ params: { userId: 'bob' } }));
    ask(policy, exchange({ method: 'POST' }));
    ask(policy, exchange({ method: 'POST' }));
    ask(policy, exchange({ method: 'TRACE' }));
    ask(policy, exchange({ params: { userId: 'alice' } }));
    assert.deepEqual(Object.fromEntries(policy.counts), {
      'refused rule=own-orders': 1,
      'refused rule=writers': 2,
      'refused rule=few': 0,
      'refused rule=otherwise': 1,
    });
    assert.equal(lines.length, 4);
    assert.deepEqual(lines[0], [
      'a request was refused',
      { requestId: 'r1', route: 'test', policy: 'authorize', rule: 'own-orders', consumer: 'alice' },
    ]);
    assert.doesNotMatch(JSON.stringify(lines), /example\.com/);
  });
});

describe('authorize explains', () => {
  const explain = async (init: FakeExchangeInit, options: Options = shop) => {
    const policy = bench(options);
    const step = await policy.instance.explain?.(
      fakeExchange({ params: { userId: 'bob' }, consumer: alice, ...init }),
    );
    assert.ok(
      [...policy.counts.values()].every((count) => count === 0),
      'an explanation counts nothing',
    );
    return step;
  };

  it('each rule, and what was compared', async () => {
    const step = await explain({});
    assert.equal(step?.reply?.status, 403);
    assert.deepEqual(step?.notes, [
      'own-orders: does not hold',
      '- claims.sub == params.userId: no, claims.sub is "alice", params.userId is "bob"',
      '- "admin" in groups: no, groups are "staff"',
      'writers: is not for GET',
      'few: is not for GET',
    ]);
    assert.deepEqual((await explain({ method: 'POST' }))?.notes, [
      'own-orders: is not for POST',
      'writers: does not hold',
      '- groups: yes, groups are "staff"',
      '- scopes: no, missing are "orders:write"',
      'few: is not for POST',
    ]);
    assert.deepEqual(
      (await explain({ method: 'PATCH' }))?.notes.at(-1),
      'otherwise: deny, no rule is for PATCH',
    );
    assert.deepEqual((await explain({ method: 'DELETE' }))?.notes.slice(-2), [
      'few: holds',
      '- consumers: yes, consumer.id is "alice"',
    ]);
  });

  it('that nobody is known', async () => {
    const policy = bench();
    const step = await policy.instance.explain?.(nobody('GET'));
    assert.deepEqual(
      [step?.reply?.status, step?.notes.slice(0, 2)],
      [401, ['nobody is known', 'own-orders: does not hold']],
    );
    assert.match(String(step?.notes[2]), /claims\.sub is not there/);
  });

  it('F195: a request without showing what its claims say', async () => {
    const consumer = {
      ...alice,
      claims: {
        sub: 'alice',
        secret: 'canary-4711',
        list: ['canary-4712'],
        deep: { x: 'canary-4713' },
        n: 4714,
      },
    };
    const allow =
      'claims.secret == "a" or "b" in claims.list or claims.deep.x == claims.secret or claims.n == 1 or claims.secret in [claims.sub] or claims.deep';
    const step = await explain({ consumer }, { rules: [{ name: 'x', allow }] });
    assert.equal(step?.reply?.status, 403);
    assert.equal(step?.notes.length, 7);
    assert.doesNotMatch(JSON.stringify(step), /471/);
    assert.match(JSON.stringify(step?.notes), /claims\.list is a list of 1/);
  });
});

describe('the options of authorize', () => {
  for (const [options, expected] of [
    [{}, 'rules: '],
    [{ rules: [] }, 'rules: there are no rules'],
    [
      { rules: [{ name: 'x' }] },
      'rules.0: the rule "x" asks for nothing | write consumers, groups, scopes or allow; `allow: true` lets everybody pass',
    ],
    [{ rules: [{ allow: 'true' }] }, 'rules.0.name: '],
    [{ rules: [{ name: 'a b', allow: true }] }, 'rules.0.name: "a b" is not a name for a rule'],
    [{ rules: [{ name: 'otherwise', allow: true }] }, 'rules.0.name: "otherwise" is the name under which'],
    [
      {
        rules: [
          { name: 'x', allow: true },
          { name: 'x', allow: true },
        ],
      },
      'rules.1.name: rule 1 of the list has this name too | give each a name of its own',
    ],
    [
      { rules: [{ name: 'x', methods: ['get'], allow: true }] },
      'rules.0.methods.0: "get" is not a method that a request can have | write GET',
    ],
    [
      { rules: [{ name: 'x', methods: ['PSOT'], allow: true }] },
      'rules.0.methods.0: "PSOT" is not a method that a request can have | write POST',
    ],
    [{ rules: [{ name: 'x', methods: [], allow: true }] }, 'rules.0.methods: the list is empty'],
    [{ rules: [{ name: 'x', groups: [] }] }, 'rules.0.groups: the list is empty'],
    [
      { rules: [{ name: 'x', scopes: ['a b'] }] },
      'rules.0.scopes.0: "a b" is no scope | write a list: [a, b]',
    ],
    [{ rules: [{ name: 'x', scopes: ['a"'] }] }, 'rules.0.scopes.0: '],
    [
      { rules: [{ name: 'x', allow: 'claims.sub = "a"' }] },
      'rules.0.allow: "=" has no meaning here, at column 12 of the expression | write ==',
    ],
    [
      { rules: [{ name: 'x', allow: 'claims.sub == params.userID' }] },
      'rules.0.allow: the path captures no parameter "userID", at column 15 of the expression | did you mean params.userId?',
    ],
    [
      { rules: [{ name: 'x', allow: true }], otherwise: 'allow' },
      'otherwise: a rule without `methods` is for every request',
    ],
    [{ rules: [{ name: 'x', allow: true }], otherwise: 'maybe' }, 'otherwise: '],
    [{ rules: [{ name: 'x', allow: true }], challenge: 'Bearer\r\nX: y' }, 'challenge: this is no challenge'],
    [{ rules: [{ name: 'x', allow: true }], challenge: '"Bearer"' }, 'challenge: this is no challenge'],
    [{ rules: [{ name: 'x', allow: 3 }] }, 'rules.0.allow: expected an expression, found 3 | write a text'],
    [{ rules: [{ name: 'x', alow: 'true' }] }, 'rules.0.alow: unknown key "alow" | did you mean "allow"?'],
  ] as const)
    it(`refuse ${JSON.stringify(options)}`, () => {
      const [first = 'nothing'] = optionMistakes(authorize, options, { paramNames: ['userId'] });
      assert.ok(first.startsWith(expected), first);
    });
});
