import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const key = 'wg_IQ2R3qbm3aauTdo4QhbWp4ALHlT9Vg5MVqYpDc65Io044vrIp';
const revoked = 'wg_revoked-some-time-ago';
const expired = 'wg_expired-some-time-ago';
const digest = (text: string): string => `sha256:${hash('sha256', text)}`;

const consumers = [
  { name: 'acme', groups: ['gold'], keys: [digest(key), { digest: digest(expired), expires: '2020-01-01' }] },
];

async function scene(t: TestContext, options: object = {}) {
  const target = await startRecordingTarget(t);
  const policies = [
    { 'api-key': { consumers, ...options } },
    { headers: { request: { set: { 'X-Consumer': '${consumer.id}' } } } },
  ];
  const gateway = await startGateway(t, routeTo(target, { policies }));
  const statusOf = async (head: string): Promise<number> => {
    const bytes = `${head.replace(' HTTP/1.1', ' HTTP/1.1\r\nHost: a')}\r\n\r\n`;
    const [to = ''] = head.split(' ');
    return (await exchangeOnce(t, gateway.port, bytes, { to })).status;
  };
  return { target, gateway, statusOf };
}

test('F87: what is almost a key, or was one, is refused before the service hears of it', async (t) => {
  const { target, statusOf } = await scene(t);
  for (const wrong of [
    `${key.slice(0, -1)}q`,
    key.slice(0, -1),
    `${key}p`,
    key.slice(3),
    key.toLowerCase(),
    key.toUpperCase(),
    '',
    digest(key),
    digest(key).slice(7),
    `${key}, ${key}`,
    `Bearer ${key}`,
    `"${key}"`,
    'x'.repeat(15_000),
    '__proto__',
    'constructor',
    revoked,
    expired,
  ]) {
    assert.equal(await statusOf(`GET / HTTP/1.1\r\nX-API-Key: ${wrong}`), 401, wrong.slice(0, 80));
  }
  for (const head of [
    'GET / HTTP/1.1',
    `GET /?x-api-key=${key}&api_key=${key} HTTP/1.1`,
    `GET / HTTP/1.1\r\nX-API-Key: ${key}\r\nx-api-key: ${key}`,
    `GET / HTTP/1.1\r\nX-API-Key: ${key}\r\nX-API-Key:`,
    `GET / HTTP/1.1\r\nX_API_Key: ${key}`,
    `GET / HTTP/1.1\r\nX-API-Key: ${key}\r\nConnection: X-API-Key`,
    `GET / HTTP/1.1\r\nCookie: x-api-key=${key}`,
    `GET / HTTP/1.1\r\nAuthorization: Bearer ${key}`,
  ]) {
    assert.equal(await statusOf(head), 401, head);
  }
  assert.equal(await statusOf(`GET / HTTP/1.1\r\nX-API-Key: ${'x'.repeat(65_536)}`), 431);
  assert.equal(target.requests.length, 0);
  assert.equal(await statusOf(`GET / HTTP/1.1\r\nX-API-Key: ${key}`), 200);
});

test('F89: the same is asked of every method, of upgrades, and under every spelling of the path', async (t) => {
  const { target, statusOf } = await scene(t);
  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  for (const [line, more] of [
    ['GET /', upgrade],
    ['HEAD /', 'Accept: */*'],
    ['OPTIONS /', 'Origin: https://a.example\r\nAccess-Control-Request-Method: PUT'],
    ['OPTIONS *', 'Accept: */*'],
    ['POST /', 'Content-Length: 0'],
    ['POST /', 'Content-Type: application/grpc\r\nTE: trailers\r\nContent-Length: 0'],
    ['DELETE /a/../b', 'Accept: */*'],
    ['GET /a//b;c?d', 'Accept: */*'],
    ['GET /%61', 'Accept: */*'],
  ] as const) {
    assert.equal(await statusOf(`${line} HTTP/1.1\r\n${more}`), 401, line);
  }
  assert.equal(target.requests.length, 0);
});

test('F87: the service learns whose key it is, and never the key, whatever the client says about itself', async (t) => {
  const { target, statusOf } = await scene(t, { query: 'api_key' });
  for (const head of [
    `GET /a?b=1&api_key=${key}&c=2 HTTP/1.1\r\nX-Consumer: admin\r\nx-consumer: admin`,
    `GET /a?b=1&c=2 HTTP/1.1\r\nX-Api-Key: ${key}\r\nX_Consumer: admin\r\nConnection: X-Consumer`,
    `GET /a?b=1&c=2&api%5fke%79=${key} HTTP/1.1`,
  ]) {
    assert.equal(await statusOf(head), 200, head);
    const request = await target.request(target.requests.length - 1);
    assert.equal(request.target, '/a?b=1&c=2');
    assert.deepEqual(
      request.headers.filter(([name]) => /consumer/i.test(name)).map(([, value]) => value),
      ['acme'],
    );
    assert.doesNotMatch(JSON.stringify(request.headers), /wg_/);
  }
});

test('F195: no key that was presented is in the log, a metric or an answer', async (t) => {
  const { gateway, statusOf } = await scene(t, { query: 'api_key' });
  const wrong = 'wg_canary-that-nobody-has';
  await statusOf(`GET /a?api_key=${key} HTTP/1.1`);
  await statusOf(`GET /a?api_key=${wrong} HTTP/1.1`);
  await statusOf(`GET /a?api_key=${expired} HTTP/1.1\r\nX-API-Key: ${wrong}`);
  await statusOf(`GET /a HTTP/1.1\r\nX-API-Key: ${wrong}`);
  await gateway.record(3);
  const { records, lines, gateway: running } = gateway;
  assert.equal(records[0]?.consumer, 'acme');
  const metrics = running.metrics();
  assert.match(metrics, /waygate_policy_api_key_refused_total/);
  for (const output of [JSON.stringify(records), JSON.stringify(lines), metrics])
    assert.doesNotMatch(output, /wg_/);
});
