import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import type { RecordedRequest } from '../kit/request-parser.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';
import { issueToken, jwksOf, newKey } from '../kit/token-issuer.ts';

const signing = newKey('k1');
const stranger = newKey('k1');
const claims = {
  iss: 'https://issuer.example',
  aud: 'orders',
  sub: 'alice',
  exp: Math.floor(Date.now() / 1000) + 3600,
};
const good = issueToken(signing, claims);
const forged = issueToken(stranger, { ...claims, sub: 'root' });
const jwt = { issuer: claims.iss, audience: 'orders', jwks: jwksOf(signing) };
const key = 'wg_IQ2R3qbm3aauTdo4QhbWp4ALHlT9Vg5MVqYpDc65Io044vrIp';
const apiKey = { consumers: [{ name: 'acme', keys: [`sha256:${hash('sha256', key)}`] }] };

/** A gateway in front of one service with these policies, and what comes of a request. */
async function scene(t: TestContext, config: Partial<ConfigInput>) {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, routeTo(target, config));
  const ask = async (line: string, ...lines: string[]) => {
    const head = [`${line} HTTP/1.1`, 'Host: a', ...lines].join('\r\n');
    const before = target.requests.length;
    const answer = await exchangeOnce(t, gateway.port, Buffer.from(`${head}\r\n\r\n`, 'latin1'), {
      to: line.split(' ', 1)[0] ?? '',
    });
    return { status: answer.status, headers: answer.headers, received: target.requests[before] };
  };
  return { target, gateway, ask };
}

function valuesOf(request: RecordedRequest | undefined, name: string): string[] {
  return (request?.headers ?? []).filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

test('F58: a name with white space around it is not that of somebody else', async (t) => {
  const { ask } = await scene(t, {
    identity: {
      headers: { 'X-Consumer': '${consumer.id}', 'X-Email': '${consumer.claims.email}' },
    },
    policies: [{ jwt }],
  });
  for (const space of [' ', '\u00a0', '\u2003', '\ufeff']) {
    for (const sub of [`${space}root`, `root${space}`]) {
      const { status, received } = await ask(
        'GET /',
        `Authorization: Bearer ${issueToken(signing, { ...claims, sub })}`,
      );
      assert.equal(status, 401, JSON.stringify(sub));
      assert.deepEqual(valuesOf(received, 'x-consumer'), []);
    }
    for (const email of [`${space}root@a.example`, `root@a.example${space}`]) {
      const { received } = await ask(
        'GET /',
        `Authorization: Bearer ${issueToken(signing, { ...claims, email })}`,
      );
      assert.ok(
        !valuesOf(received, 'x-email').some((text) => text.trim() === 'root@a.example'),
        JSON.stringify(email),
      );
    }
  }
});

test('F63: a name that is no text in UTF-8 reaches nobody', async (t) => {
  const { ask, target } = await scene(t, { policies: [{ jwt }] });
  for (const sub of ['\ud800', 'a\udc00', 'root\ud83d'])
    assert.equal(
      (await ask('GET /', `Authorization: Bearer ${issueToken(signing, { ...claims, sub })}`)).status,
      400,
    );
  assert.equal(target.requests.length, 0);
});

test('F58: a cookie that services read as the one with the token does not get past unverified', async (t) => {
  for (const optional of [false, true]) {
    const { ask } = await scene(t, {
      policies: [{ jwt: { ...jwt, from: { cookie: 'session' }, optional } }],
    });
    for (const other of [
      `session =${forged}`,
      `session\t=${forged}`,
      `\u00a0session=${forged}`,
      `session\u00a0=${forged}`,
    ]) {
      for (const cookie of [
        other,
        `a=b; ${other}`,
        `session=${good}; ${other}`,
        `${other}; session=${good}`,
      ]) {
        const { status, received } = await ask('GET /', `Cookie: ${cookie}`);
        assert.ok(
          !JSON.stringify(received?.headers ?? []).includes(forged),
          `${status}: ${cookie.replace(forged, 'forged').replace(good, 'good')}`,
        );
      }
    }
  }
});

test('F107: caches are told that an answer depends on the cookie with the token', async (t) => {
  const { ask } = await scene(t, {
    policies: [{ jwt: { ...jwt, from: { cookie: 'session' }, optional: true } }],
  });
  for (const lines of [[], [`Cookie: session=${good}`], [`Cookie: session=${forged}`]]) {
    const { headers } = await ask('GET /', ...lines);
    const vary = headers.filter(([name]) => name.toLowerCase() === 'vary').map(([, value]) => value);
    assert.ok(
      vary.some((value) => /\bcookie\b/i.test(value)),
      JSON.stringify(headers),
    );
  }
});

test('F89: what none of any-of has verified reaches no service, in no mixture', async (t) => {
  const others = [
    { jwt },
    { jwt: { ...jwt, from: { cookie: 'session' } } },
    { jwt: { ...jwt, from: { query: 'token' } } },
    { 'api-key': { ...apiKey, query: 'api_key' } },
  ] as const;
  const { ask } = await scene(t, {
    policies: [{ 'any-of': { policies: [...others], anonymous: true } }],
  });
  const places = (token: string, apiKeyText: string) => ({
    bearer: [`Authorization: Bearer ${token}`, ''],
    cookie: [`Cookie: a=1; session=${token}`, ''],
    query: ['', `token=${token}`],
    header: [`X-Api-Key: ${apiKeyText}`, ''],
    inQuery: ['', `api_key=${apiKeyText}`],
  });
  const goods = Object.entries(places(good, key));
  const bads = Object.entries(places(forged, 'wg_forged'));
  for (const [goodPlace, [goodLine = '', goodQuery = '']] of [...goods, ['none', ['', '']] as const]) {
    for (const [badPlace, [badLine = '', badQuery = '']] of bads) {
      if (badPlace === goodPlace || (goodLine.startsWith('Cookie') && badLine.startsWith('Cookie'))) continue;
      const query = [goodQuery, 'x=1', badQuery].filter((part) => part !== '').join('&');
      const { status, received } = await ask(
        `GET /?${query}`,
        ...[goodLine, badLine].filter((line) => line !== ''),
      );
      const what = `${goodPlace} with ${badPlace}: ${status}`;
      if (goodPlace === 'none') assert.equal(status, 401, what);
      const text = JSON.stringify([received?.target, received?.headers]);
      assert.ok(!text.includes(forged) && !text.includes('wg_forged'), what);
      if (received !== undefined) {
        const expected = goodPlace === 'header' || goodPlace === 'inQuery' ? 'acme' : 'alice';
        assert.deepEqual(valuesOf(received, 'x-consumer'), [expected], what);
      }
    }
  }
});

test('F89: what matches no route, and what asks for another method, passes the policies of all', async (t) => {
  const { ask, target } = await scene(t, {
    policies: [{ jwt }, { authorize: { rules: [{ name: 'alice', consumers: ['alice'] }] } }],
    routes: [{ path: '/only', method: 'GET', upstream: 'service' }],
  });
  for (const line of [
    'GET /nowhere',
    'POST /only',
    'OPTIONS *',
    'OPTIONS /only',
    'HEAD /nowhere',
    'PUT /only/%2e%2e/x',
  ])
    assert.equal((await ask(line)).status, 401, line);
  assert.equal((await ask('GET /nowhere', `Authorization: Bearer ${good}`)).status, 404);
  assert.equal((await ask('POST /only', `Authorization: Bearer ${good}`)).status, 405);
  assert.equal(target.requests.length, 0);
});

test('F63: claims of odd types and sizes are no header, or one that says nothing more', async (t) => {
  const { ask } = await scene(t, {
    identity: {
      headers: {
        'X-Consumer': '${consumer.id}',
        'X-Groups': '${consumer.groups}',
        'X-Scopes': '${consumer.scopes}',
        'X-Tenant': '${consumer.claims.tenant}',
        'X-Deep': '${consumer.claims.a.b.c}',
      },
    },
    policies: [{ jwt }],
  });
  const send = async (more: object) =>
    ask('GET /', `Authorization: Bearer ${issueToken(signing, { ...claims, ...more })}`);
  for (const groups of [7, { admin: true }, [['admin']], [{ 0: 'admin' }], null, true, [], [null, 7]]) {
    const { status, received } = await send({ groups, scope: groups });
    assert.equal(status, 200, JSON.stringify(groups));
    for (const name of ['x-groups', 'x-scopes'])
      assert.deepEqual(valuesOf(received, name), [], JSON.stringify(groups));
  }
  const { received: split } = await send({
    groups: ['a,admin', ' admin', 'admin\u00a0', '"admin"'],
    scope: ['a admin', 'b\u00a0admin'],
  });
  assert.deepEqual(
    valuesOf(split, 'x-groups')
      .flatMap((text) => text.split(',').map((one) => one.trim()))
      .filter((one) => one === 'admin'),
    [],
  );
  assert.deepEqual(
    valuesOf(split, 'x-scopes')
      .flatMap((text) => text.split(/\s/))
      .filter((one) => one === 'admin'),
    [],
  );
  for (const sub of [
    7,
    '',
    null,
    ['alice'],
    { id: 'alice' },
    'x'.repeat(257),
    'a\r\nX-Admin: 1',
    'a\u0000',
    'a\u007f',
    true,
  ])
    assert.equal((await send({ sub })).status, 401, JSON.stringify(sub).slice(0, 40));
  for (const tenant of ['a\r\nX-Admin: 1', 'a\nb', '\u0000', 'a\u0001', '\u010a\u010d']) {
    const { status, received } = await send({ tenant });
    assert.ok(status === 400 || received !== undefined, JSON.stringify(tenant));
    assert.deepEqual(valuesOf(received, 'x-admin'), []);
  }
  const { status, received } = await send({ tenant: 'x'.repeat(5000), a: { b: { c: 'x'.repeat(100) } } });
  assert.ok(status === 200 && received !== undefined, 'what fits into a token fits into a header');
});
