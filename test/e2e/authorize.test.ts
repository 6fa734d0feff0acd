import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { issueToken, jwksOf, newKey } from '../kit/token-issuer.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { startGateway } from '../kit/start-gateway.ts';

const key = newKey('k1');

function tokenOf(sub: string, more: object = {}): string {
  return issueToken(key, { iss: 'https://issuer.example', aud: 'shop', exp: 4102444800, sub, ...more });
}

async function start(t: TestContext) {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, {
    upstreams: { orders: target.url },
    routes: [
      {
        name: 'orders',
        path: '/users/:userId/orders',
        upstream: 'orders',
        policies: [
          { jwt: { issuer: 'https://issuer.example', audience: 'shop', jwks: jwksOf(key), optional: true } },
          {
            authorize: {
              rules: [
                {
                  name: 'own-orders',
                  methods: ['GET', 'PUT'],
                  allow: 'claims.sub == params.userId or "admin" in groups',
                },
                {
                  name: 'writers',
                  methods: ['PUT', 'POST'],
                  scopes: ['orders:write'],
                  groups: ['staff', 'admin'],
                },
              ],
            },
          },
        ],
      },
    ],
  });
  const send = (method: string, user: string, token?: string) =>
    exchangeOnce(
      t,
      gateway.port,
      `${method} /users/${user}/orders HTTP/1.1\r\nHost: a\r\n${token === undefined ? '' : `Authorization: Bearer ${token}\r\n`}Content-Length: 0\r\n\r\n`,
      { to: method },
    );
  return { target, gateway, send };
}

test('authorize lets through what its rules allow, by what a verified token says', async (t) => {
  const { target, gateway, send } = await start(t);
  const writer = tokenOf('alice', { groups: ['staff'], scope: 'orders:read orders:write' });
  for (const [method, user, token, status] of [
    ['GET', 'alice', tokenOf('alice'), 200],
    ['GET', 'bob', tokenOf('alice'), 403],
    ['GET', 'bob', tokenOf('alice', { groups: ['admin'] }), 200],
    ['PUT', 'alice', tokenOf('alice'), 403],
    ['PUT', 'alice', writer, 200],
    ['PUT', 'bob', writer, 403],
    ['POST', 'bob', writer, 200],
    ['DELETE', 'alice', writer, 403],
    ['GET', 'alice', undefined, 401],
    ['DELETE', 'alice', undefined, 403],
  ] as const)
    assert.equal((await send(method, user, token)).status, status, `${method} ${user}`);
  assert.equal(target.requests.length, 4);
  const labels = (rule: string) => ({ route: 'orders', rule });
  const refused = 'waygate_policy_authorize_refused_total';
  assert.equal(gateway.metric(refused, labels('own-orders')), 3);
  assert.equal(gateway.metric(refused, labels('writers')), 1);
  assert.equal(gateway.metric(refused, labels('otherwise')), 2);
});

test('authorize names the rule in its answer, and in the log with the request', async (t) => {
  const { gateway, send } = await start(t);
  const refused = await send('GET', 'bob', tokenOf('alice', { email: 'alice@example.com' }));
  const problem = JSON.parse(refused.text) as Record<string, unknown>;
  assert.deepEqual([problem['code'], problem['rule']], ['not_allowed', 'own-orders']);
  const line = gateway.lines.find(({ message }) => message === 'a request was refused');
  assert.deepEqual(line?.fields, {
    requestId: problem['requestId'],
    route: 'orders',
    policy: 'authorize',
    rule: 'own-orders',
    consumer: 'alice',
  });
  const anonymous = await send('GET', 'alice');
  assert.equal(anonymous.header('www-authenticate'), 'Bearer');
  assert.equal((JSON.parse(anonymous.text) as Record<string, unknown>)['code'], 'consumer_unknown');
  const scopes = await send('POST', 'alice', tokenOf('alice', { groups: ['staff'] }));
  assert.equal(scopes.header('www-authenticate'), 'Bearer error="insufficient_scope", scope="orders:write"');
});
