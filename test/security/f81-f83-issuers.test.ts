import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { test, type TestContext } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { listen, stopListening } from '../kit/listen.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { selfSigned } from '../kit/self-signed.ts';
import { startGateway } from '../kit/start-gateway.ts';
import { issueToken, jwksOf, newKey, type SigningKey } from '../kit/token-issuer.ts';

const [known, unknown] = [newKey('known'), newKey('unknown')];
const issuer = 'https://issuer.example';

let tokens = 0;

/** A token that holds, no two alike: none of them is remembered. */
function tokenOf(key: SigningKey): string {
  const exp = Math.floor(Date.now() / 1000) + 600;
  return issueToken(key, { iss: issuer, aud: 'orders', sub: 'alice', exp, jti: `t${tokens++}` });
}

/** A server of keys on 127.0.0.1, which answers as it is told to. */
class KeyServer {
  readonly server: Server;
  asked = 0;
  answer: RequestListener = (_request, response) => void response.end(jwksOf(known));

  constructor() {
    this.server = createServer((request, response) => {
      this.asked++;
      this.answer(request, response);
    });
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    const stopped = stopListening(this.server);
    this.server.closeAllConnections();
    await stopped;
  }
}

async function startKeyServer(t: TestContext, port = 0) {
  const keys = new KeyServer();
  const address = await listen(keys.server, port);
  onFinish(t, 'targets', () => keys.close());
  return { keys, port: address.port, url: `http://127.0.0.1:${address.port}/keys` };
}

/** A gateway with a route that needs a token, one that may do without, and one that is open. */
async function startGuarded(t: TestContext, jwks: string, options: object = {}) {
  const target = await startRecordingTarget(t);
  const jwt = {
    issuer,
    audience: 'orders',
    jwks,
    fetchTimeout: '500ms',
    keyCooldown: '1s',
    ...options,
  } as const;
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [
      { path: '/orders', upstream: 'service', policies: [{ jwt }] },
      { path: '/browse', upstream: 'service', policies: [{ jwt: { ...jwt, optional: true } }] },
      { path: '/open', upstream: 'service' },
    ],
  });
  const ask = (path: string, token: string) =>
    exchangeOnce(
      t,
      gateway.port,
      `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
  const statusOf = async (key: SigningKey, path = '/orders') => (await ask(path, tokenOf(key))).status;
  return { target, gateway, ask, statusOf };
}

const own = '{"keys":[{"kty":"oct","k":"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA","kid":"unknown"}]}';
const privateJwk = JSON.stringify({
  keys: [{ ...unknown.privateKey.export({ format: 'jwk' }), kid: 'unknown', alg: 'ES256' }],
});

function text(body: string, status = 200): RequestListener {
  return (_request, response) => void response.writeHead(status).end(body);
}

/** Writes for as long as somebody reads. @returns how much was written, in the end. */
function endless(written: (octets: number) => void): RequestListener {
  return (_request, response: ServerResponse) => {
    let octets = 0;
    const chunk = Buffer.alloc(64 * 1024, ' ');
    const pour = (): void => {
      if (response.destroyed || octets >= 50_000_000) return;
      octets += chunk.length;
      written(octets);
      response.write(chunk, () => setImmediate(pour));
    };
    pour();
  };
}

for (const [what, answer] of [
  ['500', text('{}', 500)],
  ['206', text(jwksOf(known, unknown), 206)],
  ['a page of HTML', text('<!doctype html><html><body>Maintenance</body></html>')],
  ['nothing at all', text('')],
  ['half of its JSON', text(jwksOf(known, unknown).slice(0, -5))],
  ['an object without keys', text('{}')],
  ['an empty list', text('{"keys":[]}')],
  ['a name twice', text(`{"keys":[],"keys":${JSON.stringify([unknown.jwk])}}`)],
  ['secrets', text(own)],
  ['private keys', text(privateJwk)],
  ['101 keys', text(JSON.stringify({ keys: Array(101).fill(unknown.jwk) }))],
  ['10,000 keys', text(JSON.stringify({ keys: Array(10_000).fill(unknown.jwk) }))],
  ['nothing, and keeps the connection', () => undefined],
  ['a reset', ({ socket }) => void socket.resetAndDestroy()],
  ['a cut answer', ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"keys":')],
  ['no HTTP', ({ socket }) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
] as const satisfies readonly (readonly [string, RequestListener])[]) {
  test(`F81: an issuer that answers with ${what} changes nothing for known keys, and lets no unknown one in`, async (t) => {
    const { keys, url } = await startKeyServer(t);
    const { statusOf, gateway } = await startGuarded(t, url);
    assert.equal(await statusOf(known), 200);
    keys.answer = answer;
    assert.equal(await statusOf(unknown), 401);
    assert.equal(await statusOf(unknown), 401);
    assert.equal(await statusOf(known), 200);
    // A GET whose connection breaks before the answer may be sent again (RFC 9110 §9.2.2).
    assert.equal(keys.asked, what === 'a reset' ? 3 : 2);
    assert.ok(gateway.lines.some(({ message }) => message.startsWith('keys could not be fetched')));
  });
}

test('F81: an answer of 50 MB, and one of an octet now and then, are given up', async (t) => {
  const { keys, url } = await startKeyServer(t);
  const { statusOf } = await startGuarded(t, url);
  assert.equal(await statusOf(known), 200);
  let written = 0;
  keys.answer = endless((octets) => (written = octets));
  assert.equal(await statusOf(unknown), 401);
  assert.ok(written < 20_000_000, `${written} octets were taken`);
  const second = await startKeyServer(t);
  const slow = await startGuarded(t, second.url);
  assert.equal(await slow.statusOf(known), 200);
  second.keys.answer = (_request, response) => {
    const timer = setInterval(() => response.write(' '), 100);
    response.on('close', () => {
      clearInterval(timer);
    });
  };
  assert.equal(await slow.statusOf(unknown), 401);
  assert.equal(await slow.statusOf(known), 200);
});

test('F81: an issuer that is gone changes nothing for known keys', async (t) => {
  const { keys, url } = await startKeyServer(t);
  const { statusOf } = await startGuarded(t, url);
  assert.equal(await statusOf(known), 200);
  await keys.close();
  assert.deepEqual([await statusOf(unknown), await statusOf(known)], [401, 200]);
});

test('F81: no redirect is followed, wherever it leads', async (t) => {
  const other = await startKeyServer(t);
  other.keys.answer = text(jwksOf(known, unknown));
  for (const location of [
    other.url,
    other.url.replace('127.0.0.1', 'localhost'),
    '/moved',
    'http://169.254.169.254/latest/meta-data/iam/security-credentials/',
    'https://127.0.0.1:1/keys',
    'file:///etc/passwd',
  ]) {
    for (const status of [301, 302, 303, 307, 308]) {
      const { keys, url } = await startKeyServer(t);
      const { statusOf } = await startGuarded(t, url);
      assert.equal(await statusOf(known), 200);
      keys.answer = (_request, response) => void response.writeHead(status, { location }).end();
      assert.equal(await statusOf(unknown), 401, `${status} to ${location}`);
      assert.equal(await statusOf(known), 200);
      assert.equal(keys.asked, 2);
    }
  }
  assert.equal(other.keys.asked, 0);
});

test('F81: keys count whatever type their answer says it has', async (t) => {
  for (const type of [
    'text/html',
    'text/plain',
    'application/octet-stream',
    'application/jwk-set+json',
    '',
  ]) {
    const { keys, url } = await startKeyServer(t);
    keys.answer = (_request, response) => void response.setHeader('content-type', type).end(jwksOf(known));
    const { statusOf } = await startGuarded(t, url);
    assert.deepEqual([await statusOf(known), await statusOf(unknown)], [200, 401], type);
  }
});

test('F81: a certificate that nobody vouches for, and a name that does not exist, are no keys: 503 and never a pass', async (t) => {
  const { cert, key } = selfSigned(['127.0.0.1', 'localhost']);
  const server = createTlsServer({ cert, key }, text(jwksOf(known)));
  const { port } = await listen(server);
  onFinish(t, 'targets', async () => {
    server.closeAllConnections();
    await stopListening(server);
  });
  for (const url of [`https://127.0.0.1:${port}/keys`, 'https://keys.invalid/keys']) {
    const { statusOf, target } = await startGuarded(t, url);
    for (const path of ['/orders', '/browse']) assert.equal(await statusOf(known, path), 503, url);
    assert.equal(target.requests.length, 0);
  }
});

test('F82: a key that is used before it is published is refused, and good as soon as it is', async (t) => {
  const { keys, url } = await startKeyServer(t);
  const { statusOf } = await startGuarded(t, url, { fetchTimeout: '2s' });
  assert.equal(await statusOf(known), 200);
  assert.equal(await statusOf(unknown), 401);
  keys.answer = text(jwksOf(known, unknown));
  // The look in vain was a moment ago: these wait for the next.
  const statuses = await Promise.all(Array.from({ length: 20 }, () => statusOf(unknown)));
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.equal(keys.asked, 3);
  keys.answer = text(jwksOf(unknown));
  assert.deepEqual(
    [await statusOf(unknown), await statusOf(known)],
    [200, 200],
    'until the keys are too old',
  );
});

test('F83: with the issuer down at start all else is served, its routes are closed, and open by themselves', async (t) => {
  const vacant = await startKeyServer(t);
  await vacant.keys.close();
  const { statusOf, ask, target, gateway } = await startGuarded(t, vacant.url);
  assert.equal((await ask('/open', 'x')).status, 200);
  const reply = await ask('/orders', tokenOf(known));
  assert.equal(reply.status, 503);
  assert.match(reply.text, /"keys_unavailable"/);
  assert.match(String(reply.header('retry-after')), /^[1-9]$/);
  assert.equal(await statusOf(known, '/browse'), 503, 'a token that cannot be looked at is not none');
  assert.ok(gateway.metric('waygate_policy_jwt_unavailable_total') >= 2, 'a metric shows it');
  assert.equal((await ask('/orders', 'x.y.z')).status, 401);
  assert.equal(target.requests.length, 1);
  await startKeyServer(t, vacant.port);
  await eventually(async () => (await statusOf(known)) === 200, 'the keys are there');
  assert.equal(await statusOf(unknown), 401);
  assert.deepEqual(
    new Set(gateway.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)),
    new Set([
      'keys could not be fetched, and there are none: such tokens are answered 503; check that the issuer answers here',
    ]),
  );
});
