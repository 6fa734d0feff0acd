import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import * as ours from '../../src/http-proxy-middleware.ts';
import type { Options } from '../../src/http-proxy-middleware.ts';
import { eventually } from '../kit/eventually.ts';
import { get, post, serveProxy } from '../kit/proxy-comparison.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { handshake, startSocketTarget } from '../kit/socket-target.ts';

/** Asks a proxy of ours once. @returns the status, and the lines that the target saw. */
async function ask(
  t: TestContext,
  make: (url: string) => object,
  request = get('/x'),
): Promise<{ readonly status: number; readonly lines: readonly string[]; readonly text: string }> {
  const target = await startRecordingTarget(t);
  const port = await serveProxy(t, ours, make(target.url));
  const { status, text } = await exchangeOnce(t, port, request);
  return { status, text, lines: target.requests.map(({ method, target: path }) => `${method} ${path}`) };
}

describe('what functions of the program make of a request leads nowhere else', () => {
  const nowhere: readonly (readonly [name: string, router: unknown])[] = [
    ['a number', 5],
    ['true', true],
    ['a list', ['http://127.0.0.1:1']],
    ['an URL without a scheme', '//127.0.0.1:1'],
    ['a path', '/x'],
    ['another scheme', 'file:///etc/passwd'],
    ['an URL with a password', 'http://user:password@127.0.0.1:1'],
    ['a host with a blank', { host: 'a b' }],
    ['a host with a line break', { host: 'a\r\nX-Forged: 1' }],
    ['a path of its own', { host: '127.0.0.1', port: 'x/y' }],
    ['a socket', { socketPath: '/var/run/docker.sock' }],
    ['a certificate', { host: '127.0.0.1', ca: 'x' }],
  ];
  for (const [name, found] of nowhere)
    it(`router: ${name} is an error of the app's`, async (t) => {
      for (const router of [() => found, () => Promise.resolve(found)]) {
        const { status, lines } = await ask(t, (target) => ({ target, router }));
        assert.equal(status, 599);
        assert.deepEqual(lines, []);
      }
    });

  it("router and pathRewrite: what throws or rejects is an error of the app's", async (t) => {
    const throws = (): never => {
      throw new Error('no way');
    };
    const rejects = (): Promise<never> => Promise.reject(new Error('no way'));
    // A promise of another make.
    class Later {
      // oxlint-disable-next-line unicorn/no-thenable -- that is what it is about
      then(_done: unknown, failed: (error: Error) => void): void {
        failed(new Error('no way'));
      }
    }
    const thenable = (): Later => new Later();
    for (const way of [throws, rejects, thenable])
      for (const name of ['router', 'pathRewrite']) {
        const { status, text, lines } = await ask(t, (target) => ({ target, [name]: way }));
        assert.deepEqual([status, text, lines], [599, 'no way', []]);
      }
  });

  it('pathRewrite: whatever it makes is a path of the target', async (t) => {
    const sent = async (path: string) =>
      (await ask(t, (target) => ({ target, pathRewrite: () => path }))).lines;
    assert.deepEqual(await sent('//evil.test/x'), ['GET /evil.test/x']);
    assert.deepEqual(await sent('http://evil.test/x'), ['GET /http:/evil.test/x']);
    assert.deepEqual(await sent('@evil.test'), ['GET /@evil.test']);
    assert.deepEqual(await sent('/a/../../b'), ['GET /b']);
    assert.deepEqual(await sent('?a=1'), ['GET /?a=1']);
    for (const path of ['/x HTTP/1.1\r\nX-Forged: 1', '/x\u0000', '/é', '/%2e%2e%2f\n'])
      assert.deepEqual(await sent(path), []);
  });

  it('pathRewrite: what is no text leaves the path as it is', async (t) => {
    for (const made of [undefined, null, 5, {}, []])
      assert.deepEqual((await ask(t, (target) => ({ target, pathRewrite: () => made }))).lines, ['GET /x']);
  });
});

describe('listeners that fail', () => {
  const failures: readonly (readonly [name: string, listener: () => unknown])[] = [
    [
      'throws',
      () => {
        throw new Error('a listener failed');
      },
    ],
    ['rejects', () => Promise.reject(new Error('a listener failed'))],
  ];
  for (const [how, listener] of failures) {
    for (const name of ['start', 'proxyReq', 'proxyRes'])
      it(`on.${name} that ${how} fails its request`, async (t) => {
        const { status } = await ask(t, (target) => ({
          target,
          on: { [name]: listener },
          logger: silent([]),
        }));
        // An answer that is under way by then is left as it is.
        assert.ok(status === 500 || (how === 'rejects' && status === 200), String(status));
      });

    it(`on.error that ${how} goes to the app, or is reported and ends the connection`, async (t) => {
      const reports: unknown[] = [];
      const port = await serveProxy(t, ours, {
        target: 'http://127.0.0.1:1',
        on: { error: listener },
        logger: silent(reports),
      });
      const client = await connectClient(t, port);
      await client.send(get('/x'));
      const outcome = await client.outcome();
      if (how === 'throws') {
        assert.ok(outcome.kind === 'response');
        assert.deepEqual([outcome.response.status, outcome.response.text], [599, 'a listener failed']);
      } else {
        assert.equal(outcome.kind, 'closed');
        assert.match(String(reports.at(-1)), /a listener failed/);
      }
    });

    it(`on.end that ${how} changes nothing, and is reported`, async (t) => {
      const reports: unknown[] = [];
      const { status } = await ask(t, (target) => ({
        target,
        on: { end: listener },
        logger: silent(reports),
      }));
      assert.equal(status, 200);
      await eventually(() => reports.length === 1, 'it is reported');
    });

    for (const name of ['proxyReqWs', 'open', 'close'])
      it(`on.${name} that ${how} costs no more than its WebSocket`, async (t) => {
        const service = await startSocketTarget(t);
        const reports: unknown[] = [];
        const port = await serveProxy(t, ours, {
          target: service.url,
          ws: true,
          pathFilter: '/socket',
          on: { [name]: listener },
          logger: silent(reports),
        });
        await exchangeOnce(t, port, get('/first'));
        const client = await connectClient(t, port);
        await client.send(handshake);
        await eventually(() => client.received.length > 0 || client.isClosed, 'it is over, or open');
        client.destroy();
        await eventually(() => reports.length > 0, 'it is reported');
        assert.equal((await exchangeOnce(t, port, get('/again'))).status, 418);
      });
  }

  it('on.proxyReq that answers by itself sends nothing to the target', async (t) => {
    const { status, text, lines } = await ask(t, (target) => ({
      target,
      on: {
        proxyReq: (
          _proxyReq: unknown,
          _request: unknown,
          response: { writeHead: (status: number) => { end: (text: string) => void } },
        ) => {
          response.writeHead(401).end('not you');
        },
      },
    }));
    assert.deepEqual([status, text, lines], [401, 'not you', []]);
  });

  it('on.proxyReq that answers later wins over the target', async (t) => {
    const { status, text } = await ask(t, (target) => ({
      target,
      on: {
        proxyReq: (_proxyReq: unknown, _request: unknown, response: { end: (text: string) => void }) => {
          queueMicrotask(() => {
            response.end('mine');
          });
        },
      },
    }));
    assert.deepEqual([status, text], [200, 'mine']);
  });

  it('a request that is written late throws, and says when it is to be written', async (t) => {
    let said = '';
    await ask(t, (target) => ({
      target,
      on: {
        proxyReq: async (proxyReq: { setHeader: (name: string, value: string) => void }) => {
          await Promise.resolve();
          try {
            proxyReq.setHeader('x-late', '1');
          } catch (error) {
            said = String(error);
          }
        },
      },
    }));
    assert.match(said, /after listeners to proxyReq have returned.*without waiting/);
  });
});

describe('what a client sends', () => {
  it('goes to no other target by its Host, its path or its headers', async (t) => {
    for (const request of [
      get('//evil.test/x'),
      'GET http://evil.test/x HTTP/1.1\r\nHost: evil.test\r\n\r\n',
      get(
        '/x',
        'X-Forwarded-Host: evil.test\r\nForwarded: host=evil.test\r\nX-HTTP-Method-Override: DELETE\r\n',
      ),
    ]) {
      const { lines } = await ask(t, (target) => ({ target, changeOrigin: true }), request);
      assert.ok(
        lines.every((line) => line.startsWith('GET /')),
        lines.join(),
      );
    }
  });

  it('comes as one request, whatever its framing says', async (t) => {
    const { lines } = await ask(
      t,
      (target) => ({ target, headers: { 'content-length': '5', 'transfer-encoding': 'identity' } }),
      post('text/plain', 'GET /smuggled HTTP/1.1\r\n\r\n'),
    );
    assert.deepEqual(lines, ['POST /api/x']);
  });

  it('is shown as it came, and as no markup, where the default answer to an error names it', async (t) => {
    const { text } = await ask(
      t,
      () => ({ target: 'http://127.0.0.1:1' }),
      get('/<script>alert(1)</script>'),
    );
    assert.doesNotMatch(text, /[<>]/);
  });
});

/** A log whose errors are kept. */
function silent(errors: unknown[]): NonNullable<Options['logger']> {
  return { info: () => undefined, warn: () => undefined, error: (...values) => void errors.push(values) };
}
