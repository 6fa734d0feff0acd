import assert from 'node:assert/strict';
import { createServer, ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import express from 'express';
import type { Options, RequestHandler } from '../../src/http-proxy-middleware.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { listen, stopListening } from '../kit/listen.ts';
import {
  asHandler,
  compareScenarios,
  get,
  post,
  serveProxy,
  withBoth,
  type ProxyPackage,
  type Scenario,
} from '../kit/proxy-comparison.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, reset } from '../kit/replies.ts';
import { handshake, startSocketTarget } from '../kit/socket-target.ts';

/** Listens to everything that there is about requests and answers, and notes it. */
function noting(note: (text: string) => void): NonNullable<Options['on']> {
  return {
    start: (request, response, target) =>
      note(
        `start ${request.url ?? ''} ${response.headersSent} ${target instanceof URL ? target.pathname : ''}`,
      ),
    proxyReq: (proxyReq, request, _response, { target, changeOrigin }) => {
      const { method, path, host, protocol } = proxyReq;
      note(`proxyReq ${method} ${path} ${host} ${protocol} ${request.url ?? ''} ${String(changeOrigin)}`);
      note(`for ${target instanceof URL ? target.pathname : typeof target}`);
    },
    proxyRes: (proxyRes, request, response) => {
      const { statusCode, headers, complete } = proxyRes;
      note(`proxyRes ${String(statusCode)} ${String(headers['x-a'])} ${complete} ${request.url ?? ''}`);
      note(`head sent: ${response.headersSent}`);
    },
    end: (request, _response, proxyRes) => note(`end ${request.url ?? ''} ${proxyRes.complete}`),
    error: (error, request, response, target) => {
      note(`error ${'code' in error ? String(error.code) : error.message} ${request.url ?? ''}`);
      note(`to ${target instanceof URL ? target.pathname : typeof target}`);
      if (response instanceof ServerResponse) response.writeHead(500).end('mine');
      else response.destroy();
    },
  };
}

const scenarios: Readonly<Record<string, Scenario>> = {
  'start, proxyReq, proxyRes and end, with what each tells': {
    options: (url, _lib, _other, note) => ({ target: `${url}/base`, changeOrigin: true, on: noting(note) }),
    mount: '/api',
    script: answer({ status: 201, headers: [['X-A', '1']], body: 'made' }),
    requests: [get('/api/x?y=1')],
    holds: (_seen, _url, notes) =>
      assert.deepEqual(
        notes.map((line) => line.split(' ', 1)[0]),
        ['start', 'proxyReq', 'for', 'proxyRes', 'head', 'end'],
      ),
  },
  'the target that listeners are told of is the one of the router': {
    options: (url, _lib, other, note) => ({ target: other, router: () => `${url}/routed`, on: noting(note) }),
    holds: (_seen, _url, notes) => assert.ok(notes.includes('for /routed')),
  },
  'error: of a target that hangs up, with its code and its target': {
    options: (url, _lib, _other, note) => ({ target: `${url}/base`, on: noting(note) }),
    script: reset,
    requests: [post('text/plain', 'x')],
    holds: ([first], _url, notes) => {
      assert.equal(first?.client.body, 'mine');
      assert.deepEqual(notes.slice(-2), ['error ECONNRESET /api/x', 'to /base']);
    },
  },
  'error: of a target that is not there': {
    options: (_url, _lib, _other, note) => ({ target: 'http://127.0.0.1:1/none', on: noting(note) }),
    holds: (_seen, _url, notes) => assert.deepEqual(notes.slice(-2), ['error ECONNREFUSED /x', 'to /none']),
  },
  'proxyReq: what it writes to the response beforehand goes along': {
    options: (url) => ({
      target: url,
      on: { proxyReq: (_proxyReq, _request, response) => void response.setHeader('x-early', '1') },
    }),
    holds: ([first]) => assert.deepEqual(first?.client.headers['x-early'], ['1']),
  },
  'proxyReq: destroys the request': {
    options: (url) => ({
      target: url,
      on: { proxyReq: (proxyReq) => void proxyReq.destroy(new Error('not this one')) },
    }),
    holds: ([first]) => assert.equal(first?.client.status, 500),
  },
  'plugins: listen beside the options, and once': {
    options: (url, lib, _other, note) => ({
      target: url,
      on: { proxyReq: () => note('on') },
      plugins: [
        lib.definePlugin((proxy) => void proxy.on('proxyReq', () => note('plugin'))),
        (proxy) => void proxy.once('proxyReq', () => note('once')),
      ],
    }),
    requests: [get('/x'), get('/x')],
    holds: (_seen, _url, notes) => assert.deepEqual(notes, ['on', 'plugin', 'once', 'on', 'plugin']),
  },
  'selfHandleResponse: the end is told as well': {
    options: (url, _lib, _other, note) => ({
      target: url,
      selfHandleResponse: true,
      on: {
        proxyRes: (proxyRes, _request, response) => {
          proxyRes.on('end', () => response.end('whole'));
          proxyRes.resume();
        },
        end: () => note('end'),
      },
    }),
    holds: ([first], _url, notes) => assert.deepEqual([first?.client.body, notes], ['whole', ['end']]),
  },
};

compareScenarios('events are the same with both packages', scenarios);

/** How upgrades come to a proxy. */
type Way = 'ws' | 'upgrade';

/** Serves a proxy, and what else `node:http` tells of. @returns the port. */
async function serveUpgrades(
  t: TestContext,
  lib: ProxyPackage,
  way: Way | 'both',
  options: Options,
): Promise<number> {
  const proxy: RequestHandler = lib.createProxyMiddleware({
    ...options,
    ...(way !== 'upgrade' && { ws: true }),
  });
  const app = express();
  app.use(asHandler(proxy));
  const server = createServer(app);
  if (way !== 'ws') server.on('upgrade', proxy.upgrade);
  const { port } = await listen(server);
  onFinish(t, 'gateways', async () => {
    server.closeAllConnections();
    await stopListening(server);
  });
  return port;
}

describe('WebSockets are relayed the same with both packages', () => {
  const ways: readonly (readonly [name: string, way: Way | 'both', requestFirst: boolean])[] = [
    ['by the option alone, from the first request on', 'ws', true],
    ["by the server's event, without a request before", 'upgrade', false],
    ["by the option and the server's event, before the first request", 'both', false],
    ["by the option and the server's event, after it", 'both', true],
  ];
  for (const [name, way, requestFirst] of ways)
    it(`${name}, with its events`, async (t) => {
      const service = await startSocketTarget(t);
      const plain = await startRecordingTarget(t);
      const events = await withBoth(async (lib) => {
        const notes: string[] = [];
        let fromTarget = '';
        const port = await serveUpgrades(t, lib, way, {
          target: service.url,
          router: { '/first': plain.url },
          pathRewrite: (path, _request, response) => (response === undefined ? `${path}/rewritten` : path),
          on: {
            start: (request) => void notes.push(`start ${request.url ?? ''}`),
            proxyReqWs: (proxyReq, request, socket, { target }, head) => {
              proxyReq.setHeader('X-Special-Proxy-Header', 'foobar');
              notes.push(
                `proxyReqWs ${proxyReq.path} ${request.headers.host ?? ''} ${socket.destroyed} ${head.length}`,
              );
              notes.push(String(target instanceof URL));
            },
            open: (proxySocket) => {
              notes.push(`open ${JSON.stringify(Object.keys(proxySocket.address()))}`);
              proxySocket.on('data', (chunk: Buffer) => (fromTarget += chunk.toString()));
            },
            close: (proxyRes, _socket, head) => {
              notes.push(`close ${String(proxyRes.statusCode)} ${head.length}`);
            },
          },
        });
        const before = service.sockets.length;
        if (requestFirst) await exchangeOnce(t, port, get('/first'));
        const client = await connectClient(t, port);
        await client.send(handshake);
        const { status } = await client.head();
        await client.send('from the client');
        await eventually(() => service.sockets.at(-1)?.received === 15, 'the service has it');
        service.sockets.at(-1)?.socket.end('from the service');
        await eventually(() => client.received.includes('from the service'), 'the client has it');
        await client.ending();
        await eventually(() => notes.at(-1)?.startsWith('close') === true, 'the end is told');
        return { status, notes, fromTarget, sockets: service.sockets.length - before };
      });
      assert.equal(events.status, 101);
      assert.equal(events.sockets, 1);
      assert.equal(events.fromTarget, 'from the service');
    });

  it('an upgrade that the service refuses is answered as it does', async (t) => {
    const target = await startRecordingTarget(t, { script: answer({ status: 403, body: 'not you' }) });
    const seen = await withBoth(async (lib) => {
      const port = await serveUpgrades(t, lib, 'upgrade', { target: target.url });
      const { status, text } = await exchangeOnce(t, port, handshake);
      return { status, text };
    });
    assert.deepEqual(seen, { status: 403, text: 'not you' });
  });

  for (const own of [false, true])
    it(`an upgrade to a target that is not there ends the socket${own ? ', after on.error' : ''}`, async (t) => {
      const seen = await withBoth(async (lib) => {
        const notes: string[] = [];
        const port = await serveUpgrades(t, lib, 'upgrade', {
          target: 'http://127.0.0.1:1',
          ...(own && { on: noting((text) => notes.push(text)) }),
        });
        const client = await connectClient(t, port);
        await client.send(handshake);
        await client.ending();
        return { received: client.received.length, errors: notes.filter((line) => line.startsWith('error')) };
      });
      assert.deepEqual(seen, { received: 0, errors: own ? ['error ECONNREFUSED /socket'] : [] });
    });

  it('pathFilter: what it leaves out is left to whoever else listens', async (t) => {
    const service = await startSocketTarget(t);
    await withBoth(async (lib) => {
      const proxy = lib.createProxyMiddleware({ target: service.url, pathFilter: '/mine' });
      const server = createServer();
      server.on('upgrade', proxy.upgrade);
      server.on(
        'upgrade',
        (_request, socket) => void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'),
      );
      const { port } = await listen(server);
      onFinish(t, 'gateways', () => stopListening(server));
      return (await exchangeOnce(t, port, handshake)).status;
    });
    assert.equal(service.sockets.length, 0);
  });
});

describe('what a client does is told the same with both packages', () => {
  it('econnreset: a client that is gone before it was answered', async (t) => {
    const target = await startRecordingTarget(t, { script: () => undefined });
    const seen = await withBoth(async (lib) => {
      const notes = new Set<string>();
      const port = await serveProxy(t, lib, {
        target: target.url,
        on: {
          econnreset: (error, request, _response, to) =>
            void notes.add(
              `${'code' in error ? String(error.code) : ''} ${request.url ?? ''} ${to instanceof URL}`,
            ),
          error: (error) => void notes.add(`error ${error.message}`),
        },
      });
      const before = target.connections.length;
      const client = await connectClient(t, port);
      await client.send('POST /x HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\n12345');
      await eventually(() => target.connections.length > before, 'the target has the request');
      client.reset();
      await eventually(() => notes.size > 0, 'it is told');
      await eventually(() => target.connections.at(-1)?.closed === true, 'the target is told');
      return [...notes];
    });
    assert.deepEqual(seen, ['ECONNRESET /x true']);
  });
});
