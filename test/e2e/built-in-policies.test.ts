import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGzip, gunzipSync } from 'node:zlib';
import { definePolicy, nodeStreamStage, webStreamStage, z } from '../../src/policy.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const app = 'https://app.example.com';

test('cors answers a preflight without asking the service, and lets the page read the answer', async (t) => {
  const target = await startRecordingTarget(t, {
    script: answer({
      headers: [
        ['Access-Control-Allow-Origin', '*'],
        ['Vary', 'Accept'],
      ],
      body: 'OK',
    }),
  });
  const { port } = await startGateway(t, routeTo(target, { policies: [{ cors: { origins: [app] } }] }));
  const preflight = await exchangeOnce(
    t,
    port,
    `OPTIONS /x HTTP/1.1\r\nHost: a\r\nOrigin: ${app}\r\nAccess-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-a\r\n\r\n`,
    { to: 'OPTIONS' },
  );
  assert.equal(preflight.status, 204);
  assert.deepEqual(preflight.all('access-control-allow-origin'), [app]);
  assert.deepEqual(preflight.all('access-control-allow-headers'), ['x-a']);
  assert.equal(target.requests.length, 0);

  const response = await exchangeOnce(t, port, `GET /x HTTP/1.1\r\nHost: a\r\nOrigin: ${app}\r\n\r\n`);
  assert.deepEqual(response.all('access-control-allow-origin'), [app]);
  assert.deepEqual(response.all('vary'), ['Accept, Origin']);
});

test('cors covers the error of a service that is gone', async (t) => {
  const target = await startRecordingTarget(t, { script: ({ socket }) => void socket.destroy() });
  const { port } = await startGateway(t, routeTo(target, { policies: [{ cors: { origins: [app] } }] }));
  const response = await exchangeOnce(
    t,
    port,
    `POST /x HTTP/1.1\r\nHost: a\r\nOrigin: ${app}\r\nContent-Length: 0\r\n\r\n`,
  );
  assert.equal(response.status, 502);
  assert.equal(response.header('access-control-allow-origin'), app);
  assert.equal(response.header('content-type'), 'application/problem+json');
});

test('headers reach the service and the client, request-id is the one of the log', async (t) => {
  const target = await startRecordingTarget(t, {
    script: answer({ headers: [['X-Powered-By', 'x']], body: 'OK' }),
  });
  const gateway = await startGateway(
    t,
    routeTo(target, {
      routes: [
        {
          path: '/users/:id',
          upstream: 'service',
          policies: [
            { 'request-id': { accept: 'anyone', respond: true } },
            {
              headers: {
                request: { set: { 'X-User': '${params.id} ${client.ip} ${request.id}' } },
                response: { remove: ['x-powered-by'], add: { Link: ['</a>', '</b>'] } },
              },
            },
          ],
        },
      ],
    }),
  );
  const response = await exchangeOnce(
    t,
    gateway.port,
    'GET /users/caf%C3%A9 HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\nx.user: admin\r\n\r\n',
  );
  const request = await target.request(0);
  assert.deepEqual(request.all('x-user'), ['caf\xc3\xa9 127.0.0.1 mine']);
  assert.deepEqual(request.all('x.user'), []);
  assert.deepEqual(request.all('x-request-id'), ['mine']);
  assert.deepEqual(response.all('x-request-id'), ['mine']);
  assert.deepEqual(response.all('link'), ['</a>', '</b>']);
  assert.equal(response.header('x-powered-by'), undefined);
  assert.equal((await gateway.record(0)).id, 'mine');
});

test('redirect and respond need no upstream', async (t) => {
  const { port } = await startGateway(t, {
    routes: [
      {
        path: '/old/:id',
        policies: [{ redirect: { to: 'https://www.example.com/new/${params.id}', status: 301 } }],
      },
      { path: '/gone', policies: [{ respond: { status: 410, json: { message: 'gone' } } }] },
    ],
  });
  const redirected = await exchangeOnce(t, port, 'GET /old/a%20b?q=1 HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.deepEqual(
    [redirected.status, redirected.header('location'), redirected.header('content-length')],
    [301, 'https://www.example.com/new/a%20b?q=1', '0'],
  );
  const gone = await exchangeOnce(t, port, 'GET /gone HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.deepEqual(
    [gone.status, gone.header('content-type'), gone.text],
    [410, 'application/json', '{"message":"gone"}'],
  );
  const head = await exchangeOnce(t, port, 'HEAD /gone HTTP/1.1\r\nHost: a\r\n\r\n', { to: 'HEAD' });
  assert.deepEqual([head.status, head.header('content-length'), head.text], [410, '18', '']);
});

test('redirect sends plain http to https, and lets those on https go on', async (t) => {
  const target = await startRecordingTarget(t);
  const config = routeTo(target, {
    trustedProxies: ['127.0.0.1'],
    policies: [{ redirect: { https: true } }],
  });
  const { port } = await startGateway(t, config);
  const plain = await exchangeOnce(t, port, 'GET /a/../b?c HTTP/1.1\r\nHost: Api.Example.com:8080\r\n\r\n');
  assert.deepEqual([plain.status, plain.header('location')], [307, 'https://api.example.com/b?c']);
  const secure = await exchangeOnce(
    t,
    port,
    'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n\r\n',
  );
  assert.equal(secure.status, 200);
});

test('ip-filter refuses with a problem that has the id of the exchange', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(
    t,
    routeTo(target, { policies: [{ 'ip-filter': { allow: ['10.0.0.0/8'] } }] }),
  );
  const response = await exchangeOnce(
    t,
    gateway.port,
    'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n',
  );
  assert.equal(response.status, 403);
  const { id } = await gateway.record(0);
  assert.deepEqual(JSON.parse(response.text), {
    title: 'Forbidden',
    status: 403,
    detail: 'Requests from this address are not allowed.',
    code: 'ip_not_allowed',
    requestId: id,
  });
  assert.equal(target.connections.length, 0);
});

test('body-limit refuses a longer body by its announcement, and as it arrives', async (t) => {
  const target = await startRecordingTarget(t);
  const { port } = await startGateway(t, routeTo(target, { policies: [{ 'body-limit': { size: '4b' } }] }));
  const post = (body: string) => exchangeOnce(t, port, `POST / HTTP/1.1\r\nHost: a\r\n${body}`);
  assert.equal((await post('Content-Length: 4\r\n\r\nabcd')).status, 200);
  assert.equal((await post('Content-Length: 5\r\n\r\nabcde')).status, 413);
  assert.equal(
    (await post('Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n')).status,
    413,
  );
  assert.equal((await post('Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n')).status, 200);
});

test('security-headers are on answers, on errors and on what no route matches', async (t) => {
  const target = await startRecordingTarget(t);
  const { port } = await startGateway(t, {
    ...routeTo(target),
    routes: [{ path: '/a', upstream: 'service' }],
    policies: [{ 'security-headers': {} }],
  });
  for (const [path, status] of [
    ['/a', 200],
    ['/b', 404],
  ] as const) {
    const response = await exchangeOnce(t, port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal(response.status, status);
    assert.equal(response.header('x-content-type-options'), 'nosniff');
    assert.equal(response.header('strict-transport-security'), undefined);
  }
});

for (const [kind, stage] of [
  ['web', webStreamStage(() => new CompressionStream('gzip'))],
  ['node', nodeStreamStage(() => createGzip())],
] as const) {
  test(`a policy of one's own compresses a large answer through a ${kind} stream`, async (t) => {
    const body = 'waygate '.repeat(100_000);
    const target = await startRecordingTarget(t, { script: answer({ body }) });
    const gzip = definePolicy({
      name: 'gzip',
      description: 'Compresses.',
      options: z.strictObject({}),
      create: () => ({
        onResponse(exchange, { headers }) {
          headers.delete('content-length');
          headers.set('content-encoding', 'gzip');
          exchange.wrapResponseBody(stage);
        },
      }),
    });
    const config = { ...routeTo(target), policies: [{ gzip: {} }] };
    const { port } = await startGateway(t, config, { policies: [gzip] });
    const response = await exchangeOnce(t, port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(gunzipSync(response.body).toString(), body);
    assert.equal(response.framing, 'chunked');
  });

  test(`a policy of one's own compresses a large request through a ${kind} stream`, async (t) => {
    const body = 'waygate '.repeat(100_000);
    const target = await startRecordingTarget(t);
    const gzip = definePolicy({
      name: 'gzip',
      description: 'Compresses.',
      options: z.strictObject({}),
      create: () => ({
        onRequest(exchange) {
          exchange.request.headers.delete('content-length');
          exchange.request.headers.set('content-encoding', 'gzip');
          exchange.wrapRequestBody(stage);
        },
      }),
    });
    const config = { ...routeTo(target), policies: [{ gzip: {} }] };
    const { port } = await startGateway(t, config, { policies: [gzip] });
    const response = await exchangeOnce(
      t,
      port,
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.equal(response.status, 200);
    assert.equal(gunzipSync((await target.request(0)).body).toString(), body);
    assert.deepEqual(target.irregularities, []);
  });
}
