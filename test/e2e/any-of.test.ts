import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { definePolicy, z } from '../../src/policy.ts';
import { basic, scryptDigest } from '../kit/password-digests.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';
import { issueToken, jwksOf, newKey, plainClaims } from '../kit/token-issuer.ts';

const signing = newKey('k1');
const token = issueToken(signing, { ...plainClaims, exp: Math.ceil(Date.now() / 1000) + 3600 });
const key = 'wg_a-key-of-acme';
const password = basic('alice-of-the-tools', 'opensesame');

const jwt = { jwt: { issuer: plainClaims.iss, audience: 'orders', jwks: jwksOf(signing) } };
const apiKey = { 'api-key': { consumers: [{ name: 'acme', keys: [`sha256:${hash('sha256', key)}`] }] } };
const basicAuth = {
  'basic-auth': { users: [{ name: 'alice-of-the-tools', digest: scryptDigest('opensesame') }] },
};

/** Who asks by the header x-house, as a policy of a program would tell. */
const house = definePolicy({
  name: 'house',
  description: 'Knows people of the house.',
  authenticates: true,
  options: z.strictObject({
    rooms: z.array(z.string()).describe('The rooms. Has no default: a house has rooms.'),
  }),
  create: ({ rooms }) => ({
    onRequest(exchange) {
      const room = exchange.request.headers.get('x-house');
      if (room === undefined) return { status: 401, anonymous: true };
      if (!rooms.includes(room)) return { status: 401 };
      exchange.consumer = { id: `room ${room}` };
      return undefined;
    },
    discardCredentials: ({ request }) => void request.headers.delete('x-house'),
  }),
});

async function scene(t: TestContext, options: object, before: readonly object[] = []) {
  const target = await startRecordingTarget(t);
  const policies = [...before, { 'any-of': options }];
  const gateway = await startGateway(t, routeTo(target, { policies }), { policies: [house] });
  const ask = async (line: string, headers: readonly string[] = []) => {
    const response = await exchangeOnce(
      t,
      gateway.port,
      [`${line} HTTP/1.1`, 'Host: a', ...headers, '', ''].join('\r\n'),
      { to: line.split(' ')[0] ?? 'GET' },
    );
    const request = response.status === 200 ? target.requests.at(-1) : undefined;
    const sent = (request?.headers ?? []).filter(([name]) =>
      /^(?:authorization|x-api-key|x-house)$/i.test(name),
    );
    return { response, status: response.status, sent: sent.map(([, value]) => value) };
  };
  return { target, gateway, ask };
}

test('callers pass with any of the credentials, and the service gets none that nobody verified', async (t) => {
  const { gateway, ask } = await scene(t, {
    policies: [jwt, apiKey, basicAuth, { house: { rooms: ['1'] } }],
  });
  const bearer = `Authorization: Bearer ${token}`;
  for (const [consumer, headers, sent] of [
    ['alice', [bearer], [`Bearer ${token}`]],
    ['alice', [bearer, 'X-API-Key: forged', 'X-House: 1'], [`Bearer ${token}`]],
    ['acme', [`X-API-Key: ${key}`], []],
    ['acme', [`X-API-Key: ${key}`, 'Authorization: Bearer forged'], []],
    ['acme', [`X-API-Key: ${key}`, `Authorization: ${basic('alice-of-the-tools', 'wrong')}`], []],
    ['alice-of-the-tools', [`Authorization: ${password}`, 'X-API-Key: forged'], []],
    ['room 1', ['X-House: 1', 'Authorization: Bearer forged'], ['1']],
  ] as const) {
    const index = gateway.records.length;
    const { status, sent: seen } = await ask('GET /', headers);
    assert.equal(status, 200, headers.join());
    assert.deepEqual(seen, sent);
    assert.equal((await gateway.record(index)).consumer, consumer);
  }
  for (const [name, count] of [
    ['passed_jwt', 2],
    ['passed_api_key', 3],
    ['passed_basic_auth', 1],
    ['passed_house', 1],
  ] as const)
    assert.equal(gateway.metric(`waygate_policy_any_of_${name}_total`), count, name);
  assert.ok(
    gateway.metric('waygate_policy_jwt_refused_total') > 0,
    'what a policy counts is counted as its own',
  );
});

test('who has none is told of all ways, each once and in order', async (t) => {
  const { ask } = await scene(t, { policies: [basicAuth, jwt, jwt, apiKey] });
  for (const headers of [[], ['X-API-Key: wrong']]) {
    const { response } = await ask('GET /', headers);
    assert.equal(response.status, 401);
    assert.deepEqual(response.all('www-authenticate'), [
      'Basic realm="waygate", charset="UTF-8"',
      'Bearer',
      'ApiKey header="x-api-key"',
    ]);
    assert.match(response.body.toString(), /"code":"credentials_refused"/);
  }
});

test('a policy that cannot decide makes it a 503, unless another one lets pass', async (t) => {
  const elsewhere = { jwt: { issuer: plainClaims.iss, audience: 'orders', jwks: 'http://127.0.0.1:1/' } };
  const { ask } = await scene(t, { policies: [elsewhere, apiKey], anonymous: true });
  const bearer = `Authorization: Bearer ${token}`;
  const { response, status } = await ask('GET /', [bearer]);
  assert.equal(status, 503);
  assert.match(response.body.toString(), /keys_unavailable/);
  assert.equal((await ask('GET /', [bearer, `X-API-Key: ${key}`])).status, 200);
  assert.equal((await ask('GET /')).status, 200);
});

test('bad credentials never pass as anonymous', async (t) => {
  const { target, ask } = await scene(t, { policies: [jwt, apiKey, basicAuth], anonymous: true });
  assert.equal((await ask('GET /')).status, 200);
  assert.equal(
    (await ask('GET /', ['Authorization: Digest x'])).status,
    200,
    'a scheme that nobody here knows',
  );
  for (const header of [
    'Authorization: Bearer',
    'Authorization: Bearer forged',
    `Authorization: Bearer ${token}x`,
    'Authorization: Basic',
    `Authorization: ${basic('alice-of-the-tools', 'wrong')}`,
    'X-API-Key:',
    'X-API-Key: wrong',
  ])
    assert.equal((await ask('GET /', [header])).status, 401, header);
  assert.equal(target.requests.length, 2);
});

test('F89: one of the policies has to let every method and upgrade pass; preflights belong to cors', async (t) => {
  const origin = 'https://app.example.com';
  const cors = { cors: { origins: [origin] } };
  const { target, ask } = await scene(t, { policies: [jwt, apiKey, basicAuth] }, [cors]);
  const upgrade = [
    ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  for (const [line, headers] of [
    ['GET /', upgrade],
    ['HEAD /', []],
    ['OPTIONS /', [`Origin: ${origin}`]],
    ['OPTIONS *', []],
    ['POST /', ['Content-Length: 0', 'Content-Type: application/grpc', 'TE: trailers']],
    ['DELETE /a/../b', []],
    ['GET /%61', []],
  ] as const)
    for (const credentials of [[], ['Authorization: Bearer forged', 'X-API-Key: forged']])
      assert.equal((await ask(line, [...headers, ...credentials])).status, 401, line);
  const preflight = [`Origin: ${origin}`, 'Access-Control-Request-Method: PUT'];
  assert.equal((await ask('OPTIONS /', preflight)).status, 204);
  assert.equal(target.requests.length, 0);
});

test('F195: no credential is in a log, a metric or an answer', async (t) => {
  const policies = [jwt, { 'api-key': { ...apiKey['api-key'], query: 'api_key' } }, basicAuth];
  const { gateway, ask } = await scene(t, { policies });
  const canaries = [
    token,
    key,
    password.slice(6),
    'opensesame',
    'canary-token',
    'canary-key',
    'canary-password',
  ];
  const bodies: string[] = [];
  for (const [target, headers] of [
    ['/', [`Authorization: Bearer ${token}`]],
    ['/', ['Authorization: Bearer canary-token', 'X-API-Key: canary-key']],
    ['/', [`Authorization: ${basic('a', 'canary-password')}`]],
    ['/', [`Authorization: ${password}`]],
    [`/?api_key=${key}`, ['Authorization: Bearer canary-token']],
    ['/?api_key=canary-key', []],
  ] as const)
    bodies.push((await ask(`GET ${target}`, headers)).response.body.toString());
  await gateway.record(5);
  const { records, lines, gateway: running } = gateway;
  for (const output of [records, lines, running.metrics(), bodies].map((each) => JSON.stringify(each)))
    for (const canary of canaries) assert.ok(!output.includes(canary), `${canary} in ${output}`);
});

test('mistakes inside of it name their place, and the policies that may stand there', async (t) => {
  for (const [policies, found, remedy] of [
    [
      [{ cors: { origins: '*' } }],
      '"cors" is no policy that establishes who is asking',
      /api-key, basic-auth, .*jwt, house$/,
    ],
    [[{ house: { room: ['1'] } }], 'unknown key "room"', /"rooms"/],
    [[{ 'api-key': {} }], 'api-key refuses everybody', /waygate key create/],
  ] as const) {
    await assert.rejects(
      scene(t, { policies }),
      (error: { mistakes?: readonly Record<string, unknown>[] }) => {
        const mistake = error.mistakes?.find((each) => each['found'] === found);
        assert.ok(mistake, JSON.stringify(error.mistakes));
        assert.deepEqual((mistake['path'] as unknown[]).slice(0, 4), ['policies', 0, 'any-of', 'policies']);
        assert.match(String(mistake['remedy']), remedy);
        return true;
      },
    );
  }
});
