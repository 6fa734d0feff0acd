import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { describe, it } from 'node:test';
import { format } from 'node:util';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { listen, stopListening } from '../kit/listen.ts';
import {
  compareScenarios,
  get,
  post,
  redirect,
  serveProxy,
  withBoth,
  type Scenario,
} from '../kit/proxy-comparison.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, play, requestComplete, reset, send, type Script } from '../kit/replies.ts';
import { selfSigned } from '../kit/self-signed.ts';
import { handshake, startSocketTarget } from '../kit/socket-target.ts';

const cookies = answer({
  headers: [
    ['Set-Cookie', 'a=1; Domain=.target.test; Path=/here/; HttpOnly'],
    ['Set-Cookie', 'b=1; path=/; domain=other.test'],
    ['Set-Cookie', 'c=1'],
  ],
});

/** Redirects to a path of the target itself, under its own name. */
const toItself =
  (status: number, before = 'http:'): Script =>
  async (turn) => {
    await redirect(`${before}//127.0.0.1:${turn.socket.localPort ?? 0}/next?a=1`, status)(turn);
  };

const scenarios: Readonly<Record<string, Scenario>> = {
  'pathFilter: one path': {
    options: (url) => ({ target: url, pathFilter: '/api' }),
    requests: [get('/api'), get('/apis?x=/'), get('/x/api'), get('/')],
    holds: (seen) => assert.deepEqual(statuses(seen), [200, 200, 418, 418]),
  },
  'pathFilter: an empty list is for nothing': {
    options: (url) => ({ target: url, pathFilter: [] }),
    holds: (seen) => assert.deepEqual(statuses(seen), [418]),
  },
  'pathFilter: a function that throws is logged, and the request is not proxied': {
    options: (url, _lib, _other, note) => ({
      target: url,
      pathFilter: () => {
        throw new Error('no filter');
      },
      logger: { info: note, warn: note, error: (error) => note(String(error)) },
    }),
    holds: (seen, _url, notes) => {
      assert.deepEqual(statuses(seen), [418]);
      assert.deepEqual(notes, ['Error: no filter']);
    },
  },
  'pathRewrite: no text leaves the path as it is, and an empty one is the root': {
    options: (url) => ({
      target: url,
      pathRewrite: ((path: string) => (path === '/empty' ? '' : null)) as unknown as () => string,
    }),
    requests: [get('/x?a=1'), get('/empty')],
    holds: (seen) => assert.deepEqual(lines(seen), ['GET /x?a=1', 'GET /']),
  },
  'pathRewrite: knows the target that the router has found': {
    options: (url, _lib, other) => ({
      target: other,
      router: () => url,
      pathRewrite: (_path, _request, response) => (response === undefined ? '/upgrade' : '/request'),
    }),
    holds: (seen) => assert.deepEqual(lines(seen), ['GET /request']),
  },
  'router: nothing, or an empty text, leaves the target as it is': {
    options: (url) => ({
      target: url,
      router: ({ url: path }) => (path === '/a' ? '' : undefined),
    }),
    requests: [get('/a'), get('/b')],
    holds: (seen) => assert.deepEqual(statuses(seen), [200, 200]),
  },
  'router: alone, without a target': {
    options: (url) => ({ router: { '/known': url } }),
    requests: [get('/known/x')],
    holds: (seen) => assert.deepEqual(lines(seen), ['GET /known/x']),
  },
  'auth: not in place of what the client sent': {
    options: (url) => ({ target: url, auth: 'user:password' }),
    requests: [get('/x', 'Authorization: Bearer mine\r\n')],
    holds: ([first]) => assert.equal(first?.target[0]?.headers['authorization'], 'Bearer mine'),
  },
  'ignorePath: the path of the target alone': {
    options: (url) => ({ target: `${url}/only?key=1`, ignorePath: true }),
    requests: [get('/x?y=1'), get('/')],
    holds: (seen) => assert.deepEqual(lines(seen), ['GET /only?key=1', 'GET /only?key=1']),
  },
  'headers: Host, which changeOrigin overrules': {
    options: (url) => ({ target: url, headers: { host: 'given.test' } }),
    holds: ([first]) => assert.equal(first?.target[0]?.headers['host'], 'given.test'),
  },
  'cookieDomainRewrite: one domain for all': {
    options: (url) => ({ target: url, cookieDomainRewrite: 'new.test' }),
    script: cookies,
    holds: ([first]) =>
      assert.equal(first?.client.headers['set-cookie']?.[0], 'a=1; Domain=new.test; Path=/here/; HttpOnly'),
  },
  "cookieDomainRewrite: '' takes the domain away": {
    options: (url) => ({ target: url, cookieDomainRewrite: '' }),
    script: cookies,
    holds: ([first]) => assert.equal(first?.client.headers['set-cookie']?.[1], 'b=1; path=/'),
  },
  'cookieDomainRewrite and cookiePathRewrite: false': {
    options: (url) => ({ target: url, cookieDomainRewrite: false, cookiePathRewrite: false }),
    script: cookies,
    holds: ([first]) =>
      assert.equal(first?.client.headers['set-cookie']?.[1], 'b=1; path=/; domain=other.test'),
  },
  'cookiePathRewrite: by path, and for the rest': {
    options: (url) => ({ target: url, cookiePathRewrite: { '/here/': '/there/', '*': '' } }),
    script: cookies,
    holds: ([first]) => assert.equal(first?.client.headers['set-cookie']?.[1], 'b=1; domain=other.test'),
  },
  'hostRewrite: before autoRewrite': {
    options: (url) => ({ target: url, hostRewrite: 'public.test', autoRewrite: true }),
    script: toItself(201),
    holds: ([first]) => assert.match(location(first), /^http:\/\/public\.test(:\d+)?\/next\?a=1$/),
  },
  autoRewrite: {
    options: (url) => ({ target: url, autoRewrite: true }),
    script: toItself(307),
    requests: ['GET /x HTTP/1.1\r\nHost: app.test:8080\r\n\r\n', 'GET /x HTTP/1.1\r\nHost: app.test\r\n\r\n'],
    holds: ([first]) => assert.equal(location(first), 'http://app.test:8080/next?a=1'),
  },
  'autoRewrite: a Location without a scheme stays without one': {
    options: (url) => ({ target: url, autoRewrite: true }),
    script: toItself(308, ''),
    requests: ['GET /x HTTP/1.1\r\nHost: app.test:8080\r\n\r\n'],
    holds: ([first]) => assert.equal(location(first), '//app.test:8080/next?a=1'),
  },
  'autoRewrite: only of what is a redirect': {
    options: (url) => ({ target: url, autoRewrite: true }),
    script: toItself(200),
    holds: ([first]) => assert.match(location(first), /127\.0\.0\.1/),
  },
  protocolRewrite: {
    options: (url) => ({ target: url, protocolRewrite: 'https' }),
    script: toItself(303),
    holds: ([first]) => assert.match(location(first), /^https:\/\/127\.0\.0\.1:\d+\/next\?a=1$/),
  },
  'followRedirects: credentials stay with the host that they were sent to': {
    options: (url) => ({ target: url, followRedirects: true }),
    script: async (turn) => {
      const { target, headers } = turn.request;
      const port = turn.socket.localPort ?? 0;
      const names = new Set(headers.map(([name]) => name.toLowerCase()));
      await (
        target === '/x'
          ? redirect(`http://localhost:${port}/seen`)
          : answer({ body: String(names.has('authorization') || names.has('cookie')) })
      )(turn);
    },
    requests: [get('/x', 'Authorization: Bearer mine\r\nCookie: a=1\r\n')],
    holds: ([first]) => assert.equal(first?.client.body, 'false'),
  },
  'followRedirects: false and 0 leave them to the client': {
    options: (url) => ({ target: url, followRedirects: 0 }),
    script: redirect('/next'),
    holds: (seen) => assert.deepEqual(statuses(seen), [302]),
  },
  'agent: false': {
    options: (url) => ({ target: url, agent: false }),
    requests: [get('/x'), post('text/plain', 'body')],
    holds: (seen) => assert.deepEqual(statuses(seen), [200, 200]),
  },
  'agent: without keep-alive': {
    options: (url) => ({ target: url, agent: new Agent() }),
    holds: (seen) => assert.deepEqual(statuses(seen), [200]),
  },
  'logger: a line for what went well, and one for what did not': {
    options: (url, _lib, _other, note) => ({
      target: url,
      changeOrigin: true,
      logger: {
        info: (...values) => note(`info ${format(...values)}`),
        warn: (...values) => note(`warn ${format(...values)}`),
        error: (...values) => note(`error ${format(...values)}`),
      },
    }),
    mount: '/api',
    script: async (turn) => {
      await (turn.request.target === '/broken' ? reset : answer({ status: 404 }))(turn);
    },
    requests: [get('/api/x?y=1'), post('text/plain', 'x').replace('/api/x', '/api/broken')],
    holds: (_seen, url, notes) => {
      assert.equal(notes[0], `info [HPM] GET /api/x?y=1 -> ${url}/x?y=1 [404]`);
      assert.match(
        notes[1] ?? '',
        /^error \[HPM\] Error occurred while proxying request app\.test\/broken to http/,
      );
    },
  },
  'ejectPlugins: on is not listened to, and errors go to the error handler of the app': {
    options: (url, _lib, _other, note) => ({
      target: url,
      ejectPlugins: true,
      on: { proxyReq: () => note('heard'), error: () => note('heard') },
    }),
    script: reset,
    requests: [post('text/plain', 'x')],
    holds: ([first], _url, notes) => {
      assert.deepEqual([first?.client.status, first?.client.body], [599, 'ECONNRESET']);
      assert.deepEqual(notes, []);
    },
  },
  'ejectPlugins: the plugins by themselves are what there is without it': {
    options: (url, lib, _other, note) => ({
      target: url,
      ejectPlugins: true,
      plugins: [lib.debugProxyErrorsPlugin, lib.loggerPlugin, lib.errorResponsePlugin, lib.proxyEventsPlugin],
      logger: { info: (line) => note(String(line)), warn: note, error: (line) => note(String(line)) },
      on: { error: (error) => note(`on.error ${'code' in error ? String(error.code) : ''}`) },
    }),
    script: async (turn) => {
      await (turn.request.method === 'POST' ? reset : answer())(turn);
    },
    requests: [get('/x'), post('text/plain', 'x').replace('/api/x', '/api/%3Cx%3E?<b>')],
    holds: (seen, _url, notes) => {
      assert.deepEqual(statuses(seen), [200, 504]);
      assert.equal(notes.at(-1), 'on.error ECONNRESET');
    },
  },
};

function statuses(seen: readonly { readonly client: { readonly status: number } }[]): number[] {
  return seen.map(({ client }) => client.status);
}

function lines(seen: readonly { readonly target: readonly { readonly line: string }[] }[]): string[] {
  return seen.flatMap(({ target }) => target.map(({ line }) => line));
}

function location(
  seen: { readonly client: { readonly headers: Readonly<Record<string, readonly string[]>> } } | undefined,
): string {
  return seen?.client.headers['location']?.[0] ?? '';
}

compareScenarios('options do the same with both packages', scenarios);

describe('options that one connection shows do the same with both packages', () => {
  it('secure: a certificate that signed itself is an error, or taken as it is', async (t) => {
    const certificate = selfSigned(['127.0.0.1']);
    const target = createSecureServer(certificate, (_request, response) => response.end('from behind TLS'));
    const { port } = await listen(target);
    onFinish(t, 'targets', async () => {
      target.closeAllConnections();
      await stopListening(target);
    });
    for (const secure of [true, false, undefined]) {
      const seen = await withBoth(async (lib) => {
        const codes: unknown[] = [];
        const from = await serveProxy(t, lib, {
          target: `https://127.0.0.1:${port}`,
          ...(secure !== undefined && { secure }),
          plugins: [(proxy) => void proxy.on('error', (error) => codes.push('code' in error && error.code))],
        });
        const { status, text } = await exchangeOnce(t, from, get('/x'));
        // What is wrong with a target is 502 here, and 500 there.
        return { status: status === 502 ? 500 : status, text, codes };
      });
      assert.equal(seen.status, secure === false ? 200 : 500);
      if (secure === false) assert.equal(seen.text, 'from behind TLS');
      else assert.deepEqual(seen.codes, ['DEPTH_ZERO_SELF_SIGNED_CERT']);
    }
  });

  it('timeout: a client that stops in the middle is cut off, on every request of its connection', async (t) => {
    const target = await startRecordingTarget(t);
    await withBoth(async (lib) => {
      const port = await serveProxy(t, lib, { target: target.url, timeout: 100 });
      const client = await connectClient(t, port);
      await client.send(get('/first'));
      const { status } = await client.response();
      await client.send('POST /second HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\n12345');
      return { status, how: await client.ending() };
    });
  });

  it('proxyTimeout: an answer that stops in the middle is cut off', async (t) => {
    const target = await startRecordingTarget(t, {
      script: play(requestComplete, send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345')),
    });
    await withBoth(async (lib) => {
      const port = await serveProxy(t, lib, { target: target.url, proxyTimeout: 100 });
      const client = await connectClient(t, port);
      await client.send(get('/x'));
      const outcome = await client.outcome();
      return { kind: outcome.kind, partial: outcome.kind === 'closed' && outcome.partial?.status };
    });
  });

  it('preserveHeaderKeyCase: names are as the target wrote them', async (t) => {
    const target = await startRecordingTarget(t, {
      script: answer({
        headers: [
          ['X-CamelCase', '1'],
          ['x-lower', '2'],
        ],
      }),
    });
    const names = await withBoth(async (lib) => {
      const port = await serveProxy(t, lib, { target: target.url, preserveHeaderKeyCase: true });
      const { headers } = await exchangeOnce(t, port, get('/x'));
      return headers.map(([name]) => name).filter((name) => /^x-/i.test(name));
    });
    assert.deepEqual(names, ['X-CamelCase', 'x-lower']);
  });

  it('upgradeTimeout: an upgrade that a target does not answer is ended', async (t) => {
    const target = await startRecordingTarget(t, { script: () => undefined });
    await withBoth(async (lib) => {
      const port = await serveProxy(t, lib, {
        target: target.url,
        ws: true,
        upgradeTimeout: 100,
        pathFilter: '/socket',
      });
      await exchangeOnce(t, port, get('/first'));
      const client = await connectClient(t, port);
      await client.send(handshake);
      return client.ending();
    });
  });

  it('proxyTimeout: is not for a WebSocket that is quiet', async (t) => {
    const service = await startSocketTarget(t);
    const silent = await startRecordingTarget(t, { script: () => undefined });
    await withBoth(async (lib) => {
      const port = await serveProxy(t, lib, {
        target: service.url,
        router: { '/silent': silent.url },
        ws: true,
        proxyTimeout: 100,
      });
      const { status: first } = await exchangeOnce(t, port, get('/silent'));
      const client = await connectClient(t, port);
      await client.send(handshake);
      const { status } = await client.head();
      // As long again as the time-out is.
      await exchangeOnce(t, port, get('/silent'));
      service.sockets.at(-1)?.socket.write('still there');
      await eventually(() => client.received.includes('still there'), 'the client has it');
      return { first, status };
    });
  });
});
