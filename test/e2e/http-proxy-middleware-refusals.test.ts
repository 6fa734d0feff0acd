import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import * as theirs from 'http-proxy-middleware';
import * as ours from '../../src/http-proxy-middleware.ts';
import { UnsupportedError, type Options } from '../../src/http-proxy-middleware.ts';
import { refusedOptions } from '../../src/mount/http-proxy-middleware/check-options.ts';
import { supportedOptions } from '../../src/mount/http-proxy-middleware/option-kinds.ts';
import { readTables } from '../kit/markdown.ts';
import { get, serveProxy } from '../kit/proxy-comparison.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';

const target = 'http://a.test';

function make(options: object): () => unknown {
  return () => ours.createProxyMiddleware(options);
}

/** The options that the original declares, those that it has from its engine included. */
function declaredOptions(): string[] {
  const main = createRequire(import.meta.url).resolve('http-proxy-middleware');
  const engine = createRequire(main).resolve('httpxy');
  return [
    ...membersOf(join(dirname(main), 'types.d.ts'), 'export interface Options'),
    ...membersOf(join(dirname(engine), 'index.d.mts'), 'interface ProxyServerOptions'),
  ];
}

function membersOf(file: string, head: string): string[] {
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(head);
  const body = text.slice(text.indexOf('{\n', from), text.indexOf('\n}', from));
  assert.notEqual(from, -1, `${file} has no ${head}`);
  // Members stand two or four spaces in, what is inside of one deeper.
  const indent = /\n( +)\w+\?:/.exec(body)?.[1] ?? '';
  return [...body.matchAll(new RegExp(`^${indent}(\\w+)\\?:`, 'gm'))].map(([, name]) => name ?? '');
}

describe('every option of the original', () => {
  const declared = declaredOptions();
  const page = readFileSync(
    join(import.meta.dirname, '../../docs/migrating-from-http-proxy-middleware.md'),
    'utf8',
  );
  const rows = readTables(page).find(({ heading }) => heading === 'Options')?.rows ?? [];
  const named = (kinds: readonly string[]): string[] =>
    rows
      .flatMap(({ option, here }) => (kinds.includes(here ?? '') ? [(option ?? '').replaceAll('`', '')] : []))
      .toSorted();

  it('stands in the table of the page about migrating, and nothing else does', () => {
    assert.ok(declared.length > 30, String(declared.length));
    assert.deepEqual(named(['the same', 'with differences', 'refused']), declared.toSorted());
    assert.equal(rows.length, declared.length);
  });

  it('is supported or refused, as the table says', () => {
    assert.deepEqual(named(['the same', 'with differences']), supportedOptions.toSorted());
    assert.deepEqual(
      named(['refused']),
      Object.keys(refusedOptions)
        .filter((name) => declared.includes(name))
        .toSorted(),
    );
    assert.ok(rows.every(({ here, ...row }) => here === 'the same' || row['what is different'] !== ''));
  });

  it('that is refused says so when the proxy is made, with what to write instead; false asks for nothing', () => {
    for (const [name, instead] of Object.entries(refusedOptions)) {
      const refusal = { name: 'UnsupportedError', code: 'WAYGATE_UNSUPPORTED' };
      assert.throws(make({ target, [name]: 'x' }), {
        ...refusal,
        message: `[waygate] the option "${name}" is not supported: ${instead}`,
      });
      assert.doesNotThrow(make({ target, [name]: false }));
      assert.doesNotThrow(make({ target, [name]: undefined }));
      assert.ok(instead.length > 10);
    }
  });

  it('has a function beside it under the same name as in the original', () => {
    const missing = Object.keys(theirs).filter((name) => !(name in ours));
    assert.deepEqual(missing, []);
  });
});

describe('what no option may be is refused when the proxy is made', () => {
  const cases: readonly (readonly [options: unknown, message: RegExp])[] = [
    [undefined, /a proxy without options.*write \{ target/],
    ['http://a.test', /a proxy without options/],
    [{}, /a proxy without a target/],
    [{ target: null }, /target/],
    [{ target: '' }, /the target "".*write a URL/],
    [{ target: 'a.test:80' }, /a\.test.*http:, https:, ws: or wss:/],
    [{ target: '//a.test' }, /the target "\/\/a\.test".*write a URL/],
    [{ target: 'ftp://a.test' }, /write an http:/],
    [{ target: 5 }, /the target 5/],
    [{ target: { host: 5n } }, /"host" of a target/],
    [{ target: { host: 'a.test', pfx: 'x' } }, /"pfx" of a target.*`tls`/],
    [{ target, router: { '/x': 'nowhere' } }, /the target "nowhere"/],
    [{ target, pathFilter: [5] }, /this pathFilter/],
    [{ target, pathFilter: 5 }, /this pathFilter/],
    [{ target, pathRewrite: 'x' }, /this pathRewrite/],
    [{ target, pathRewrite: { '(': '' } }, /Invalid regular expression/],
    [{ target, changeOrign: false }, /"changeOrign".*write changeOrigin/],
    [{ target, somethingElse: true }, /"somethingElse".*there are target, router/],
    [{ target, timeout: -1 }, /"timeout" as -1.*milliseconds/],
    [{ target, proxyTimeout: Number.NaN }, /"proxyTimeout" as NaN/],
    [{ target, proxyTimeout: '5s' }, /"proxyTimeout" as "5s"/],
    [{ target, upgradeTimeout: Infinity }, /"upgradeTimeout" as Infinity/],
    [{ target, followRedirects: 1.5 }, /"followRedirects" as 1\.5/],
    [{ target, cookieDomainRewrite: true }, /"cookieDomainRewrite" as true.*a text, a table/],
    [{ target, cookiePathRewrite: { '*': 5 } }, /"cookiePathRewrite"/],
    [{ target, headers: { 'x y': '1' } }, /the header "x y"/],
    [{ target, headers: { x: '1\r\ny: 2' } }, /the header "x".*without line breaks/],
    [{ target, headers: { x: {} } }, /the header "x"/],
    [{ target, headers: ['x'] }, /"headers" as a list/],
    [{ target, plugins: [5] }, /"plugins".*a list of functions/],
    [{ target, plugins: () => undefined }, /"plugins" as a function/],
    [{ target, plugins: [(proxy: { web: () => void }) => proxy.web()] }, /web\(\).*call the middleware/],
    [{ target, plugins: [(proxy: { on: (name: string) => void }) => proxy.on('proxySocket')] }, /write open/],
    [{ target, logger: {} }, /"logger".*info, warn and error/],
    [{ target, on: { proxyRequest: () => undefined } }, /"proxyRequest".*write proxyReq/],
    [{ target, on: { error: 'log' } }, /on\.error as "log".*write a function/],
    [{ target, on: [] }, /"on" as a list/],
    [{ target, agent: {} }, /an agent of another class/],
    [{ target, agent: new Agent({ localAddress: '127.0.0.1' }) }, /"localAddress" of an agent/],
  ];
  for (const [options, message] of cases)
    it(String(message), () => {
      assert.throws(make(options as object), message);
    });

  it('with an error that programs can tell', () => {
    assert.throws(make({ target, forward: target }), UnsupportedError);
  });
});

describe('what is different from the original, and is said so', () => {
  it('prependPath: false leaves the path of the target out', async (t) => {
    const service = await startRecordingTarget(t);
    const port = await serveProxy(t, ours, { target: `${service.url}/base?key=1`, prependPath: false });
    await exchangeOnce(t, port, get('/x?y=1'));
    assert.equal(service.requests[0]?.target, '/x?y=1');
  });

  it('names of headers keep their letter case without preserveHeaderKeyCase', async (t) => {
    const service = await startRecordingTarget(t, {
      script: ({ socket }) =>
        void socket.write('HTTP/1.1 200 OK\r\nX-CamelCase: 1\r\nContent-Length: 0\r\n\r\n'),
    });
    const options: Options = { target: service.url };
    const { headers } = await exchangeOnce(t, await serveProxy(t, ours, options), get('/x'));
    assert.ok(headers.some(([name]) => name === 'X-CamelCase'));
  });

  it('a request that no target is found for is an error of the app', async (t) => {
    const port = await serveProxy(t, ours, { router: { '/known': target } });
    assert.equal((await exchangeOnce(t, port, get('/unknown'))).status, 599);
  });
});
