import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

test('F53: headers that claim another method have no say in routes and policies', async (t) => {
  const target = await startRecordingTarget(t);
  const { port } = await startGateway(t, {
    ...routeTo(target),
    routes: [{ path: '/x', method: 'POST', upstream: 'service', policies: [{ cors: { origins: '*' } }] }],
  });
  for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
    const refused = await exchangeOnce(t, port, `GET /x HTTP/1.1\r\nHost: a\r\n${name}: POST\r\n\r\n`);
    assert.equal(refused.status, 405);
    const posted = await exchangeOnce(
      t,
      port,
      `POST /x HTTP/1.1\r\nHost: a\r\n${name}: OPTIONS\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: PUT\r\nContent-Length: 0\r\n\r\n`,
    );
    assert.equal(posted.status, 200, 'not taken for a preflight');
  }
  assert.deepEqual([...new Set(target.requests.map(({ method }) => method))], ['POST']);
});

test('F58: what a client says about who it is never reaches the service, whatever the spelling', async (t) => {
  const target = await startRecordingTarget(t);
  const { port } = await startGateway(
    t,
    routeTo(target, {
      policies: [{ headers: { request: { set: { 'X-User': '${consumer.id}' }, remove: ['x-consumer-*'] } } }],
    }),
  );
  const claims = [
    'X-User',
    'x-user',
    'X-USER',
    'X_User',
    'x.user',
    'X-Consumer-Id',
    'x_consumer_groups',
    'X.Consumer.Role',
  ];
  await exchangeOnce(
    t,
    port,
    `GET / HTTP/1.1\r\nHost: a\r\n${claims.map((name) => `${name}: admin\r\n`).join('')}\r\n`,
  );
  const request = await target.request(0);
  assert.deepEqual(
    request.headers.filter(([, value]) => value.includes('admin')),
    [],
  );
});

test('F59: an id from outside that is not trusted never reaches the service', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, routeTo(target, { policies: [{ 'request-id': {} }] }));
  await exchangeOnce(
    t,
    gateway.port,
    'GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: a\r\nX-REQUEST-ID: b\r\nx_request_id: c\r\n\r\n',
  );
  const request = await target.request(0);
  assert.deepEqual(
    request.headers.filter(([name]) => /^x.request.id$/i.test(name)).map(([, value]) => value),
    [(await gateway.record(0)).id],
  );
});

test('F63: no path, query or header puts a line break into a header', async (t) => {
  const target = await startRecordingTarget(t, {
    script: answer({ headers: [['x-upstream', '1']], body: 'OK' }),
  });
  const { port } = await startGateway(t, {
    ...routeTo(target),
    routes: [
      {
        path: '/u/:id',
        upstream: 'service',
        policies: [
          {
            headers: {
              request: { set: { 'x-a': '${params.id} ${request.query} ${request.header.x-b}' } },
              response: { set: { 'x-a': '${params.id} ${request.query} ${request.header.x-b}' } },
            },
          },
        ],
      },
      { path: '/r/:id', policies: [{ redirect: { to: '/to/${params.id}?q=${params.id}' } }] },
    ],
  });
  for (const attack of [
    '/u/a%0d%0aX-Evil:1',
    '/u/a%0aX-Evil:1',
    '/u/a%00b',
    '/u/a%E0%80%8D%E0%80%8AX-Evil:1',
    '/u/a%C4%8D%C4%8AX-Evil:1',
    '/u/a%E5%98%8A%E5%98%8DX-Evil:1',
    '/u/a%250d%250aX-Evil:1',
    '/u/a?%0d%0aX-Evil:1',
    '/r/a%0d%0aX-Evil:1',
    '/r/a%C4%8D%C4%8AX-Evil:1',
    '/r/a%E5%98%8A%E5%98%8DX-Evil:1',
    '/r/a?%0d%0aX-Evil:1',
  ]) {
    const response = await exchangeOnce(t, port, `GET ${attack} HTTP/1.1\r\nHost: a\r\nX-B: \tb\r\n\r\n`);
    assert.ok([200, 307, 400].includes(response.status), `${attack}: ${response.status}`);
    assert.equal(response.header('x-evil'), undefined, attack);
    assert.ok(!response.headers.some(([, value]) => /[\r\n\0]/.test(value)), attack);
  }
  assert.deepEqual(target.irregularities, []);
  for (const request of target.requests) assert.equal(request.header('x-evil'), undefined);
});

test('F91: an exception for a public path counts for that canonical path only', async (t) => {
  const target = await startRecordingTarget(t);
  const { port } = await startGateway(t, {
    ...routeTo(target),
    routes: [
      { path: { exact: '/health' }, upstream: 'service' },
      { path: '/', upstream: 'service', policies: [{ 'ip-filter': { deny: ['127.0.0.0/8'] } }] },
    ],
  });
  const status = async (path: string) =>
    (await exchangeOnce(t, port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)).status;
  for (const path of ['/health', '/health?x', '/%68ealth', '/x/../health', '/x/%2e%2e/health', '//health']) {
    assert.equal(await status(path), 200, path);
  }
  for (const path of [
    '/health/',
    '/health;x',
    '/health%3Fx',
    '/health/..;/admin',
    '/health/%2e%2e/admin',
    '/health/../admin',
    '/health%20',
    '/HEALTH',
    '/health%2F..%2Fadmin',
    '/health/..%2fadmin',
  ]) {
    assert.ok([400, 403].includes(await status(path)), path);
  }
  assert.deepEqual([...new Set(target.requests.map(({ target: path }) => path.split('?')[0]))], ['/health']);
});

test('F89: only a real preflight gets past the policies behind cors', async (t) => {
  const target = await startRecordingTarget(t);
  const policies = [
    { cors: { origins: ['https://app.example.com'] } },
    { 'ip-filter': { deny: ['127.0.0.0/8'] } },
  ];
  const { port } = await startGateway(t, routeTo(target, { policies }));
  const ask = async (head: string) =>
    (await exchangeOnce(t, port, `${head}\r\nHost: a\r\n\r\n`, { to: head.split(' ')[0] ?? '' })).status;
  assert.equal(
    await ask('OPTIONS / HTTP/1.1\r\nOrigin: https://app.example.com\r\nAccess-Control-Request-Method: GET'),
    204,
  );
  assert.equal(await ask('OPTIONS / HTTP/1.1'), 403);
  assert.equal(await ask('OPTIONS / HTTP/1.1\r\nOrigin: https://app.example.com'), 403);
  assert.equal(
    await ask('HEAD / HTTP/1.1\r\nOrigin: https://app.example.com\r\nAccess-Control-Request-Method: GET'),
    403,
  );
  assert.equal(target.connections.length, 0);
});
