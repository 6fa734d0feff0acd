import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { startGateway } from '../kit/start-gateway.ts';
import { FramingScene, startFramingScene } from './framing-scene.ts';

test('F39: a rule for /users is for /users and what is below it, and for nothing else', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [
      { path: '/users', upstream: 'service' },
      { path: '/next-client', upstream: 'service' },
    ],
  });
  const scene = new FramingScene(gateway, target);
  for (const path of ['/users', '/users/', '/users/1', '//users/1', '/x/../users/1', '/%75sers']) {
    await scene.assertForwarded(`GET ${path} HTTP/1.1\r\nHost: gw.test\r\n\r\n`);
  }
  for (const path of ['/usersX', '/users-admin', '/users.json', '/users;x', '/users%20', '/Users', '/user']) {
    const client = await scene.connect();
    await client.send(`GET ${path} HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n`);
    assert.equal((await client.response()).status, 404, path);
    client.destroy();
  }
  await scene.assertNextClientServed();
});

test('F41: encoded separators and what is no UTF-8 are refused, and nothing is decoded twice', async (t) => {
  const scene = await startFramingScene(t);
  const refused = [
    '/a%2Fb',
    '/a%5Cb',
    '/a\\b',
    '/a%252Fb',
    '/a%25%32%46b',
    '/a%00',
    '/a%0d%0ab',
    '/a%u002fb',
    '/a%c0%afb',
    '/a%2',
    '/a%zz',
  ];
  for (const path of refused) {
    const before = scene.target.receivedLength;
    const client = await scene.connect();
    await client.send(`GET ${path} HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n`);
    assert.equal((await client.response()).status, 400, path);
    client.destroy();
    assert.equal(scene.target.receivedLength, before, `nothing of ${path} reaches the target`);
  }
  const request = await scene.assertForwarded('GET /a%2541 HTTP/1.1\r\nHost: gw.test\r\n\r\n');
  assert.equal(request.target, '/a%2541');
});

test('F41: a route that allows encoded separators passes them on as they are', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [{ path: '/', upstream: 'service', allowEncodedSeparators: true }],
  });
  const scene = new FramingScene(gateway, target);
  const request = await scene.assertForwarded('GET /a%2fb%5c HTTP/1.1\r\nHost: gw.test\r\n\r\n');
  assert.equal(request.target, '/a%2Fb%5C');
});

test('F42, F43: what the target sees is the one canonical path that the route was chosen by', async (t) => {
  const scene = await startFramingScene(t);
  const cases: Readonly<Record<string, string>> = {
    '//admin': '/admin',
    '///': '/',
    '/a//b': '/a/b',
    '/a/.': '/a/',
    '/a/..': '/',
    '/../../a': '/a',
    '/%61dmin': '/admin',
    '/admi%6E': '/admin',
    '/%2e%2e/a': '/a',
    '/caf%c3%a9': '/caf%C3%A9',
    '/ADMIN': '/ADMIN',
  };
  for (const [path, canonical] of Object.entries(cases)) {
    const request = await scene.assertForwarded(`GET ${path}?q=%2f HTTP/1.1\r\nHost: gw.test\r\n\r\n`);
    assert.equal(request.target, `${canonical}?q=%2f`);
  }
});

test('F45: a fragment is refused, an encoded question mark stays in the path', async (t) => {
  const scene = await startFramingScene(t);
  for (const target of ['/a#b', '/a?b#c']) {
    await scene.assertRefused(`GET ${target} HTTP/1.1\r\nHost: gw.test\r\n\r\n`, { status: 400 });
  }
  const request = await scene.assertForwarded('GET /a%3Fb;c=d HTTP/1.1\r\nHost: gw.test\r\n\r\n');
  assert.equal(request.target, '/a%3Fb;c=d');
});

test('F46: stripping and rewriting never make an empty path, a double slash or a way out', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [
      { path: '/users', stripPrefix: true, upstream: 'service' },
      { path: '/files/:name', rewrite: '/store/${params.name}', upstream: 'service' },
      {
        path: '/enc/:name',
        rewrite: '/store/${params.name}',
        upstream: 'service',
        allowEncodedSeparators: true,
      },
      { path: '/next-client', upstream: 'service' },
    ],
  });
  const scene = new FramingScene(gateway, target);
  const cases: Readonly<Record<string, string>> = {
    '/users': '/',
    '/users/': '/',
    '/users//evil.example': '/evil.example',
    '/users/..%2e': '/...',
    '/files/a%20b': '/store/a%20b',
    '/files/...': '/store/...',
    '/enc/a%2Fb': '/store/a%2Fb',
    '/enc/..%2Fb': '/store/..%2Fb',
  };
  for (const [path, seen] of Object.entries(cases)) {
    const request = await scene.assertForwarded(`GET ${path} HTTP/1.1\r\nHost: gw.test\r\n\r\n`);
    assert.equal(request.target, seen, path);
  }
});

test('F47: a Host that is not one host is refused; spellings of the same host are one', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [
      { path: '/', host: 'api.example.com', upstream: 'service', preserveHost: true },
      { path: '/next-client', upstream: 'service' },
    ],
  });
  const scene = new FramingScene(gateway, target);
  const refused = [
    'Host: a.test\r\nHost: a.test',
    'Host: a.test, b.test',
    'Host:',
    'Host: u@a.test',
    'Host: a.test/x',
    'Host: a.test:0',
    'Host: a.test:99999',
    'Host: ::1',
    'Host: [::1',
    'Host: a b',
    `Host: ${'a'.repeat(4096)}`,
    'X-Host: a.test',
  ];
  for (const line of refused) {
    await scene.assertRefused(`GET / HTTP/1.1\r\n${line}\r\n\r\n`, { status: 400, code: 'bad_host' });
  }
  for (const host of ['api.example.com', 'API.Example.COM', 'api.example.com.', 'api.example.com:8080']) {
    const request = await scene.assertForwarded(`GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.equal(request.header('host'), host.includes(':') ? 'api.example.com:8080' : 'api.example.com');
  }
});

test('F53: on a route for some methods, a header cannot make it another one', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [{ path: '/', method: ['GET', 'POST'], upstream: 'service' }],
  });
  const scene = new FramingScene(gateway, target);
  const request = await scene.assertForwarded(
    'POST / HTTP/1.1\r\nHost: gw.test\r\nX-HTTP-Method-Override: DELETE\r\nX-Method-Override: PUT\r\nX-HTTP-Method: PATCH\r\n\r\n',
  );
  assert.deepEqual(
    ['x-http-method-override', 'x-method-override', 'x-http-method'].map((name) => request.header(name)),
    [undefined, undefined, undefined],
  );
});

test('F53: a header cannot name another path than the one that was decided on', async (t) => {
  const scene = await startFramingScene(t);
  const request = await scene.assertForwarded(
    'GET /public HTTP/1.1\r\nHost: gw.test\r\nX-Original-URL: /admin\r\nX-Rewrite-URL: /admin\r\n\r\n',
  );
  assert.equal(request.header('x-original-url'), undefined);
  assert.equal(request.header('x-rewrite-url'), undefined);
});
