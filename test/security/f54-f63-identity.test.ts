import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { definePolicy } from '../../src/core/policy.ts';
import { explainRequest } from '../../src/gateway/explain.ts';
import { builtInPolicies } from '../../src/gateway/built-in-policies.ts';
import { z } from 'zod';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer } from '../kit/replies.ts';
import type { RecordedRequest } from '../kit/request-parser.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

/** Everything that a client may call itself, in spellings that some service reads as the gateway's. */
const forged = [
  ...[
    'X-Consumer',
    'x-consumer',
    'X-CONSUMER',
    'X_Consumer',
    'x.consumer',
    'X~Consumer',
    'X-Consumer.',
    'x-consumer-',
  ],
  ...['X-User-Email', 'X_User_Email', 'X.User.Email', 'x-user.email', "X-User'Email", 'X-USER-EMAIL'],
  ...['X-Consumer-Id', 'x-consumer-groups', 'X_Consumer_Role', 'X.Consumer.Scopes', 'X-CONSUMER-CUSTOM-ID'],
  ...['X-Gw-Route', 'x-gw-consumer', 'X.GW.Admin', 'X-Waygate-User', 'x.waygate.consumer', 'X_Waygate_Id'],
];
const lines = forged.map((name, i) => `${name}: evil-${i}\r\n`).join('');

const identity = {
  headers: {
    'X-Consumer': '${consumer.id}',
    'X-User-Email': '${consumer.claims.email}',
    'X-Groups': '${consumer.groups}',
  },
};

const claimsOf = z.record(z.string(), z.unknown());

/** Takes its word for who is asking from the query, which no gateway does; and keeps what policies could see. */
function witness(seen: string[]) {
  return definePolicy({
    name: 'witness',
    description: 'Tells who is asking by the query.',
    options: z.strictObject({}),
    create: () => ({
      onRequest(exchange) {
        for (const [name, value] of exchange.request.headers) if (value.startsWith('evil')) seen.push(name);
        if (exchange.request.query === undefined) return;
        const { id, groups, claims } = JSON.parse(decodeURIComponent(exchange.request.query)) as Record<
          string,
          unknown
        >;
        exchange.consumer = {
          id: z.string().parse(id),
          groups: z.array(z.string()).parse(groups ?? []),
          claims: claimsOf.parse(claims ?? {}),
        };
      },
    }),
  });
}

async function scene(t: TestContext, config: Partial<ConfigInput> = {}) {
  const seen: string[] = [];
  const target = await startRecordingTarget(t);
  const route = {
    path: '/',
    upstream: 'service',
    trailers: ['x-consumer', 'x.user-email', 'x-consumer-id', 'x-sum'],
  };
  const full = routeTo(target, {
    identity,
    policies: [{ witness: {} }] as ConfigInput['policies'] & object,
    routes: [route],
    ...config,
  });
  const gateway = await startGateway(t, full, { policies: [witness(seen)] });
  const ask = async (head: string, body = ''): Promise<number> => {
    const [to = ''] = head.split(' ');
    const bytes = `${head.replace(/ HTTP\/1\.[01]/, '$&\r\nHost: gw.test')}\r\n\r\n${body}`;
    return (await exchangeOnce(t, gateway.port, bytes, { to })).status;
  };
  return { seen, target, gateway, ask };
}

const asAda = `?${encodeURIComponent(JSON.stringify({ id: 'ada', groups: ['ops', 'a,admin'], claims: { email: 'ada@example.com' } }))}`;

/** The lines that say who is asking, as a service that folds names would find them. */
function identityLines({ headers, trailers }: RecordedRequest): string[] {
  const found = /^x.(?:consumer|user.email|groups|gw|waygate)/i;
  return [...headers, ...trailers]
    .filter(([name]) => found.test(name))
    .map(([name, value]) => `${name}: ${value}`);
}

const adasLines = ['X-Consumer: ada', 'X-User-Email: ada@example.com', 'X-Groups: ops,a%2Cadmin'];

const upgrade =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

for (const [what, line, more, body] of [
  ['GET', 'GET /', '', ''],
  ['HEAD', 'HEAD /', '', ''],
  ['OPTIONS', 'OPTIONS /', 'Origin: https://a.example\r\nAccess-Control-Request-Method: PUT\r\n', ''],
  ['POST', 'POST /', 'Content-Length: 2\r\n', 'ab'],
  ['a WebSocket handshake', 'GET /', upgrade, ''],
  ['gRPC', 'POST /', 'Content-Type: application/grpc\r\nTE: trailers\r\nContent-Length: 0\r\n', ''],
  ['an absolute target', 'GET http://gw.test/', '', ''],
] as const) {
  test(`F58, F59: of what a client says about itself nothing reaches policies and services: ${what}`, async (t) => {
    const { seen, target, ask, gateway } = await scene(t);
    for (const query of ['', asAda]) {
      const before = target.requests.length;
      assert.equal(await ask(`${line}${query} HTTP/1.1\r\n${more}${lines}`.trimEnd(), body), 200);
      assert.deepEqual(identityLines(await target.request(before)), query === '' ? [] : adasLines);
    }
    assert.deepEqual(seen, []);
    assert.equal(gateway.metric('waygate_headers_dropped_total'), 2 * forged.length);
    assert.deepEqual(target.irregularities, []);
  });
}

test('F58: nor on HTTP/1.0, behind a trusted proxy, and where no route matches', async (t) => {
  const { seen, target, ask } = await scene(t, {
    trustedProxies: ['127.0.0.0/8'],
    routes: [{ path: '/a', upstream: 'service' }],
  });
  assert.equal(await ask(`GET /a HTTP/1.0\r\n${lines}`.trimEnd()), 200);
  assert.equal(await ask(`GET /a HTTP/1.1\r\nX-Forwarded-For: 192.0.2.1\r\n${lines}`.trimEnd()), 200);
  assert.equal(await ask(`GET /elsewhere HTTP/1.1\r\n${lines}`.trimEnd()), 404);
  assert.deepEqual(target.requests.flatMap(identityLines), []);
  assert.deepEqual([target.requests.length, seen], [2, []]);
});

test('F58: nor into another header by way of a template', async (t) => {
  const { target, ask } = await scene(t, {
    identity: { headers: { 'X-Consumer': '${consumer.id}', 'X-Plan': '${consumer.claims.plan}' } },
    routes: [
      {
        path: '/',
        upstream: 'service',
        policies: [
          {
            headers: {
              request: {
                set: {
                  'X-Copy':
                    'a${request.header.x-plan}${request.header.x-consumer}${request.header.x-consumer-id}',
                },
              },
            },
          },
        ],
      },
    ],
  });
  assert.equal(await ask('GET / HTTP/1.1\r\nX-Plan: evil\r\nX-Consumer: evil\r\nX-Consumer-Id: evil'), 200);
  const request = await target.request(0);
  assert.doesNotMatch(JSON.stringify(request.headers), /evil|X-Copy/);
});

test('F54: a Connection header cannot take away who is asking, nor save what a client says about itself', async (t) => {
  const { target, ask } = await scene(t);
  for (const connection of [
    'close, X-Consumer, x-user-email, X-Groups',
    'keep-alive, x.consumer, te',
    'x-consumer',
  ]) {
    for (const more of ['', lines]) {
      const before = target.requests.length;
      assert.equal(
        await ask(`GET /${asAda} HTTP/1.1\r\nConnection: ${connection}\r\n${more}`.trimEnd()),
        200,
      );
      assert.deepEqual(identityLines(await target.request(before)), adasLines);
    }
  }
});

test('F58: trailers cannot say who is asking, though the route lets trailers of that name pass', async (t) => {
  const { target, ask } = await scene(t);
  const trailers = [...forged.filter((name) => !name.includes('_')), 'X-Sum']
    .map((name) => `${name}: evil\r\n`)
    .join('');
  const head = `POST /${asAda} HTTP/1.1\r\nTE: trailers\r\nConnection: TE\r\nTrailer: X-Consumer\r\nTransfer-Encoding: chunked`;
  assert.equal(await ask(head, `2\r\nab\r\n0\r\n${trailers}\r\n`), 200);
  const request = await target.request(0);
  assert.deepEqual(identityLines(request), adasLines);
  assert.deepEqual(request.trailers, [['X-Sum', 'evil']]);
});

test('F58: what a policy writes under these names gives way to what the gateway knows, and stands where it knows nothing', async (t) => {
  const set = { 'X-Consumer': 'guest', 'X.User.Email': 'nobody@example.com', 'X-Consumer-Plan': 'free' };
  const { target, ask } = await scene(t, {
    policies: [{ witness: {} }, { headers: { request: { set } } }] as ConfigInput['policies'] & object,
  });
  assert.equal(await ask('GET / HTTP/1.1'), 200);
  assert.equal(await ask(`GET /?${encodeURIComponent('{"id":"bob"}')} HTTP/1.1`), 200);
  assert.equal(await ask(`GET /${asAda} HTTP/1.1`), 200);
  const written = ['X.User.Email: nobody@example.com', 'X-Consumer-Plan: free'];
  assert.deepEqual(target.requests.map(identityLines), [
    ['X-Consumer: guest', ...written],
    [...written, 'X-Consumer: bob'],
    ['X-Consumer-Plan: free', ...adasLines],
  ]);
});

test('F58: without headers of identity others of these names pass, but never those that are always the gateway’s', async (t) => {
  const { target, ask } = await scene(t, { identity: { headers: {} } });
  assert.equal(await ask(`GET /${asAda} HTTP/1.1\r\n${lines}`.trimEnd()), 200);
  const names = identityLines(await target.request(0)).map((line) => line.slice(0, line.indexOf(':')));
  assert.deepEqual(
    names,
    forged.filter(
      (name) =>
        !name.includes('_') &&
        !/^x.(?:gw|waygate|consumer.[a-z]|consumer-$)/i.test(name) &&
        name !== 'X-Consumer.',
    ),
  );
});

test('F58: X-Consumer is the header when the configuration does not speak of any', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(
    t,
    routeTo(target, { policies: [{ witness: {} }] as ConfigInput['policies'] & object }),
    { policies: [witness([])] },
  );
  await exchangeOnce(t, gateway.port, `GET /${asAda} HTTP/1.1\r\nHost: a\r\nX-Consumer: evil\r\n\r\n`);
  assert.deepEqual(identityLines(await target.request(0)), ['X-Consumer: ada']);
});

for (const [what, consumer] of [
  ['CR LF in a claim', { id: 'a', claims: { email: 'a\r\nX-Admin: 1' } }],
  ['a bare LF in a claim', { id: 'a', claims: { email: 'a\nX-Admin: 1' } }],
  ['NUL in a claim', { id: 'a', claims: { email: 'a\0' } }],
  ['a C1 control in a claim', { id: 'a', claims: { email: 'a\x85b' } }],
  ['an unpaired surrogate in a claim', { id: 'a', claims: { email: 'a\ud800' } }],
  ['CR LF in an id', { id: 'a\r\nX-Admin: 1' }],
] as const) {
  test(`F63: ${what} is never written: the request is answered 400, and the connection goes on`, async (t) => {
    const { target, gateway } = await scene(t);
    const client = await connectClient(t, gateway.port);
    const query = JSON.stringify(consumer).replace(/[^!-~]|[%#"<>\\]/gu, encodeURIComponent);
    await client.send(`GET /?${query} HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n`);
    const refused = await client.response();
    assert.equal(refused.status, 400);
    assert.match(refused.text, /"code":"bad_request"/);
    assert.doesNotMatch(refused.text, /Admin/);
    assert.equal((await client.response()).status, 200);
    client.destroy();
    assert.deepEqual([target.requests.length, target.irregularities], [1, []]);
    assert.equal((await gateway.record(0)).error, 'bad_request');
  });
}

test('F63: a group with a line break or a comma in its name is one group, and a claim may hold any text', async (t) => {
  const { target, ask } = await scene(t);
  const consumer = {
    id: 'jürgen',
    groups: ['a\r\nX-Admin: 1', 'b,c'],
    claims: { email: '\u010d\u010aX: 1 日本' },
  };
  assert.equal(await ask(`GET /?${encodeURIComponent(JSON.stringify(consumer))} HTTP/1.1`), 200);
  const request = await target.request(0);
  assert.deepEqual(identityLines(request), [
    `X-Consumer: ${Buffer.from('jürgen').toString('latin1')}`,
    `X-User-Email: ${Buffer.from('\u010d\u010aX: 1 日本').toString('latin1')}`,
    'X-Groups: a%0D%0AX-Admin: 1,b%2Cc',
  ]);
  assert.deepEqual(target.irregularities, []);
});

test('F58: what a service says about consumers in its answer is not touched', async (t) => {
  const { target, gateway } = await scene(t);
  target.script = answer({
    headers: [
      ['X-Consumer', 'of the target'],
      ['X-Consumer-Id', '7'],
    ],
    body: 'OK',
  });
  const response = await exchangeOnce(t, gateway.port, `GET /${asAda} HTTP/1.1\r\nHost: a\r\n\r\n`);
  assert.deepEqual([response.header('x-consumer'), response.header('x-consumer-id')], ['of the target', '7']);
});

test('F63: explain says that such a request is refused', async (t) => {
  const { gateway } = await scene(t);
  const query = encodeURIComponent(JSON.stringify({ id: 'a', claims: { email: 'a\r\nb' } }));
  const head = `GET /?${query} HTTP/1.1\r\nHost: gw.test\r\n\r\n`;
  const { end } = await explainRequest(gateway.gateway.config, { head, peerIp: '127.0.0.1' }, [
    ...builtInPolicies,
    witness([]),
  ]);
  assert.ok(end.type === 'refused');
  assert.deepEqual([end.status, end.code], [400, 'bad_request']);
});

test('F58: explain shows who is asking in the request as it is sent', async (t) => {
  const { target, gateway, ask } = await scene(t);
  assert.equal(await ask(`GET /${asAda} HTTP/1.1\r\n${lines}`.trimEnd()), 200);
  const head = `GET /${asAda} HTTP/1.1\r\nHost: gw.test\r\n${lines}\r\n`;
  const { end } = await explainRequest(gateway.gateway.config, { head, peerIp: '127.0.0.1' }, [
    ...builtInPolicies,
    witness([]),
  ]);
  assert.ok(end.type === 'forwarded');
  assert.deepEqual(
    end.head.split('\r\n').filter((line) => /^x-(?:consumer|user-email|groups)/i.test(line)),
    adasLines,
  );
  assert.deepEqual(identityLines(await target.request(0)), adasLines);
});
