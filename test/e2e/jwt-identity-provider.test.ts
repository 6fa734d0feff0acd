import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { Load } from '../figures/load.ts';
import { eventually } from '../kit/eventually.ts';
import { startIdentityProvider, type IdentityProvider } from '../kit/identity-provider.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';
import { issueToken, newKey } from '../kit/token-issuer.ts';

const orders = 'https://orders.example';

async function scene(t: TestContext, provider: IdentityProvider, options: object = {}) {
  const target = await startRecordingTarget(t, { keepBytes: false });
  const policies = [
    { jwt: { issuer: provider.issuer, audience: orders, algorithms: ['ES256'] as const, ...options } },
    { headers: { request: { set: { 'X-Caller': '${consumer.id}' } } } },
  ];
  const gateway = await startGateway(t, routeTo(target, { policies }));
  const ask = (token: string) =>
    exchangeOnce(t, gateway.port, `GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  return { target, gateway, ask };
}

test('a token of a real identity provider passes, with keys that its metadata lead to', async (t) => {
  const provider = await startIdentityProvider(t, newKey('k1'));
  const { ask, target } = await scene(t, provider, { typ: 'at+jwt' });
  const token = await provider.token(orders);
  assert.equal((await ask(token)).status, 200);
  assert.equal((await ask(token)).status, 200);
  assert.deepEqual((await target.request(0)).headers.find(([name]) => name === 'X-Caller')?.[1], 'shop');
  const other = await ask(await provider.token('https://stock.example'));
  assert.equal(other.status, 401);
  assert.match(String(other.header('www-authenticate')), /error="invalid_token"/);
  assert.deepEqual(
    provider.asked.filter((path) => path !== '/token'),
    ['/.well-known/openid-configuration', '/jwks'],
  );
});

test('keys rotate under load, and no valid token is refused, from the moment on that its key is published', async (t) => {
  const rotations = 3;
  let key = newKey('k0');
  const provider = await startIdentityProvider(t, key);
  const { gateway } = await scene(t, provider);
  const tokens = [await provider.token(orders)];
  const anyToken = () => tokens[Math.floor(Math.random() * tokens.length)] ?? '';
  const load = new Load(gateway.port, '/a', 8, {
    headers: () => ({ authorization: `Bearer ${anyToken()}` }),
  });
  const more = (requests: number) => {
    const enough = load.answered + requests;
    return eventually(() => load.answered >= enough, 'the load goes on');
  };
  try {
    await more(50);
    for (let i = 1; i <= rotations; i++) {
      const next = newKey(`k${i}`);
      provider.publish(next, key);
      const fresh = await Promise.all(Array.from({ length: 5 }, () => provider.token(orders)));
      const retired = tokens.length;
      tokens.push(...fresh);
      await more(100);
      tokens.splice(0, retired);
      await load.settled();
      provider.publish((key = next));
      await more(50);
    }
  } finally {
    assert.deepEqual((await load.stop()).failures, new Map());
  }
  assert.equal(provider.keyFetches, 1 + rotations);
});

test('a flood of unknown kids causes one fetch in a cool-down, and keeps no known token out', async (t) => {
  const cooldown = 10_000;
  const key = newKey('k1');
  const provider = await startIdentityProvider(t, key);
  const { ask, gateway } = await scene(t, provider, { keyCooldown: '10s' });
  assert.equal((await ask(await provider.token(orders))).status, 200);
  const forged = issueToken(key, {
    iss: provider.issuer,
    aud: orders,
    sub: 'nobody',
    exp: Date.now() / 1000 + 600,
  });
  const [, payload, signature] = forged.split('.');
  const unknown = (): string => {
    const header = JSON.stringify({ alg: 'ES256', kid: randomBytes(8).toString('hex') });
    return `${Buffer.from(header).toString('base64url')}.${payload}.${signature}`;
  };
  const begun = performance.now();
  const flood = new Load(gateway.port, '/a', 32, {
    headers: () => ({ authorization: `Bearer ${unknown()}` }),
  });
  const refused = () => gateway.records.filter(({ status }) => status !== 200).length;
  await eventually(() => refused() > 1000, 'the flood runs');
  assert.equal((await ask(await provider.token(orders))).status, 200);
  const { failures } = await flood.stop();
  const lasted = performance.now() - begun;
  assert.deepEqual([...failures.keys()].toSorted(), ['status 401', 'status 503']);
  assert.equal(flood.answered, 0);
  assert.ok(provider.keyFetches <= 2 + lasted / cooldown, `${provider.keyFetches} fetches in ${lasted} ms`);
});
