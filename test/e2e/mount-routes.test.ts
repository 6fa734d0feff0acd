import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ConfigError } from '../../src/gateway/config-error.ts';
import { createMiddleware } from '../../src/mount/middleware.ts';
import { onFinish } from '../kit/finish.ts';
import { appKinds, mountOptions, startMount, type Before } from '../kit/mounted-apps.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { answer } from '../kit/replies.ts';

const get = (path: string, ...lines: string[]): string =>
  ['GET ' + path + ' HTTP/1.1', 'Host: app.test', ...lines, '', ''].join('\r\n');

const routes = [
  { name: 'users', path: '/users', upstream: 'service' },
  { name: 'secrets', path: '/users/secrets', upstream: 'service', policies: [{ respond: { status: 403 } }] },
  { name: 'orders', path: '/orders', method: 'GET' as const, upstream: 'service' },
];

for (const kind of appKinds) {
  describe(`a part of the routes in ${kind.name}`, () => {
    it('is all that the gateway takes; what another route matches is left to the app', async (t) => {
      const { port, target } = await startMount(t, kind, {
        config: { routes },
        options: { routes: ['users'] },
      });
      for (const [path, status] of [
        ['/users/1', 200],
        // The wider route must not get it in place of the one with the policy.
        ['/users/secrets', 418],
        ['/orders', 418],
        ['/other', 418],
      ] as const)
        assert.equal((await exchangeOnce(t, port, get(path))).status, status, path);
      assert.equal(target.requests.length, 1);
    });

    it('is all that there is where the gateway answers for the rest', async (t) => {
      const { port } = await startMount(t, kind, {
        config: { routes },
        options: { routes: ['users'], otherwise: 'answer' },
      });
      for (const path of ['/orders', '/other']) {
        const response = await exchangeOnce(t, port, get(path));
        assert.equal(response.status, 404);
        assert.match(response.text, /route_not_found/);
      }
    });
  });

  describe(`errors of a gateway in ${kind.name}`, () => {
    it('are answered as a gateway of its own does', async (t) => {
      const { port, target, errors } = await startMount(t, kind, { config: { limits: { body: '3b' } } });
      target.script = ({ socket }) => void socket.destroy();
      const gone = await exchangeOnce(t, port, 'POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na');
      assert.deepEqual([gone.status, gone.header('content-type')], [502, 'application/problem+json']);
      const large = await exchangeOnce(
        t,
        port,
        'POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd',
      );
      assert.equal(large.status, 413);
      assert.equal((await exchangeOnce(t, port, get('/api/%2e%2e%2fx'))).status, 400);
      assert.deepEqual(errors, []);
    });

    it('by choice go to the error handler of the app: of services, of limits, of no request', async (t) => {
      const { port, target } = await startMount(t, kind, {
        config: { limits: { body: '3b' } },
        options: { onError: 'next' },
      });
      target.script = ({ socket }) => void socket.destroy();
      const post = (length: number) => `POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;
      for (const [request, status, code] of [
        [`${post(1)}a`, 502, 'upstream_closed'],
        [`${post(4)}abcd`, 413, 'body_too_large'],
        [get('/api/%2e%2e%2fx'), 400, 'bad_path'],
      ] as const) {
        const response = await exchangeOnce(t, port, request);
        assert.deepEqual([response.status, response.text], [status, `the app: ${code}`]);
      }
    });

    it('do not concern it that no route matches: that is left to the app, or answered', async (t) => {
      const left = await startMount(t, kind, { options: { onError: 'next' } });
      assert.equal((await exchangeOnce(t, left.port, get('/other'))).text, 'the app');
      const answered = await startMount(t, kind, { options: { otherwise: 'answer' } });
      assert.equal((await exchangeOnce(t, answered.port, get('/other'))).status, 404);
    });
  });

  describe(`what an app has made of a request, in ${kind.name}`, () => {
    const changed = (change: (headers: Record<string, unknown>) => void): readonly Before[] => [
      (request, _response, next) => {
        change(request.headers);
        next();
      },
    ];

    it('is what services see: headers that it has added, changed or deleted', async (t) => {
      const before = changed((headers) => {
        delete headers['x-secret'];
        headers['x-user'] = 'ada';
        headers['x-role'] = 'user';
        headers['x-list'] = ['1', '2'];
        headers['content-length'] = '7';
      });
      const { port, target } = await startMount(t, kind, { before });
      await exchangeOnce(
        t,
        port,
        get('/api', 'X-Secret: 1', 'X-Role: user', 'X-Role: admin', 'X-Same: 1', 'X-Same: 2'),
      );
      const { headers } = await target.request(0);
      const of = (name: string) =>
        headers.filter(([line]) => line.toLowerCase() === name).map(([, value]) => value);
      assert.deepEqual(['x-secret', 'x-user', 'x-role', 'x-list', 'x-same', 'content-length'].map(of), [
        [],
        ['ada'],
        ['user'],
        ['1', '2'],
        ['1', '2'],
        [],
      ]);
    });

    it('is an error where it is no header, or no URL', async (t) => {
      for (const value of ['a\r\nX-Admin: 1', '\u010a', {}]) {
        const { port, target } = await startMount(t, kind, {
          before: changed((headers) => (headers['x-user'] = value)),
        });
        assert.equal((await exchangeOnce(t, port, get('/api'))).status, 500);
        assert.equal(target.requests.length, 0);
      }
      // Decoded by the app: what follows would be a line of the head.
      for (const url of ['/api/x HTTP/1.1\r\nX-Admin: 1', '/api/\u010d\u010aX-Admin: 1', '/api/ö\n', '']) {
        const decode: Before = (request, _response, next) => {
          Object.defineProperty(request, 'url', { value: url, writable: true, configurable: true });
          next();
        };
        // The router of Fastify and Express cannot do with all of them.
        if (kind.name !== 'node:http') continue;
        const { port, target } = await startMount(t, kind, { before: [decode] });
        assert.equal((await exchangeOnce(t, port, get('/api'))).status, 400, JSON.stringify(url));
        assert.equal(target.requests.length, 0);
      }
    });

    it('is not asked for names that objects have by themselves', async (t) => {
      const { port, target } = await startMount(t, kind);
      const response = await exchangeOnce(
        t,
        port,
        get('/api', '__proto__: 1', 'constructor: 1', 'toString: 1'),
      );
      assert.ok([200, 400].includes(response.status), String(response.status));
      if (response.status === 200) assert.equal((await target.request(0)).header('constructor'), '1');
    });
  });
}

it('routes of which there are none, or that are no names, are mistakes that name the nearest', async () => {
  for (const [names, message] of [
    [['user', 'orders'], /names "user", but the configuration has no such route: did you mean "users"\?/],
    [['something'], /names "something", .*write one of "users", "secrets", "orders"/],
    [[], /is no list of names of routes: write some of "users"/],
    ['users', /is no list of names of routes/],
    [[1], /names a value of the type number/],
  ] as const) {
    const options = { ...mountOptions('http://127.0.0.1:9', { routes }), routes: names as readonly string[] };
    const middleware = createMiddleware(options);
    await assert.rejects(
      middleware.ready,
      (error) => error instanceof ConfigError && message.test(error.message),
    );
    await middleware.close();
  }
});

it('a part of the routes stays one over reloads, and a reload that takes one of them away changes nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'waygate-mount-'));
  onFinish(t, 'checks', () => rm(folder, { recursive: true, force: true }));
  const configFile = join(folder, 'waygate.json');
  for (const kind of appKinds) {
    const write = (names: readonly string[], status: number) =>
      writeFile(
        configFile,
        JSON.stringify({
          listen: 3000,
          overload: { eventLoopDelay: 0, memory: 0 },
          routes: names.map((name) => ({ name, path: `/${name}`, policies: [{ respond: { status } }] })),
        }),
      );
    await write(['one', 'two'], 200);
    const { config: _config, ...usual } = mountOptions('http://127.0.0.1:9');
    const app = await kind.serve({ ...usual, configFile, watch: false, routes: ['one'] }, []);
    onFinish(t, 'gateways', () => app.close());
    onFinish(t, 'targets', () => void app.server.close());
    const gateway = await app.ready;
    const statuses = async () => [
      (await exchangeOnce(t, app.port, get('/one'))).status,
      (await exchangeOnce(t, app.port, get('/two'))).status,
    ];
    assert.deepEqual(await statuses(), [200, 418], kind.name);
    await write(['two', 'one'], 202);
    assert.equal((await gateway.reload()).ok, true);
    assert.deepEqual(await statuses(), [202, 418]);
    await write(['two'], 203);
    const refused = await gateway.reload();
    assert.match(refused.ok ? '' : (refused.mistakes[0]?.found ?? ''), /names "one"/);
    assert.deepEqual(await statuses(), [202, 418]);
  }
});

it('requests that come before the gateway serves wait for it, bodies that somebody watches included', async (t) => {
  const kind = appKinds[0] ?? assert.fail();
  const watch: Before = (request, _response, next) => {
    request.on('data', () => undefined);
    next();
  };
  const { port, target } = await startMount(t, kind, { before: [watch] });
  target.script = answer((request) => ({ body: request.body.toString() }));
  const response = await exchangeOnce(
    t,
    port,
    'POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
  );
  assert.equal(response.text, 'hello');
});
