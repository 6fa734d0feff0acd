import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFramingScene } from './framing-scene.ts';

test('F54: a Connection header cannot take away what is meant for the target, nor what we add', async (t) => {
  const scene = await startFramingScene(t);
  const request = await scene.assertForwarded(
    'GET / HTTP/1.1\r\nHost: gw.test\r\nConnection: close, X-Forwarded-For, Authorization, Cookie, X-Request-Id, Via, X-Hop\r\n' +
      'Authorization: Basic eDp5\r\nCookie: a=b\r\nX-Request-Id: 7\r\nX-Forwarded-For: 9.9.9.9\r\nX-Hop: gone\r\n\r\n',
  );
  assert.equal(request.header('authorization'), 'Basic eDp5');
  assert.equal(request.header('cookie'), 'a=b');
  assert.equal(request.header('x-request-id'), '7');
  assert.equal(request.header('x-forwarded-for'), '127.0.0.1');
  assert.match(request.header('via') ?? '', /^1\.1 waygate-/);
  assert.equal(request.header('x-hop'), undefined, 'a hop-by-hop field of the client’s own is removed');
});

test('F55: hop-by-hop headers end here, in both directions', async (t) => {
  const scene = await startFramingScene(t);
  const hop = [
    'Connection: keep-alive, X-Mine',
    'X-Mine: 1',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'Proxy-Authorization: Basic eDp5',
    'TE: trailers',
    'Trailer: X-Sum',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
  ];
  const request = await scene.assertForwarded(
    `GET / HTTP/1.1\r\nHost: gw.test\r\n${hop.join('\r\n')}\r\n\r\n`,
  );
  for (const line of hop) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase();
    assert.equal(request.header(name), undefined, name);
  }
});

test('F57, F59: forwarding and internal headers from a client that is not trusted are replaced or dropped', async (t) => {
  const scene = await startFramingScene(t);
  const request = await scene.assertForwarded(
    'GET / HTTP/1.1\r\nHost: gw.test\r\nX-Forwarded-For: 1.1.1.1\r\nX-FORWARDED-FOR: 2.2.2.2\r\nX-Real-IP: 3.3.3.3\r\n' +
      'X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Prefix: /x\r\n' +
      'Forwarded: for=4.4.4.4\r\nX-Waygate-User: root\r\nx_forwarded_for: 5.5.5.5\r\n\r\n',
  );
  assert.deepEqual(request.all('x-forwarded-for'), ['127.0.0.1']);
  assert.deepEqual(request.all('x-real-ip'), ['127.0.0.1']);
  assert.deepEqual(request.all('x-forwarded-proto'), ['http']);
  assert.deepEqual(request.all('x-forwarded-host'), ['gw.test']);
  for (const name of [
    'forwarded',
    'x-forwarded-port',
    'x-forwarded-prefix',
    'x-waygate-user',
    'x_forwarded_for',
  ]) {
    assert.equal(request.header(name), undefined, name);
  }
});

test('F57: behind a trusted proxy the right-most untrusted address is the client', async (t) => {
  const scene = await startFramingScene(t, { trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] });
  const request = await scene.assertForwarded(
    'GET / HTTP/1.1\r\nHost: gw.test\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.7\r\nX-Forwarded-For: 10.1.2.3\r\nX-Forwarded-Proto: https\r\n\r\n',
  );
  assert.equal(request.header('x-forwarded-for'), '6.6.6.6, 203.0.113.7, 10.1.2.3, 127.0.0.1');
  assert.equal(request.header('x-real-ip'), '203.0.113.7');
  assert.equal(request.header('x-forwarded-proto'), 'https');
  assert.equal((await scene.gateway.record(0)).clientIp, '203.0.113.7');
});

test('F61: heads beyond the limits are refused before they are used, within them they pass', async (t) => {
  const scene = await startFramingScene(t);
  const head = (lines: string) => `GET / HTTP/1.1\r\nHost: gw.test\r\n${lines}\r\n`;
  const many = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: v\r\n`).join('');
  const refused = { status: 431, code: 'headers_too_large' };
  await scene.assertForwarded(head(many(99)));
  await scene.assertRefused(head(many(100)), refused);
  await scene.assertRefused(head(many(2100)), refused);
  await scene.assertForwarded(head(`X-Long: ${'v'.repeat(15 * 1024)}\r\n`));
  await scene.assertRefused(head(`X-Long: ${'v'.repeat(16 * 1024)}\r\n`), refused);
  await scene.assertForwarded(head(`X-${'n'.repeat(1022)}: v\r\n`));
});

test('F62: names that mean something to JavaScript are data like any other', async (t) => {
  const scene = await startFramingScene(t);
  const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf'];
  const lines = names.map((name) => `${name}: 1\r\n`).join('');
  const request = await scene.assertForwarded(
    `GET /?__proto__=1&constructor=2 HTTP/1.1\r\nHost: gw.test\r\n${lines}__proto__: 1\r\n\r\n`,
  );
  for (const name of names) assert.equal(request.header(name.toLowerCase()), '1', name);
  assert.equal(request.header('__proto__'), undefined, 'dropped for its underscores');
  assert.equal(Reflect.get({}, 'x'), undefined);
  assert.equal(Object.keys(Object.prototype).length, 0);
});

test('F65: a thousand ranges pass as one header line, or not at all', async (t) => {
  const scene = await startFramingScene(t);
  const range = `bytes=${Array.from({ length: 1000 }, () => '0-').join(',')}`;
  const request = await scene.assertForwarded(`GET / HTTP/1.1\r\nHost: gw.test\r\nRange: ${range}\r\n\r\n`);
  assert.equal(request.header('range'), range);
});

test('F66: many and repeated cookies pass in order; a Cookie beyond the limit is refused', async (t) => {
  const scene = await startFramingScene(t);
  const cookies = Array.from({ length: 500 }, (_, i) => `k${i}=v`).join('; ');
  const request = await scene.assertForwarded(
    `GET / HTTP/1.1\r\nHost: gw.test\r\nCookie: s=1; ${cookies}\r\nCookie: s=2\r\n\r\n`,
  );
  assert.deepEqual(request.all('cookie'), [`s=1; ${cookies}`, 's=2']);
  await scene.assertRefused(`GET / HTTP/1.1\r\nHost: gw.test\r\nCookie: ${'c'.repeat(16 * 1024)}\r\n\r\n`, {
    status: 431,
  });
});
