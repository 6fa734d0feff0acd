import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { fakeRedis } from './redis/fake-redis.ts';
import type { TargetAnswer } from './target-answer.ts';
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

describe('targets in memory', () => {
  const ask = async (answer: TargetAnswer, request: Request | string = 'http://gw.test/orders') => {
    await using gateway = await createTestGateway({ config });
    gateway.target('orders').answer(answer, answer, answer);
    const response = await gateway.handle(request);
    return { response, text: await response.text().catch(String), gateway };
  };

  it('answer with a status, header lines in their order, and a body', async () => {
    const headers = [
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ] as const;
    const { response, text } = await ask({ status: 201, headers, json: { id: 1 } });
    assert.deepEqual(
      [response.status, text, response.headers.getSetCookie()],
      [201, '{"id":1}', ['a=1', 'b=2']],
    );
    assert.equal(response.headers.get('content-type'), 'application/json');
    for (const status of [204, 304]) assert.equal((await ask({ status })).text, '');
    const head = await ask({ body: 'unsent' }, new Request('http://gw.test/orders', { method: 'HEAD' }));
    assert.deepEqual([head.text, head.response.headers.get('content-length')], ['', '6']);
  });

  it('answer a request that they have seen', async () => {
    const request = new Request('http://gw.test/orders?n=2', {
      method: 'POST',
      body: '[1,2]',
      headers: { 'x-a': 'b' },
    });
    const { text } = await ask(
      async (got) => ({ body: `${got.query.get('n')} ${got.text} ${got.headers.get('X-A')}` }),
      request,
    );
    assert.equal(text, '2 [1,2] b');
  });

  it('send a body in chunks, however large, and octets as they are', async () => {
    async function* chunks() {
      for (let i = 0; i < 64; i++) yield 'x'.repeat(65_536);
    }
    assert.equal((await ask({ body: chunks() })).text.length, 64 * 65_536);
    assert.equal((await ask({ raw: 'HTTP/1.0 200 Fine\r\n\r\n\xff' })).text, '\ufffd');
  });

  for (const [answer, error] of [
    ['refuse', 'upstream_connect_failed'],
    ['reset', 'upstream_closed'],
    ['close', 'upstream_closed'],
    [{ raw: 'nonsense\r\n\r\n' }, 'upstream_malformed'],
  ] as const) {
    it(`are as services that break: ${JSON.stringify(answer)}`, async () => {
      const { response, gateway } = await ask(answer);
      assert.equal(response.status, 502);
      assert.equal(gateway.records[0]?.error, error);
      assert.equal(gateway.gateway.stats.targetConnections, 0);
    });
  }

  it('break off in the middle of an answer', async () => {
    for (const body of [
      'half',
      (async function* () {
        yield 'half';
      })(),
    ]) {
      const { response, gateway } = await ask({ body, cut: true });
      assert.equal(response.status, 200);
      assert.equal(gateway.records[0]?.error, 'upstream_body_broken');
    }
  });

  it('take their time, by the clock of the gateway', async () => {
    await using gateway = await createTestGateway({
      config,
      targets: { orders: { delay: 5000, body: 'late' } },
    });
    let isDone = false;
    const answer = gateway.handle('http://gw.test/orders').finally(() => (isDone = true));
    await gateway.pass(4999);
    assert.equal(isDone, false);
    await gateway.pass(1);
    assert.equal(await (await answer).text(), 'late');
    assert.equal(gateway.records[0]?.duration, 5000);
  });

  it('cannot be reached in time', async () => {
    await using gateway = await createTestGateway({ config, targets: { orders: 'unreachable' } });
    const answer = gateway.handle('http://gw.test/orders');
    await gateway.pass(60_000);
    assert.equal((await answer).status, 504);
    assert.match(gateway.records[0]?.error ?? '', /^upstream_connect/);
  });

  it('say what a test got wrong in its own function', async () => {
    const { response, text } = await ask(() => {
      throw new Error('of the test');
    });
    assert.equal(response.status, 500);
    assert.match(text, /The fake target failed: Error: of the test/);
  });
});

describe('time in a gateway in memory', () => {
  it('does not pass before a request is where it waits, whatever is verified on its way there', async () => {
    const issuer = tokenIssuer({ alg: 'RS256', claims: { aud: 'shop' } });
    await using gateway = await createTestGateway({
      config: { ...config, policies: [{ jwt: { issuer: issuer.issuer, audience: 'shop' } }] },
      issuers: [issuer],
      targets: { orders: 'silent' },
    });
    const headers = { authorization: `Bearer ${issuer.token()}` };
    const answers = Array.from({ length: 20 }, () =>
      gateway.handle(new Request('http://gw.test/orders', { headers })),
    );
    await gateway.pass(60_000);
    for (const answer of answers) assert.equal((await answer).status, 504);
    assert.equal(gateway.target('orders').requests.length >= 20, true);
  });

  it('lets who waits in a queue wait no longer than it may', async () => {
    const policies = [{ 'concurrency-limit': { limit: 1, queue: { size: 1, timeout: '2s' } } }];
    await using gateway = await createTestGateway({
      config: { ...config, policies },
      targets: { orders: { delay: 10_000 } },
    });
    const [first, second] = [1, 2].map(() => gateway.handle('http://gw.test/orders'));
    await gateway.pass(2000);
    assert.equal((await second)?.status, 503);
    await gateway.pass(8000);
    assert.equal((await first)?.status, 200);
  });

  it('passes by the day without anybody waiting, where nothing is under way', async () => {
    await using gateway = await createTestGateway({ config });
    await gateway.pass(365 * 24 * 3_600_000);
    assert.equal(new Date(gateway.clock.now()).toISOString(), '2027-01-01T00:00:00.000Z');
    await assert.rejects(gateway.pass(-1), RangeError);
    await assert.rejects(gateway.pass(NaN), RangeError);
  });
});

describe('what a gateway in memory refuses', () => {
  it('an upgrade: a Response cannot change the protocol', async () => {
    await using gateway = await createTestGateway({ config });
    const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'x' };
    await gateway.handle(new Request('http://gw.test/orders', { headers })).then(
      ({ status }) => assert.notEqual(status, 101),
      (error: unknown) => assert.ok(error instanceof Error),
    );
    assert.equal((await gateway.handle('http://gw.test/orders')).status, 200);
  });

  it('a document that the test has not said', async () => {
    await using gateway = await createTestGateway({
      config: { ...config, policies: [{ jwt: { issuer: 'https://other.example', audience: 'shop' } }] },
      issuers: [tokenIssuer()],
    });
    const headers = { authorization: `Bearer ${tokenIssuer().token()}` };
    const { status } = await gateway.handle(new Request('http://gw.test/orders', { headers }));
    assert.ok(status === 503 || status === 401);
    const lines = inspect(gateway.log, { depth: 5 });
    assert.match(lines, /fetches nothing from https:\/\/other\.example.*there is only/);
  });
});
