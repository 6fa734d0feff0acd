import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResponseParts } from '../kit/replies.ts';
import { startCacheScene } from './cache-scene.ts';

const saying = (control: string, more: readonly (readonly [string, string])[] = []): ResponseParts => ({
  headers: [['Cache-Control', control], ...more],
  body: 'OK',
});

test('F105: an answer with Set-Cookie is not kept', async (t) => {
  for (const name of ['Set-Cookie', 'set-cookie', 'SET-COOKIE', 'Set-Cookie2']) {
    const { ask, target } = await startCacheScene(t, saying('public, max-age=60', [[name, 'session=1']]));
    assert.equal((await ask()).header(name.toLowerCase()), 'session=1');
    assert.equal((await ask()).header(name.toLowerCase()), 'session=1');
    assert.equal(target.requests.length, 2, name);
  }
});

test('F105: with the option to strip it, nobody but who asked first sees the cookie', async (t) => {
  const parts = saying('max-age=60', [['Set-Cookie', 'session=1']]);
  const { ask, target } = await startCacheScene(t, parts, { setCookie: 'strip' });
  assert.equal((await ask()).header('set-cookie'), 'session=1');
  assert.equal((await ask()).header('set-cookie'), undefined);
  assert.equal(target.requests.length, 1);
});

test('F105: a cookie that comes with a 304 is not kept with what it confirms', async (t) => {
  let n = 0;
  const { ask, target, clock } = await startCacheScene(
    t,
    (request) =>
      request.header('if-none-match') === undefined
        ? saying('max-age=10', [['ETag', '"a"']])
        : {
            status: 304,
            headers: [
              ['Set-Cookie', `session=${++n}`],
              ['ETag', '"a"'],
            ],
          },
    { setCookie: 'strip' },
  );
  await ask();
  clock.advance(11_000);
  assert.equal((await ask()).header('set-cookie'), 'session=1');
  assert.equal((await ask()).header('set-cookie'), undefined);
  assert.equal(target.requests.length, 2);
});

for (const [control, asked] of [
  ['max-age=60', 1],
  ['MAX-AGE="60"', 1],
  ['max-age=60, private="set-cookie"', 1],
  ['private, max-age=60', 2],
  ['max-age=60, private=""', 2],
  ['max-age=60, Private="x y"', 2],
  ['max-age=60, private, private="x"', 2],
  ['public, max-age=60, no-store', 2],
  ['max-age=60, NO-STORE="x"', 2],
  ['public, no-store, private, max-age=60', 2],
  ['max-age=60; no-store', 2],
  ['max-age=60, "no-store"', 2],
  ['max-age = 60', 2],
  ['max-age=60, max-age=61', 2],
  ['max-age=60, s-maxage=x', 2],
  ['max-age=-60', 2],
  ['max-age=60.0', 2],
  ['no-cache, max-age=60', 2],
  ['max-age=60, \xff\xfe', 2],
  ['=,=,"', 2],
  [`max-age=60, ${'x'.repeat(15_000)}="${'"'.repeat(1000)}`, 2],
] as const) {
  test(`F106: ${control.slice(0, 60)} is ${asked === 1 ? '' : 'not '}kept`, async (t) => {
    const { ask, target } = await startCacheScene(t, saying(control));
    for (let i = 0; i < 2; i++) assert.equal((await ask()).text, 'OK');
    assert.equal(target.requests.length, asked);
  });
}

test('F106: of an answer with fields that are private, or to be confirmed, others do not see those', async (t) => {
  const parts = saying('max-age=60, private="x-user", no-cache="X-Token"', [
    ['X-User', 'first'],
    ['x-token', 'first'],
  ]);
  const { ask, target } = await startCacheScene(t, parts);
  assert.equal((await ask()).header('x-user'), 'first');
  const second = await ask();
  assert.deepEqual([second.header('x-user'), second.header('x-token')], [undefined, undefined]);
  assert.equal(target.requests.length, 1);
});

for (const vary of [
  ...['*', 'Accept, *', 'Authorization', 'COOKIE', 'a b', '"x"'],
  Array.from({ length: 50 }, (_, i) => `x-${i}`).join(', '),
]) {
  test(`F107: an answer that varies by ${vary.slice(0, 40)} is not kept`, async (t) => {
    const { ask, target } = await startCacheScene(t, saying('max-age=60', [['Vary', vary]]));
    for (let i = 0; i < 2; i++) await ask('Cookie: a=b\r\n');
    assert.equal(target.requests.length, 2);
  });
}

test('F107: of a URL there are 16 variants at most, and each is for who asks for it', async (t) => {
  const { ask, target } = await startCacheScene(t, (request) => ({
    headers: [
      ['Cache-Control', 'max-age=60'],
      ['Vary', 'X-Any'],
    ],
    body: request.header('x-any') ?? '',
  }));
  for (let i = 0; i < 40; i++) assert.equal((await ask(`X-Any: ${i}\r\n`)).text, String(i));
  assert.equal(target.requests.length, 40);
  for (let i = 39; i >= 24; i--) assert.equal((await ask(`X-Any: ${i}\r\n`)).text, String(i));
  assert.equal(target.requests.length, 40);
  for (let i = 0; i < 10; i++) assert.equal((await ask(`X-Any: ${i}\r\n`)).text, String(i));
  assert.equal(target.requests.length, 50);
});

test('F107: an answer that varies by something else than before is for nobody whom it does not fit', async (t) => {
  const { ask } = await startCacheScene(t, (request) => ({
    headers: [
      ['Cache-Control', 'max-age=60'],
      ['Vary', request.header('x-by') ?? ''],
    ],
    body: `${request.header('x-by')} ${request.header('x-a')} ${request.header('x-b')}`,
  }));
  assert.equal((await ask('X-By: x-a\r\nX-A: 1\r\nX-B: 1\r\n')).text, 'x-a 1 1');
  assert.equal((await ask('X-By: x-b\r\nX-A: 2\r\nX-B: 1\r\n')).text, 'x-b 2 1');
  // Either fits, and nothing else.
  assert.equal((await ask('X-By: x-b\r\nX-A: 1\r\nX-B: 2\r\n')).text, 'x-a 1 1');
  assert.equal((await ask('X-By: x-b\r\nX-A: 3\r\nX-B: 3\r\n')).text, 'x-b 3 3');
});

test('F109: only what is canonically the same is the same', async (t) => {
  const { ask, target } = await startCacheScene(t, (request) => ({
    ...saying('max-age=60'),
    body: `${request.header('x-forwarded-host')} ${request.target}`,
  }));
  for (const [start, lines = ''] of [
    [{ path: '/a~b' }],
    [{ path: '/a~b/' }],
    [{ path: '/a~b?' }],
    [{ path: '/a~b?x=1&y=2' }],
    [{ path: '/a~b?y=2&x=1' }],
    [{ path: '/a~b?x=1&x=1' }],
    [{ path: '/A~b' }],
    [{ path: '/a~b', host: 'other.test' }],
    [{ path: '/a~b', host: 'gw.test:8080' }],
    [{ path: '/a~b' }, 'X-Forwarded-Proto: https\r\n'],
  ] as const) {
    const before = target.requests.length;
    await ask(lines, start);
    assert.equal(target.requests.length, before + 1, JSON.stringify(start) + lines);
  }
  const before = target.requests.length;
  for (const start of [
    { path: '/a%7eb' },
    { path: '/a%7Eb' },
    { path: '/./a~b' },
    { path: '/x/../a~b' },
    { path: '/a~b', host: 'GW.TEST' },
    { path: '/a~b', host: 'gw.test.' },
    { path: '/a~b', method: 'HEAD' },
  ])
    assert.equal((await ask('', start)).status, 200);
  assert.equal(target.requests.length, before);
});

test('F110: what is kept is said by the answer, never by how its path ends', async (t) => {
  const { ask, target } = await startCacheScene(t, (request) => ({
    headers: [['Content-Type', 'text/css']],
    body: `private to ${request.header('cookie')}`,
  }));
  for (const path of [
    ...['/account/x.css', '/account;x.css', '/account%0a.css', '/account%2fx.css', '/static/..%2faccount'],
    ...[
      '/account/x.js',
      '/account.jpg',
      '/static/x.css?y',
      '/account%00.css',
      '/account%23.css',
      '/account%3f.css',
    ],
  ]) {
    await ask('Cookie: victim\r\n', { path });
    assert.doesNotMatch((await ask('Cookie: attacker\r\n', { path })).text, /victim/, path);
  }
  assert.ok(target.requests.length >= 12);
});

test('F110: what is kept for one path is not found under another that a service takes for the same', async (t) => {
  const { ask } = await startCacheScene(t, (request) => ({
    ...saying('max-age=60'),
    body: request.header('cookie') ?? '',
  }));
  const paths = [
    '/account',
    '/account/',
    '/account;x.css',
    '/account/x.css',
    '/account%2fx.css',
    '/account%3f',
  ];
  for (const [index, path] of paths.entries())
    assert.match(
      (await ask(`Cookie: ${index}\r\n`, { path })).text,
      index === 4 ? /./ : new RegExp(`^${index}$`),
      path,
    );
});

for (const status of [400, 401, 403, 404, 413, 429, 431, 500, 502, 503, 301, 302]) {
  test(`F111: ${status} is not kept unless it says so itself`, async (t) => {
    const { ask, target } = await startCacheScene(t, {
      status,
      headers: [['Location', 'http://evil.test/']],
    });
    for (let i = 0; i < 2; i++) assert.equal((await ask()).status, status);
    assert.equal(target.requests.length, 2);
  });
}

test('F111: an error that says so itself is kept for a minute, and is never used when it is stale', async (t) => {
  const stale = saying('max-age=3600, stale-while-revalidate=3600, stale-if-error=3600');
  const { ask, target, clock } = await startCacheScene(t, { ...stale, status: 404 }, { staleIfError: '1h' });
  for (let i = 0; i < 3; i++) assert.equal((await ask()).status, 404);
  assert.equal(target.requests.length, 1);
  clock.advance(61_000);
  assert.equal((await ask()).header('age'), undefined);
  assert.equal(target.requests.length, 2);
});

test('F111: with errorLimit 0 no error is kept, whatever it says', async (t) => {
  const { ask, target } = await startCacheScene(
    t,
    { ...saying('max-age=3600'), status: 404 },
    { errorLimit: 0 },
  );
  for (let i = 0; i < 2; i++) await ask();
  assert.equal(target.requests.length, 2);
});

for (const status of [401, 406, 412, 413, 415, 416, 429, 431]) {
  test(`F111: ${status}, which is about one request, is kept for nobody else`, async (t) => {
    const { ask, target } = await startCacheScene(t, { ...saying('public, max-age=3600'), status });
    for (let i = 0; i < 2; i++) await ask();
    assert.equal(target.requests.length, 2);
  });
}

test('F111: what the gateway itself refuses is not kept', async (t) => {
  const { ask, target } = await startCacheScene(t, saying('max-age=60'), { ttl: '1h' });
  assert.equal((await ask('Bad Line: x\r\n')).status, 400);
  assert.equal((await ask(`X: ${'x'.repeat(100_000)}\r\n`)).status, 431);
  assert.equal((await ask()).status, 200);
  assert.equal(target.requests.length, 1);
});

test('F111: a header that asks for another method goes past the cache, and one for another path nowhere', async (t) => {
  const { ask, target } = await startCacheScene(t, saying('max-age=60'));
  for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])
    await ask(`${name}: POST\r\n`);
  assert.equal(target.requests.length, 3);
  for (const name of ['X-Original-URL', 'X-Rewrite-URL', 'X_Rewrite_Url']) await ask(`${name}: /evil\r\n`);
  assert.equal(target.requests.length, 4);
  assert.equal(target.requests[3]?.header('x-original-url'), undefined);
  await ask('X-HTTP-Method-Override: POST\r\n');
  assert.equal(target.requests.length, 5);
});

test('F111: a redirect that names the host of the request is for that host alone', async (t) => {
  const { ask } = await startCacheScene(t, (request) => ({
    status: 301,
    headers: [
      ['Cache-Control', 'max-age=60'],
      ['Location', `http://${request.header('x-forwarded-host')}/b`],
    ],
  }));
  assert.equal((await ask('', { host: 'evil.test' })).header('location'), 'http://evil.test/b');
  assert.equal((await ask('', { host: 'gw.test' })).header('location'), 'http://gw.test/b');
});

for (const [what, more] of [
  ['with a length', [['Content-Length', '2']]],
  ['without a length', []],
  ['with a length of nothing', [['Content-Length', '0']]],
] as const) {
  test(`F114: a 304 ${what} confirms what is kept, and its lines are taken over`, async (t) => {
    const { ask, target, clock } = await startCacheScene(t, (request) =>
      request.header('if-none-match') === '"a"'
        ? {
            status: 304,
            headers: [['ETag', '"a"'], ['Cache-Control', 'max-age=60'], ['X-New', '1'], ...more],
          }
        : saying('max-age=10', [
            ['ETag', '"a"'],
            ['Date', 'Thu, 01 Jan 2026 00:00:00 GMT'],
          ]),
    );
    await ask();
    clock.advance(11_000);
    for (let i = 0; i < 3; i++) {
      const whole = await ask();
      const lines = ['x-new', 'content-length'].map((name) => whole.header(name));
      assert.deepEqual([whole.status, whole.text, ...lines], [200, 'OK', '1', '2']);
    }
    assert.equal(target.requests.length, 2);
  });
}

test('F114: a 304 about another entity-tag confirms nothing: the answer is fetched anew', async (t) => {
  const { ask, target, clock } = await startCacheScene(t, (request) =>
    request.header('if-none-match') === undefined
      ? {
          ...saying('max-age=10', [['ETag', `"${target.requests.length}"`]]),
          body: String(target.requests.length),
        }
      : { status: 304, headers: [['ETag', '"other"']] },
  );
  assert.equal((await ask()).text, '1');
  clock.advance(11_000);
  await ask();
  assert.equal((await ask()).text, '3');
  assert.equal(target.requests.length, 3);
});

test('F114: a 304 that nobody asked for is not kept', async (t) => {
  let first = true;
  const { ask } = await startCacheScene(t, () => {
    if (!first) return saying('max-age=60');
    first = false;
    return { status: 304, headers: [['Cache-Control', 'max-age=60']] };
  });
  await ask();
  assert.equal((await ask()).text, 'OK');
});

test('F115: a part is kept as that part, and never stands for the whole', async (t) => {
  const { ask, target } = await startCacheScene(t, (request) =>
    request.header('range') === undefined
      ? { ...saying('max-age=60'), body: '0123456789' }
      : {
          ...saying('max-age=60', [['Content-Range', 'bytes 0-4/10']]),
          ...{ status: 206, body: '01234' },
        },
  );
  assert.equal((await ask('Range: bytes=0-4\r\n')).status, 206);
  assert.equal((await ask('Range: bytes=1-2\r\n')).text, '12');
  assert.equal(target.requests.length, 1);
  const whole = await ask();
  assert.deepEqual([whole.status, whole.text], [200, '0123456789']);
  assert.equal(target.requests.length, 2);
});

test('F115: a stored part does not hide the whole, nor is it confirmed for who wants the whole', async (t) => {
  const { ask, clock } = await startCacheScene(t, (request) => {
    if (request.header('if-none-match') === '"a"') return { status: 304, headers: [['ETag', '"a"']] };
    return request.header('range') === undefined
      ? { ...saying('max-age=10', [['ETag', '"a"']]), body: '0123456789' }
      : {
          ...saying('max-age=10', [
            ['ETag', '"a"'],
            ['Content-Range', 'bytes 0-4/10'],
          ]),
          ...{ status: 206, body: '01234' },
        };
  });
  await ask('Range: bytes=0-4\r\n');
  clock.advance(11_000);
  for (let i = 0; i < 2; i++) {
    const whole = await ask();
    assert.deepEqual([whole.status, whole.text], [200, '0123456789']);
  }
  assert.equal((await ask('Range: bytes=7-\r\n')).text, '789');
});

for (const [what, range, body] of [
  ['is longer than it says', 'bytes 0-4/10', '012345'],
  ['is shorter than it says', 'bytes 0-4/10', '0123'],
  ['does not say of how much it is', 'bytes 0-4/*', '01234'],
  ['lies behind the end', 'bytes 8-12/10', '01234'],
] as const) {
  test(`F115: a part that ${what} is not kept`, async (t) => {
    const parts = { ...saying('max-age=60', [['Content-Range', range]]), status: 206, body };
    const { ask, target } = await startCacheScene(t, parts);
    for (let i = 0; i < 2; i++) assert.equal((await ask('Range: bytes=0-4\r\n')).text, body);
    assert.equal(target.requests.length, 2);
  });
}

test('F115: HEAD leaves nothing, and has the whole with neither body nor range', async (t) => {
  const { ask, target } = await startCacheScene(t, { ...saying('max-age=60'), body: '0123456789' });
  await ask('', { method: 'HEAD' });
  await ask();
  assert.equal(target.requests.length, 2);
  const head = await ask('Range: bytes=0-1\r\n', { method: 'HEAD' });
  assert.deepEqual([head.status, head.text, head.header('content-length')], [200, '', '10']);
  assert.equal(target.requests.length, 2);
});

test('F115: what one client has already does not become an answer for others', async (t) => {
  const { ask } = await startCacheScene(t, (request) =>
    request.header('if-none-match') === '"x"'
      ? { status: 304, headers: [['Cache-Control', 'max-age=60']] }
      : saying('max-age=60', [['ETag', '"x"']]),
  );
  assert.equal((await ask('If-None-Match: "x"\r\n')).status, 304);
  assert.equal((await ask()).status, 200);
  for (const line of ['If-Match: "y"', 'If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT'])
    assert.equal((await ask(`${line}\r\n`)).status, 200, line);
});

test('F117: what is too large to keep passes, as often as it is asked for', async (t) => {
  const { ask, target } = await startCacheScene(
    t,
    (request) => ({
      ...saying('max-age=60'),
      body: request.target === '/large' ? 'x'.repeat(200_000) : 'OK',
    }),
    { maxSize: '64kb' },
  );
  for (let i = 0; i < 2; i++) assert.equal((await ask('', { path: '/large' })).text.length, 200_000);
  assert.equal(target.requests.length, 2);
  for (let i = 0; i < 2; i++) assert.equal((await ask('', { path: '/small' })).text, 'OK');
  assert.equal(target.requests.length, 3);
});

test('F117: however many small answers there are, they take no more memory than they may', async (t) => {
  const { ask, gateway } = await startCacheScene(
    t,
    { ...saying('max-age=60'), body: 'x'.repeat(1000) },
    {},
    { memory: '1mb' },
  );
  for (let i = 0; i < 1200; i++) await ask('', { path: `/${i}` });
  const bytes = gateway.metric('waygate_cache_bytes');
  assert.ok(bytes > 500_000 && bytes <= 1024 * 1024, String(bytes));
  assert.ok(gateway.metric('waygate_cache_evictions_total') > 500);
});
