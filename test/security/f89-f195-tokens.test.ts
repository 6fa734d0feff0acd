import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { startGatewayProcess } from '../kit/gateway-process.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';
import { issueToken, jwksOf, newKey } from '../kit/token-issuer.ts';
import { waygate, workFolder } from '../kit/waygate-command.ts';

const key = newKey('k1');
const claims = {
  iss: 'https://issuer.example',
  aud: 'orders',
  sub: 'alice',
  exp: Math.floor(Date.now() / 1000) + 3600,
};
const token = issueToken(key, claims);
const expired = issueToken(key, { ...claims, exp: claims.exp - 86_400 });
const forged = issueToken(newKey('k1'), { ...claims, sub: 'canary-of-the-forger' });
const jwt = { issuer: claims.iss, audience: 'orders', jwks: jwksOf(key) };

const upgrade =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';

/** Every way in which a request may come that is not a plain one. */
const requests = [
  ['GET /', 'Accept: */*'],
  ['GET /', upgrade],
  ['HEAD /', 'Accept: */*'],
  ['OPTIONS /', 'Accept: */*'],
  ['OPTIONS /', 'Origin: https://a.example'],
  ['OPTIONS /', 'Origin: https://a.example\r\nAccess-Control-Request-Method:'],
  ['OPTIONS *', 'Accept: */*'],
  ['HEAD /', 'Origin: https://a.example\r\nAccess-Control-Request-Method: PUT'],
  ['POST /', 'Content-Length: 0'],
  ['POST /', 'Expect: 100-continue\r\nContent-Length: 0'],
  ['POST /pkg.Service/Call', 'Content-Type: application/grpc\r\nTE: trailers\r\nContent-Length: 0'],
  ['DELETE /a/../b', 'Accept: */*'],
  ['GET /a//b;c?d', 'Accept: */*'],
  ['GET /%61', 'Accept: */*'],
  ['GET /users/7', 'Accept: */*'],
  ['GET /shop/7', 'Accept: */*'],
] as const;

async function guarded(t: TestContext) {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    policies: [{ cors: { origins: ['https://a.example'] } }, { jwt }],
    routes: [
      { path: '/users/:id', rewrite: '/people/${params.id}', upstream: 'service' },
      { path: '/shop', stripPrefix: true, upstream: 'service' },
      { path: '/', upstream: 'service' },
    ],
  });
  const statusOf = async (line: string, more: string, authorization?: string) => {
    const credentials = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`;
    const bytes = `${line} HTTP/1.1\r\nHost: a\r\n${credentials}${more}\r\n\r\n`;
    return (await exchangeOnce(t, gateway.port, bytes, { to: line.split(' ', 1)[0] ?? '' })).status;
  };
  return { target, statusOf };
}

test('F89: a token is asked of every method, of upgrades, and before any rewrite', async (t) => {
  const { target, statusOf } = await guarded(t);
  for (const [line, more] of requests) {
    for (const authorization of [
      undefined,
      `Bearer ${expired}`,
      `Bearer ${forged}`,
      'Bearer',
      `Basic ${token}`,
    ])
      assert.equal(await statusOf(line, more, authorization), 401, `${line}, ${more}: ${authorization}`);
  }
  assert.equal(target.connections.length, 0);
  for (const [line, more] of requests)
    assert.equal(await statusOf(line, more, `Bearer ${token}`), line === 'OPTIONS *' ? 204 : 200, line);
  // `OPTIONS *` is about the gateway, which answers it.
  assert.equal(target.requests.length, requests.length - 1);
});

test('F89: a real preflight needs no token, and gets no further than cors', async (t) => {
  const { target, statusOf } = await guarded(t);
  const preflight = 'Origin: https://a.example\r\nAccess-Control-Request-Method: PUT';
  assert.equal(await statusOf('OPTIONS /users/7', preflight), 204);
  assert.equal(await statusOf('OPTIONS /', preflight.replace('a.example', 'evil.example')), 204);
  assert.equal(target.connections.length, 0);
});

/** What must be nowhere: each whole, its payload and its signature. */
const canaries = [token, expired, forged].flatMap((each) => [each, ...each.split('.').slice(1)]);

function assertFree(where: string, output: string): void {
  for (const canary of canaries)
    assert.ok(!output.includes(canary), `a token is in ${where}: ${output.slice(0, 2000)}`);
}

test('F195: no token that was presented is in any log, metric, page or answer', async (t) => {
  const target = await startRecordingTarget(t);
  const secret = 'canary-of-a-secret-that-two-of-us-share';
  const config = routeTo(target, {
    log: { access: 'json', level: 'debug' },
    routes: [
      { path: '/header', upstream: 'service', policies: [{ jwt }] },
      { path: '/dropped', upstream: 'service', policies: [{ jwt: { ...jwt, forwardToken: false } }] },
      { path: '/cookie', upstream: 'service', policies: [{ jwt: { ...jwt, from: { cookie: 'session' } } }] },
      { path: '/query', upstream: 'service', policies: [{ jwt: { ...jwt, from: { query: 'token' } } }] },
      { path: '/secret', upstream: 'service', policies: [{ jwt: { ...jwt, jwks: undefined, secret } }] },
      { path: '/none', policies: [{ respond: { status: 204 } }] },
    ],
  });
  const gateway = await startGatewayProcess(t, config);
  const answers: string[] = [];
  let sent = 0;
  for (const each of [token, expired, forged]) {
    for (const lines of [
      `GET /header HTTP/1.1\r\nAuthorization: Bearer ${each}`,
      `GET /dropped HTTP/1.1\r\nAuthorization: Bearer ${each}`,
      `GET /header HTTP/1.1\r\nAuthorization: Bearer ${each} ${each}`,
      `GET /header HTTP/1.1\r\nAuthorization: Basic ${each}`,
      `GET /header HTTP/1.1\r\nAuthorization: ${each}`,
      `GET /secret HTTP/1.1\r\nAuthorization: Bearer ${each}`,
      `GET /cookie HTTP/1.1\r\nCookie: session=${each}; a=b`,
      `GET /cookie HTTP/1.1\r\nCookie: session=${each}; session=${each}`,
      `GET /query?a=1&token=${each} HTTP/1.1\r\nAccept: */*`,
      `GET /query?token=${each}&token=${each} HTTP/1.1\r\nAccept: */*`,
      `GET /none?access_token=${each} HTTP/1.1\r\nCookie: session=${each}`,
      `GET /nowhere?token=${each} HTTP/1.1\r\nAuthorization: Bearer ${each}`,
      `BREW /header HTTP/1.1\r\nAuthorization: Bearer ${each}\r\nTransfer-Encoding: x`,
      `GET /header HTTP/1.1\r\nAuthorization: Bearer ${each}\r\nAuthorization: Bearer ${each}`,
    ]) {
      sent++;
      const bytes = `${lines}\r\nHost: a\r\nConnection: close\r\n\r\n`;
      const { headers, text } = await exchangeOnce(t, gateway.port, bytes);
      answers.push(JSON.stringify(headers), text);
    }
  }
  await eventually(() => gateway.out.split('\n').length > sent, 'the access log is written');
  const pages = await Promise.all(
    ['/metrics', '/config', '/healthz'].map(async (path) => {
      const response = await fetch(`http://127.0.0.1:${gateway.adminPort}${path}`);
      return response.text();
    }),
  );
  for (const [where, output] of [
    ['the access log', gateway.out],
    ['the operational log', gateway.err],
    ['an answer', answers.join('\n')],
    ['a page', pages.join('\n')],
  ] as const) {
    assert.ok(output.length > 100, where);
    assertFree(where, output);
    assert.ok(!output.includes(secret) && !output.includes('canary-of-the-forger'), where);
  }
  assert.match(gateway.err, /the signature is wrong/);
  const { requests: received } = target;
  assert.deepEqual(
    received.map((request) => request.target),
    ['/header', '/dropped', '/cookie', '/query?a=1'],
  );
  assertFree('a request to the service', JSON.stringify(received.slice(1).map(({ headers }) => headers)));
});

test('F195: an explanation says why a token is refused, without a word of it', async (t) => {
  const config = routeTo({ url: 'http://127.0.0.1:3001' }, { listen: 3000, policies: [{ jwt }] });
  const folder = workFolder(t, { 'waygate.json': JSON.stringify(config) });
  for (const each of [expired, forged]) {
    const { code, out, err } = await waygate(folder, [
      ...['explain', 'GET', '/a', '-c', 'waygate.json', '-H', `Authorization: Bearer ${each}`],
    ]);
    assert.equal(code, 0, err);
    assert.match(out, /401/);
    assertFree('the explanation', out + err);
  }
});
