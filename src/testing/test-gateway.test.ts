import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
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
});
