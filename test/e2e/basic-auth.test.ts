import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { basic, bcryptDigest, scryptDigest } from '../kit/password-digests.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const users = [
  { name: 'alice', digest: scryptDigest('opensesame'), groups: ['staff'] },
  { name: 'bob', digest: bcryptDigest('swordfish') },
];

async function scene(t: TestContext, more: readonly object[] = []) {
  const target = await startRecordingTarget(t);
  const policies = [
    ...more,
    { 'basic-auth': { users } },
    { headers: { request: { set: { 'X-Who': '${consumer.id} ${consumer.groups}' } } } },
  ];
  const gateway = await startGateway(t, routeTo(target, { policies }));
  const ask = (line: string, headers: readonly string[] = []) =>
    exchangeOnce(t, gateway.port, [`${line} HTTP/1.1`, 'Host: a', ...headers, '', ''].join('\r\n'), {
      to: line.split(' ')[0] ?? 'GET',
    });
  return { target, gateway, ask };
}

test('users pass with their password, and the service learns who they are and not their password', async (t) => {
  const { target, gateway, ask } = await scene(t);
  for (const [name, password, who] of [
    ['alice', 'opensesame', 'alice staff'],
    ['bob', 'swordfish', 'bob '],
    ['alice', 'opensesame', 'alice staff'],
  ] as const) {
    const response = await ask('GET /', [`Authorization: ${basic(name, password)}`]);
    assert.equal(response.status, 200);
    const request = await target.request(target.requests.length - 1);
    assert.equal(
      new Map(request.headers.map(([key, value]) => [key.toLowerCase(), value])).get('x-who'),
      who.trim(),
    );
    assert.ok(request.headers.every(([key]) => key.toLowerCase() !== 'authorization'));
  }
  assert.equal(gateway.metric('waygate_policy_basic_auth_computed_total'), 2);
  assert.equal(gateway.metric('waygate_policy_basic_auth_remembered_total'), 1);
  assert.equal((await gateway.record(0)).consumer, 'alice');
});

test('who has none is told how to send one', async (t) => {
  const { ask } = await scene(t);
  const response = await ask('GET /');
  assert.equal(response.status, 401);
  assert.deepEqual(response.all('www-authenticate'), ['Basic realm="waygate", charset="UTF-8"']);
});

test('F89: a password is asked of every method and of upgrades; preflights belong to cors', async (t) => {
  const origin = 'https://app.example.com';
  const { target, ask } = await scene(t, [{ cors: { origins: [origin] } }]);
  const upgrade = [
    ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  for (const [line, headers] of [
    ['GET /', upgrade],
    ['HEAD /', []],
    ['OPTIONS /', []],
    ['OPTIONS /', [`Origin: ${origin}`]],
    ['OPTIONS *', []],
    ['POST /', ['Content-Length: 0', 'Content-Type: application/grpc', 'TE: trailers']],
    ['DELETE /a/../b', []],
    ['GET /%61', []],
  ] as const)
    for (const credentials of [[], [`Authorization: ${basic('alice', 'wrong')}`]])
      assert.equal((await ask(line, [...headers, ...credentials])).status, 401, line);
  const preflight = [`Origin: ${origin}`, 'Access-Control-Request-Method: PUT'];
  assert.equal((await ask('OPTIONS /', preflight)).status, 204);
  assert.equal(target.requests.length, 0);
});

test('F195: no password is in a log, a metric, an answer, or the configuration that is shown', async (t) => {
  const { gateway, ask } = await scene(t);
  const [right, wrong] = [basic('alice', 'opensesame'), basic('alice', 'wrong-canary')];
  const bodies: string[] = [];
  for (const value of [right, wrong, `${wrong}x`, basic('wrong-canary', 'x')])
    bodies.push((await ask('GET /', [`Authorization: ${value}`])).body.toString());
  await gateway.record(3);
  const { records, lines, gateway: running } = gateway;
  for (const output of [records, lines, running.metrics(), bodies].map((each) => JSON.stringify(each)))
    for (const canary of ['opensesame', 'wrong-canary', right.slice(6), wrong.slice(6)])
      assert.ok(!output.includes(canary), output);
});

test('the admin listener shows no digest of a password', async (t) => {
  const target = await startRecordingTarget(t);
  const { gateway } = await startGateway(t, {
    ...routeTo(target, { policies: [{ 'basic-auth': { users } }] }),
    admin: { port: 0 },
  });
  const { port = 0 } = gateway.adminAddress ?? {};
  const response = await fetch(`http://127.0.0.1:${port}/config`);
  const shown = await response.text();
  assert.match(shown, /"name":\s*"alice"/);
  assert.doesNotMatch(shown, /\$scrypt|\$2b/);
});
