import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fakeRedis } from './redis/fake-redis.ts';
import { createTestGateway } from './test-gateway.ts';
import { tokenIssuer } from './token-issuer.ts';

const config = {
  upstreams: { users: 'https://users.internal', orders: 'http://orders.internal:3002' },
  routes: [
    { path: '/users', upstream: 'users', stripPrefix: true },
    { path: '/orders', upstream: 'orders' },
  ],
} as const;

describe('a gateway in memory', () => {
  it('sends what it is handed to the target of its route, as it would over a socket', async () => {
    await using gateway = await createTestGateway({ config });
    const request = new Request('http://gw.test/users/1?x=1', { method: 'POST', body: 'hello' });
    const response = await gateway.handle(request, { ip: '192.0.2.7' });
    assert.equal(response.status, 200);
    const [got] = gateway.target('users').requests;
    assert.ok(got !== undefined && got.complete);
    assert.deepEqual(
      [got.method, got.url, got.text, got.target],
      ['POST', '/1?x=1', 'hello', 'users.internal:443'],
    );
    assert.equal(got.headers.get('X-Forwarded-For'), '192.0.2.7');
    assert.match(got.rawHead, /^POST \/1\?x=1 HTTP\/1\.1\r\nHost: .*\r\n\r\n$/s);
    assert.deepEqual(((await response.json()) as { body: string }).body, 'hello');
    assert.deepEqual(gateway.target('orders').requests, []);
    assert.deepEqual(
      gateway.records.map(({ route, status }) => [route, status]),
      [['/users', 200]],
    );
  });

  it('times out what a silent target leaves without an answer, when the time has passed', async () => {
    await using gateway = await createTestGateway({ config, targets: { orders: 'silent' } });
    const answer = gateway.handle('http://gw.test/orders');
    await gateway.pass(120_000);
    assert.equal((await answer).status, 504);
  });

  it('verifies tokens of an issuer that is nowhere', async () => {
    const issuer = tokenIssuer();
    await using gateway = await createTestGateway({
      config: { ...config, policies: [{ jwt: { issuer: issuer.issuer, audience: 'shop' } }] },
      issuers: [issuer],
    });
    const ask = async (token: string): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` };
      return (await gateway.handle(new Request('http://gw.test/orders', { headers }))).status;
    };
    assert.equal(await ask(issuer.token({ aud: 'shop' })), 200);
    assert.equal(await ask(issuer.token({ aud: 'other' })), 401);
    assert.equal(await ask(issuer.token({ aud: 'shop', exp: 1 })), 401);
  });

  it('opens nothing of what a configuration names', async () => {
    const busy = {
      ...config,
      listen: [{ host: '192.0.2.1', port: 80 }],
      admin: { host: '192.0.2.1', port: 9901, token: 'x'.repeat(40) },
      workers: 4,
      redis: 'rediss://redis.internal:6379',
    };
    await using gateway = await createTestGateway({ config: busy });
    assert.equal((await gateway.handle('http://gw.test/orders')).status, 200);
    assert.deepEqual([gateway.gateway.addresses, gateway.gateway.adminAddress], [[], undefined]);
  });

  it('shares one Redis with others, and their limits', async () => {
    const redis = fakeRedis();
    const limited = {
      ...config,
      redis: 'redis://redis.internal',
      policies: [{ 'rate-limit': { limit: 3, window: '1m' } }],
    } as const;
    await using one = await createTestGateway({ config: limited, redis });
    await using other = await createTestGateway({ config: limited, redis });
    const ask = async (gateway: typeof one): Promise<number> =>
      (await gateway.handle('http://gw.test/orders')).status;
    const answers = [await ask(one), await ask(other), await ask(one), await ask(other)];
    assert.deepEqual(answers, [200, 200, 200, 429]);
    await one.pass(60_000);
    assert.equal(await ask(other), 200);
    redis.fail();
    assert.equal(await ask(one), 200);
  });

  it('says which upstreams there are where a test names another, and that there is no Redis', async () => {
    await assert.rejects(createTestGateway({ config, targets: { user: 'refuse' } }), {
      name: 'TypeError',
      message: /no upstream "user": it has users, orders/,
    });
    await assert.rejects(createTestGateway({ config, redis: fakeRedis() }), /has no `redis`/);
    await using gateway = await createTestGateway({ config });
    assert.throws(() => gateway.target('__proto__'), TypeError);
  });
});
