import assert from 'node:assert/strict';
import { describe, it, test, type TestContext } from 'node:test';
import type { Consumer } from '../../src/core/exchange.ts';
import { authorize } from '../../src/policies/authorize/authorize.ts';
import { fakeExchange } from '../kit/fake-exchange.ts';
import { ask, benchPolicy } from '../kit/policy-bench.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { startGateway } from '../kit/start-gateway.ts';
import { issueToken, jwksOf, newKey } from '../kit/token-issuer.ts';

/** Whether a rule with this expression lets somebody with these claims pass. The claims are read as a token's are. */
function passes(allow: string, claims: string, params: Readonly<Record<string, string>> = {}): boolean {
  const policy = benchPolicy(
    authorize,
    { rules: [{ name: 'rule', allow }] },
    { paramNames: Object.keys(params) },
  );
  const consumer = { id: 'x', claims: JSON.parse(claims) as Record<string, unknown> };
  return ask(policy, fakeExchange({ consumer, params })) === undefined;
}

describe('rules that claims try to get round', () => {
  it('F62: names of the prototype are claims like any other, or none', () => {
    const paths = [
      '__proto__',
      'constructor',
      'constructor.name',
      'constructor.prototype',
      'toString',
      'hasOwnProperty',
      'valueOf',
      '__proto__.admin',
      'roles.length',
      'roles.constructor.name',
      'sub.length',
      'roles["0"]',
      'sub[0]',
    ];
    for (const path of paths) {
      assert.equal(passes(`claims.${path} != null`, '{"sub":"a","roles":["a"]}'), false, path);
      assert.equal(passes(`claims.${path} == claims.${path}`, '{"sub":"a","roles":["a"]}'), false, path);
    }
    assert.equal(
      passes('claims.__proto__.admin', '{"__proto__":{"admin":true}}'),
      true,
      'a claim of that name',
    );
    assert.equal(passes('claims.admin', '{"__proto__":{"admin":true}}'), false);
    assert.equal(Reflect.get({}, 'admin'), undefined);
  });

  it('F89: lists, objects and numbers where a text is expected are none', () => {
    for (const sub of [
      '["alice"]',
      '{"alice":1}',
      '{"toString":"alice"}',
      'true',
      'null',
      '["alice","bob"]',
      '""',
    ])
      assert.equal(passes('claims.sub == params.id', `{"sub":${sub}}`, { id: 'alice' }), false, sub);
    for (const [sub, id] of [
      ['7', '7'],
      ['null', 'null'],
      ['true', 'true'],
      ['[]', ''],
      ['""', ''],
    ] as const)
      assert.equal(passes('claims.sub == params.id', `{"sub":${sub}}`, { id }), false, sub);
    for (const role of [
      '"notadmin"',
      '"admin other"',
      '"admin"',
      '{"0":"admin","length":1}',
      '{"admin":true}',
      '[["admin"]]',
      '[{"admin":1}]',
    ])
      assert.equal(passes('"admin" in claims.roles', `{"roles":${role}}`), false, role);
    assert.equal(passes('"admin" in claims.roles', '{"roles":["admin"]}'), true);
    for (const level of ['"9"', '[9]', 'true', '"Infinity"', '1e400', '{"valueOf":9}'])
      assert.equal(passes('claims.level >= 3', `{"level":${level}}`), false, level);
    assert.equal(passes('claims.a == claims.b', '{"a":9007199254740993,"b":9007199254740992}'), false);
  });

  it('F89: texts are the same to the octet: no case, no form, no space', () => {
    for (const id of [
      'Alice',
      'alice ',
      ' alice',
      'alice\u0000',
      'аlice',
      'alice/',
      '%61lice',
      'alice\u200b',
    ])
      assert.equal(passes('claims.sub == params.id', '{"sub":"alice"}', { id }), false, id);
    assert.equal(passes('claims.sub == params.id', '{"sub":"caf\u00e9"}', { id: 'cafe\u0301' }), false);
    assert.equal(passes('claims.sub == params.id', '{"sub":"a/b"}', { id: 'a/b' }), true);
  });

  it('F89: groups and scopes of a consumer that is no list have nothing in them', () => {
    for (const rule of [{ groups: ['admin'] }, { allow: '"admin" in groups' }, { scopes: ['admin'] }]) {
      const policy = benchPolicy(authorize, { rules: [{ name: 'r', ...rule }] });
      for (const list of ['admin', 'an admin of old', { 0: 'admin', length: 1 }, null]) {
        // A policy of somebody's own may be written without types.
        const consumer = JSON.parse(JSON.stringify({ id: 'x', groups: list, scopes: list })) as Consumer;
        assert.equal(ask(policy, fakeExchange({ consumer }))?.status, 403, JSON.stringify(list));
      }
    }
  });
});

const key = newKey('k1');
const alice = issueToken(key, { iss: 'https://issuer.example', aud: 'shop', exp: 4102444800, sub: 'alice' });

async function start(t: TestContext) {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [
      {
        path: '/users/:id',
        upstream: 'service',
        rewrite: '/v2/${params.id}',
        policies: [
          { jwt: { issuer: 'https://issuer.example', audience: 'shop', jwks: jwksOf(key) } },
          { authorize: { rules: [{ name: 'own', methods: ['GET'], allow: 'claims.sub == params.id' }] } },
        ],
      },
    ],
  });
  const send = (line: string, lines = '') =>
    exchangeOnce(
      t,
      gateway.port,
      `${line} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${alice}\r\n${lines}\r\n`,
      { to: line.split(' ', 1)[0] ?? '' },
    );
  return { target, send };
}

test('F89: a rule asks the same of GET, HEAD, OPTIONS, an upgrade and whatever claims another method', async (t) => {
  const { target, send } = await start(t);
  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  for (const [line, lines] of [
    ['GET /users/bob', ''],
    ['HEAD /users/bob', ''],
    ['GET /users/bob', upgrade],
    ['OPTIONS /users/alice', ''],
    ['OPTIONS /users/alice', 'Origin: https://app.example\r\nAccess-Control-Request-Method: GET\r\n'],
    ['POST /users/alice', 'X-HTTP-Method-Override: GET\r\nContent-Length: 0\r\n'],
    [
      'GET /users/bob',
      'X-HTTP-Method: OPTIONS\r\nX-Original-URL: /users/alice\r\nX-Rewrite-URL: /users/alice\r\n',
    ],
    ['DELETE /users/alice', ''],
    ['PURGE /users/alice', ''],
  ] as const)
    assert.equal((await send(line, lines)).status, 403, `${line} ${lines}`);
  for (const line of ['get /users/alice', 'Get /users/alice', 'GETT /users/alice'])
    assert.ok((await send(line)).status >= 400, line);
  assert.equal(target.requests.length, 0);
  for (const line of ['GET /users/alice', 'HEAD /users/alice'])
    assert.equal((await send(line)).status, 200, line);
});

test('F89: a parameter is what the service gets, however the path is written', async (t) => {
  const { target, send } = await start(t);
  for (const path of [
    '/users/%61lice',
    '/users/x/../alice',
    '//users//alice',
    '/users/./alice',
    '/users/alice?id=bob',
  ])
    assert.equal((await send(`GET ${path}`)).status, 200, path);
  assert.deepEqual(
    new Set(target.requests.map((request) => request.target.split('?', 1)[0])),
    new Set(['/v2/alice']),
  );
  const before = target.requests.length;
  for (const path of [
    '/users/alice%2F..%2Fbob',
    '/users/alice/../bob',
    '/users/alice%00',
    '/users/Alice',
    '/users/alice%20',
    '/users/%2561lice',
    '/users/bob?id=alice',
  ])
    assert.ok((await send(`GET ${path}`)).status >= 400, path);
  assert.equal(target.requests.length, before);
});
