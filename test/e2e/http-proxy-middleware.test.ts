import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import express from 'express';
import * as ours from '../../src/http-proxy-middleware.ts';
import type { Options } from '../../src/http-proxy-middleware.ts';
import { eventually } from '../kit/eventually.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { handshake, startSocketTarget } from '../kit/socket-target.ts';
import {
  asHandler,
  compareScenarios,
  get,
  observe,
  post,
  redirect,
  serveApp,
  type Scenario,
} from '../kit/proxy-comparison.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, play, requestComplete, reset, send, type Script } from '../kit/replies.ts';

/** Answers with what it was asked for. */
const echo: Script = answer(({ method, target }) => ({ body: `${method} ${target}` }));

const scenarios: Readonly<Record<string, Scenario>> = {
  'target: with a path of its own': {
    options: (url) => ({ target: `${url}/base` }),
    requests: [get('/x?y=1'), get('/'), get('/?y=1')],
    holds: ([first]) => assert.equal(first?.target[0]?.line, 'GET /base/x?y=1'),
  },
  'target: with a query of its own': {
    options: (url) => ({ target: `${url}/base?key=1` }),
    requests: [get('/x?y=1'), get('/x')],
    holds: ([first]) => assert.equal(first?.target[0]?.line, 'GET /base/x?key=1&y=1'),
  },
  'target: as a URL, and in parts': {
    options: (url) => ({ target: { protocol: 'http:', host: '127.0.0.1', port: new URL(url).port } }),
    requests: [get('/x')],
  },
  'mounted below a path': {
    options: (url) => ({ target: `${url}/api`, changeOrigin: true }),
    mount: '/api',
    requests: [get('/api/foo/bar?a=b'), get('/api'), get('/api/'), get('/other')],
    holds: ([first]) => assert.equal(first?.target[0]?.line, 'GET /api/foo/bar?a=b'),
  },
  'changeOrigin: the Host of the target': {
    options: (url) => ({ target: url, changeOrigin: true }),
    holds: ([first], url) => assert.notEqual(first?.target[0]?.headers['host'], 'app.test', url),
  },
  'changeOrigin: without it, the Host of the client': {
    holds: ([first]) => assert.equal(first?.target[0]?.headers['host'], 'app.test'),
  },
  'headers: added, and in place of those of the client': {
    options: (url) => ({
      target: url,
      headers: { 'X-Added': '1', 'x-client': 'replaced', host: 'other.test' },
    }),
    requests: [get('/x', 'X-Client: mine\r\nX-Other: 2\r\n')],
    holds: ([first]) => assert.equal(first?.target[0]?.headers['x-client'], 'replaced'),
  },
  'auth: as Basic credentials': {
    options: (url) => ({ target: url, auth: 'user:password' }),
    holds: ([first]) =>
      assert.equal(first?.target[0]?.headers['authorization'], 'Basic dXNlcjpwYXNzd29yZA=='),
  },
  'xfwd: tells of the client': {
    options: (url) => ({ target: url, xfwd: true }),
    requests: [get('/x'), 'GET /x HTTP/1.1\r\nHost: app.test:8080\r\n\r\n'],
    holds: ([first]) => assert.equal(first?.target[0]?.headers['x-forwarded-for'], '127.0.0.1'),
  },
  'pathFilter: paths': {
    options: (url) => ({ target: url, pathFilter: ['/api', '/ajax'] }),
    requests: [get('/api/x'), get('/ajax'), get('/apis'), get('/other')],
    holds: (seen) =>
      assert.deepEqual(
        seen.map(({ client }) => client.status),
        [200, 200, 200, 418],
      ),
  },
  'pathFilter: globs': {
    options: (url) => ({ target: url, pathFilter: ['/api/**', '**/*.html', '!**/bad.json'] }),
    requests: ['/api/x', '/api', '/a/b.html', '/b.html', '/api/bad.json', '/other', '/api/.hidden'].map(
      (path) => get(path),
    ),
    holds: (seen) => assert.ok(new Set(seen.map(({ client }) => client.status)).size === 2),
  },
  'pathFilter: one glob': {
    options: (url) => ({ target: url, pathFilter: '/*.html' }),
    requests: [get('/a.html'), get('/a/b.html')],
    holds: (seen) =>
      assert.deepEqual(
        seen.map(({ client }) => client.status),
        [200, 418],
      ),
  },
  'pathFilter: an exclusion': {
    options: (url) => ({ target: url, pathFilter: '!/api/**' }),
    requests: [get('/api/x'), get('/other')],
  },
  'pathFilter: a function': {
    options: (url) => ({
      target: url,
      pathFilter: (path, { method }) => path.startsWith('/api') && method === 'GET',
    }),
    requests: [get('/api/x?y=/other'), post('text/plain', 'x'), get('/other?/api')],
    holds: (seen) =>
      assert.deepEqual(
        seen.map(({ client }) => client.status),
        [200, 418, 418],
      ),
  },
  'pathRewrite: rules, the first that matches': {
    options: (url) => ({
      target: url,
      pathRewrite: { '^/old/api': '/new/api', '^/remove': '', '^/': '/base/', '/never$': '/reached' },
    }),
    requests: [get('/old/api/x?y=1'), get('/remove/x'), get('/x/never')],
    holds: ([first]) => assert.equal(first?.target[0]?.line, 'GET /new/api/x?y=1'),
  },
  'pathRewrite: a function, and one that waits': {
    options: (url) => ({
      target: url,
      pathRewrite: async (path) => {
        await Promise.resolve();
        return path === '/as-is' ? undefined : path.replace('/api', '/base/api');
      },
    }),
    requests: [get('/api/x?y=1'), get('/as-is')],
    holds: ([first]) => assert.equal(first?.target[0]?.line, 'GET /base/api/x?y=1'),
  },
  'pathRewrite: a function that throws goes to the error handler of the app': {
    options: (url) => ({
      target: url,
      pathRewrite: () => {
        throw new Error('no path');
      },
    }),
    holds: ([first]) => assert.deepEqual([first?.client.status, first?.client.body], [599, 'no path']),
  },
  'prependPath and ignorePath': {
    options: (url) => ({ target: `${url}/base`, ignorePath: true }),
    requests: [get('/x?y=1')],
    holds: ([first]) => assert.equal(first?.target[0]?.line, 'GET /base'),
  },
  'router: by host and path': {
    options: (url, _lib, other) => ({
      target: other,
      router: { 'app.test': url, 'other.test/rest': url, '/path': url },
    }),
    requests: [
      get('/x'),
      'GET /rest/1 HTTP/1.1\r\nHost: other.test\r\n\r\n',
      'GET /path HTTP/1.1\r\nHost: third.test\r\n\r\n',
      'GET /rest HTTP/1.1\r\nHost: third.test\r\n\r\n',
    ],
    holds: (seen) =>
      assert.deepEqual(
        seen.map(({ target }) => target.length),
        [1, 1, 1, 0],
      ),
  },
  'router: a function, and one that waits': {
    options: (url, _lib, other) => ({
      target: other,
      router: async ({ url: path }) => {
        await Promise.resolve();
        return path === '/here'
          ? { protocol: 'http:', host: '127.0.0.1', port: Number(new URL(url).port) }
          : undefined;
      },
    }),
    requests: [get('/here'), get('/there')],
    holds: (seen) =>
      assert.deepEqual(
        seen.map(({ target }) => target.length),
        [1, 0],
      ),
  },
  'on.proxyReq: headers are set, appended to and removed': {
    options: (url) => ({
      target: url,
      on: {
        proxyReq: (proxyReq, request) => {
          proxyReq.setHeader('x-added', `${proxyReq.method} ${proxyReq.path} ${request.url ?? ''}`);
          proxyReq.setHeader('x-list', ['1', '2'].join(','));
          proxyReq.removeHeader('x-client');
          assert.equal(proxyReq.getHeader('X-Kept'), 'yes');
          assert.equal(proxyReq.hasHeader('x-client'), false);
        },
      },
    }),
    requests: [get('/x?y=1', 'X-Client: mine\r\nX-Kept: yes\r\n')],
    holds: ([first]) => assert.equal(first?.target[0]?.headers['x-added'], 'GET /x?y=1 /x?y=1'),
  },
  'on.proxyRes: headers and status are changed': {
    options: (url) => ({
      target: url,
      on: {
        proxyRes: (proxyRes, _request, response) => {
          proxyRes.headers['x-added'] = `was ${proxyRes.statusCode}`;
          delete proxyRes.headers['x-removed'];
          proxyRes.statusCode = 201;
          response.setHeader('x-own', '1');
        },
      },
    }),
    script: answer({
      headers: [
        ['X-Removed', '1'],
        ['X-Kept', '1'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ],
      body: 'body',
    }),
    holds: ([first]) =>
      assert.deepEqual([first?.client.status, first?.client.headers['x-added']], [201, ['was 200']]),
  },
  'on.proxyRes: the body is watched on its way': {
    options: (url) => ({
      target: url,
      on: {
        proxyRes: (proxyRes, request) => {
          let size = 0;
          proxyRes.on('data', (chunk: Buffer) => (size += chunk.length));
          proxyRes.on('end', () => {
            assert.equal(size, 20, request.url);
          });
        },
      },
    }),
    script: answer({ chunks: ['0123456789', '0123456789'] }),
    holds: ([first]) => assert.equal(first?.client.body.length, 20),
  },
  'on.error: answers by itself': {
    options: (url) => ({
      target: url,
      on: {
        error: (error, _request, response) => {
          assert.ok('writeHead' in response);
          response.writeHead(500, { 'content-type': 'text/plain' });
          response.end(`custom: ${String((error as { code?: unknown }).code)}`);
        },
      },
    }),
    script: reset,
    holds: ([first]) => assert.equal(first?.client.body, 'custom: ECONNRESET'),
  },
  'errors: a target that is not there': {
    options: () => ({ target: 'http://127.0.0.1:1' }),
    holds: ([first]) => assert.equal(first?.client.status, 504),
  },
  'errors: a target that hangs up': {
    script: reset,
    requests: [post('text/plain', 'x')],
    holds: ([first]) => assert.equal(first?.client.status, 504),
  },
  'errors: an answer that is no HTTP': {
    script: play(requestComplete, send('no HTTP at all\r\n\r\n')),
    requests: [post('text/plain', 'x')],
    holds: ([first]) => assert.equal(first?.client.status, 502),
  },
  'proxyTimeout: a target that does not answer': {
    options: (url) => ({ target: url, proxyTimeout: 50 }),
    script: () => undefined,
    requests: [get('/x')],
    holds: ([first]) => assert.equal(first?.client.status, 504),
  },
  'cookieDomainRewrite: by domain, and for all': {
    options: (url) => ({
      target: url,
      cookieDomainRewrite: { 'unchanged.test': 'unchanged.test', 'old.test': 'new.test', '*': '' },
    }),
    script: answer({
      headers: [
        ['Set-Cookie', 'a=1; Domain=unchanged.test; Path=/'],
        ['Set-Cookie', 'b=1; domain=old.test'],
        ['Set-Cookie', 'c=1; Path=/; Domain=third.test; Secure'],
        ['Set-Cookie', 'd=1'],
      ],
    }),
    holds: ([first]) => assert.equal(first?.client.headers['set-cookie']?.[1], 'b=1; domain=new.test'),
  },
  'cookiePathRewrite: for all': {
    options: (url) => ({ target: url, cookiePathRewrite: '/new/' }),
    script: answer({ headers: [['Set-Cookie', 'a=1; Path=/old; Secure']] }),
    holds: ([first]) => assert.deepEqual(first?.client.headers['set-cookie'], ['a=1; Path=/new/; Secure']),
  },
  'followRedirects: to the end, with another method': {
    options: (url) => ({ target: url, followRedirects: true }),
    script: async (turn) => {
      const { target } = turn.request;
      await (
        target === '/api/x'
          ? redirect('/second?a=1', 302)
          : target.startsWith('/second')
            ? redirect('/third', 302)
            : echo
      )(turn);
    },
    requests: [post('text/plain', 'body')],
    holds: ([first]) => assert.equal(first?.client.body, 'GET /third'),
  },
  'followRedirects: with the body': {
    options: (url) => ({ target: url, followRedirects: 1 }),
    script: async (turn) => {
      await (turn.request.target === '/api/x' ? redirect('/second', 308) : redirect('/third', 308))(turn);
    },
    requests: [post('text/plain', 'body')],
    holds: ([first]) => {
      assert.equal(first?.target[1]?.body, 'body');
      assert.equal(first?.client.status, 308);
    },
  },
  "redirects: are the client's without it": {
    script: redirect('http://elsewhere.test/x'),
    holds: ([first]) => assert.deepEqual(first?.client.headers['location'], ['http://elsewhere.test/x']),
  },
  'autoRewrite and protocolRewrite': {
    options: (url) => ({ target: url, autoRewrite: true, protocolRewrite: 'https' }),
    script: async (turn) => {
      const { target } = turn.request;
      const own = `http://127.0.0.1:${turn.socket.localPort ?? 0}`;
      await redirect(
        target === '/own' ? `${own}/next` : target === '/relative' ? '/next' : 'http://elsewhere.test/x',
      )(turn);
    },
    requests: [get('/own'), get('/relative'), get('/else')],
    holds: ([first]) =>
      assert.match(first?.client.headers['location']?.[0] ?? '', /^https:\/\/app\.test:\d+\/next$/),
  },
  hostRewrite: {
    options: (url) => ({ target: url, hostRewrite: 'public.test:8443' }),
    script: redirect('/next', 301),
    holds: ([first]) => assert.deepEqual(first?.client.headers['location'], ['http://public.test:8443/next']),
  },
  'selfHandleResponse: the program answers': {
    options: (url) => ({
      target: url,
      selfHandleResponse: true,
      on: {
        proxyRes: (proxyRes, _request, response) => {
          response.statusCode = 202;
          response.setHeader('x-was', proxyRes.headers['x-from'] ?? '');
          proxyRes.pipe(response);
        },
      },
    }),
    script: answer({ headers: [['X-From', 'target']], chunks: ['in ', 'chunks'] }),
    holds: ([first]) => assert.deepEqual([first?.client.status, first?.client.body], [202, 'in chunks']),
  },
  'responseInterceptor: changes a body that was compressed': {
    options: (url, { responseInterceptor }) => ({
      target: url,
      selfHandleResponse: true,
      on: {
        proxyRes: responseInterceptor(async (body, proxyRes, _request, response) => {
          await Promise.resolve();
          response.setHeader('x-intercepted', proxyRes.headers['content-type'] ?? '');
          return body.toString().replace('Hello', 'Goodbye');
        }),
      },
    }),
    script: play(
      requestComplete,
      send(
        Buffer.concat([
          Buffer.from(
            `HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: ${gzipSync('Hello').length}\r\n\r\n`,
          ),
          gzipSync('Hello'),
        ]),
      ),
    ),
    holds: ([first]) => assert.deepEqual([first?.client.status, first?.client.body], [201, 'Goodbye']),
  },
  'responseInterceptor: HEAD and 304 have no body': {
    options: (url, { responseInterceptor }) => ({
      target: url,
      selfHandleResponse: true,
      on: { proxyRes: responseInterceptor(() => 'never') },
    }),
    script: answer({ status: 304, headers: [['X-A', '1']] }),
    requests: [get('/x')],
    holds: ([first]) => assert.equal(first?.client.status, 304),
  },
  'fixRequestBody: JSON that was read is sent on': {
    options: (url, { fixRequestBody }) => ({ target: url, on: { proxyReq: fixRequestBody } }),
    before: [express.json(), express.urlencoded(), express.text()],
    requests: [
      post('application/json', '{"a":[1,2]}'),
      post('application/x-www-form-urlencoded', 'a=1&b=2'),
      post('text/plain', 'text'),
    ],
    holds: ([first]) => assert.equal(first?.target[0]?.body, '{"a":[1,2]}'),
  },
  'fixRequestBody: sends what a listener has made of the body': {
    options: (url, { fixRequestBody }) => ({
      target: url,
      on: {
        proxyReq: (proxyReq, request) => {
          const { body } = request as typeof request & { body: Record<string, unknown> };
          body['injected'] = 'server-only';
          fixRequestBody(proxyReq, request);
        },
      },
    }),
    before: [express.json()],
    requests: [post('application/json', '{"a":1}')],
    holds: ([first]) => assert.equal(first?.target[0]?.body, '{"a":1,"injected":"server-only"}'),
  },
  'plugins: listen to events': {
    options: (url, { definePlugin }) => ({
      target: url,
      plugins: [
        definePlugin((proxy, { changeOrigin }) => {
          proxy.on('proxyReq', (proxyReq) => {
            proxyReq.setHeader('x-plugin', String(changeOrigin));
          });
        }),
      ],
    }),
    holds: ([first]) => assert.equal(first?.target[0]?.headers['x-plugin'], 'undefined'),
  },
  'agent: with connections that are kept, and none': {
    options: (url) => ({ target: url, agent: new Agent({ keepAlive: true, maxSockets: 2 }) }),
  },
  'bodies: chunked, and of known length': {
    requests: [
      post('application/octet-stream', 'known'),
      'POST /x HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      'HEAD /x HTTP/1.1\r\nHost: app.test\r\n\r\n',
    ],
    holds: (seen) => assert.equal(seen[1]?.target[0]?.body, 'hello'),
  },
  'headers that a middleware in front has changed': {
    before: [
      (request, _response, next) => {
        request.headers['x-user'] = 'known';
        delete request.headers.cookie;
        next();
      },
    ],
    requests: [get('/x', 'X-User: forged\r\nCookie: a=1\r\n')],
    holds: ([first]) => {
      assert.equal(first?.target[0]?.headers['x-user'], 'known');
      assert.equal(first?.target[0]?.headers['cookie'], undefined);
    },
  },
};

compareScenarios('what a target and its client see is the same with both packages', scenarios);

describe('createProxyMiddleware of ours', () => {
  it('refuses what there is nothing for, and says what there is instead', () => {
    const cases: readonly (readonly [object, RegExp])[] = [
      [{}, /without a target/],
      [{ target: 'http://a.test', forward: 'http://b.test' }, /"forward".*listener to proxyReq/],
      [{ target: 'http://a.test', ssl: {} }, /"ssl".*node:https/],
      [{ target: 'http://a.test', changeOrign: true }, /"changeOrign".*write changeOrigin/],
      [{ target: 'http://a.test', onProxyReq: () => undefined }, /write on\.proxyReq/],
      [{ target: 'http://a.test', on: { proxyRequest: () => undefined } }, /"proxyRequest".*write proxyReq/],
      [{ target: { socketPath: '/x' } }, /socketPath/],
      [{ target: 'http://user:pw@a.test' }, /write the option auth/],
      [{ target: 'http://a.test', pathFilter: ['/api', '/x/**'] }, /all of them as globs/],
      [{ target: 'http://a.test', agent: new (class extends Agent {})() }, /another class/],
      [{ target: 'http://a.test', xfwd: 'yes' }, /type boolean/],
    ];
    for (const [options, message] of cases) assert.throws(() => ours.createProxyMiddleware(options), message);
    assert.doesNotThrow(() =>
      ours.createProxyMiddleware({ target: 'http://a.test', toProxy: false } as Options),
    );
  });

  it('takes forged forwarding headers out, unless the app trusts the peer', async (t) => {
    for (const trusted of [false, true]) {
      const target = await startRecordingTarget(t);
      const app = express();
      if (trusted) app.set('trust proxy', 'loopback');
      app.use(asHandler(ours.createProxyMiddleware({ target: target.url })));
      const {
        target: [request],
      } = await observe(t, app, target, get('/x', 'X-Forwarded-For: 1.2.3.4\r\n'));
      assert.equal(request?.headers['x-forwarded-for'], trusted ? '1.2.3.4' : undefined);
    }
  });

  it('sends no header that a listener has set with a line break, and no path with a blank', async (t) => {
    const target = await startRecordingTarget(t);
    const attempts: readonly Options[] = [
      {
        target: target.url,
        on: { proxyReq: (proxyReq) => void proxyReq.setHeader('x', 'a\r\nX-Forged: 1') },
      },
      { target: target.url, pathRewrite: () => '/x HTTP/1.1\r\nX-Forged: 1\r\n\r\n' },
    ];
    for (const options of attempts) {
      const app = express();
      app.use(asHandler(ours.createProxyMiddleware(options)));
      assert.equal((await observe(t, app, target, get('/x'))).client.status, 500);
    }
    assert.equal(target.requests.length, 0);
  });

  it('sends no header on that is about the connection alone', async (t) => {
    const target = await startRecordingTarget(t);
    const app = express();
    app.use(asHandler(ours.createProxyMiddleware({ target: target.url })));
    const seen = await observe(t, app, target, get('/x', 'Connection: x-hop\r\nX-Hop: 1\r\n'));
    assert.equal(seen.target[0]?.headers['x-hop'], undefined);
  });

  it('sends on a body that a parser has read without being told to', async (t) => {
    const target = await startRecordingTarget(t);
    const app = express();
    app.use(express.json(), asHandler(ours.createProxyMiddleware({ target: target.url })));
    const seen = await observe(t, app, target, post('application/json', '{"a":1}'));
    assert.equal(seen.target[0]?.body, '{"a":1}');
  });

  it('relays WebSockets from the first request on, tells of them, and ends them when it is closed', async (t) => {
    const service = await startSocketTarget(t);
    const events: string[] = [];
    const proxy = ours.createProxyMiddleware({
      target: service.url,
      ws: true,
      on: {
        proxyReqWs: (proxyReq) => void events.push(`proxyReqWs ${proxyReq.path}`),
        open: () => void events.push('open'),
        close: () => void events.push('close'),
      },
      pathFilter: '/socket',
    });
    const app = express();
    app.use(asHandler(proxy));
    const port = await serveApp(t, app);
    await exchangeOnce(t, port, get('/first'));
    const client = await connectClient(t, port);
    await client.send(handshake);
    assert.equal((await client.head()).status, 101);
    await client.send('hello');
    await eventually(() => service.sockets[0]?.received === 5, 'the service has it');
    await proxy.close();
    await client.closed;
    await eventually(() => service.sockets[0]?.closed === true, 'the service is told');
    assert.deepEqual(events, ['proxyReqWs /socket', 'open', 'close']);
  });
});
