import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import Fastify from 'fastify';
import { waygate } from '../../src/fastify.ts';
import { createGateway, createHandler } from '../../src/index.ts';
import { createMiddleware } from '../../src/node.ts';
import { createTestGateway } from '../../src/testing.ts';
import { onFinish } from '../kit/finish.ts';
import { listen } from '../kit/listen.ts';
import { exchangeOnce } from '../kit/raw-client.ts';

const config = { routes: [{ path: '/', policies: [{ respond: {} }] }] } as const;

/** As a program in JavaScript passes them, where no compiler looks. */
const misspelt = { config, onerror: 'next', wach: false } as { readonly config: typeof config };

async function folderOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waygate-mistakes-'));
  onFinish(t, 'checks', () => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** What a gateway without anybody who looks at `ready` has written into its log. */
function firstFailure(configFile: string): Promise<{ readonly fields: object; readonly message: string }> {
  return new Promise((resolve) => {
    const nothing = (): void => undefined;
    createMiddleware({
      configFile,
      watch: false,
      logger: {
        debug: nothing,
        info: nothing,
        warn: nothing,
        error: (fields, message) => {
          resolve({ fields, message });
        },
      },
    });
  });
}

test('options that nobody knows are refused by name, whatever the gateway is made with', async () => {
  const wach = /"wach" is no option: did you mean watch\?/;
  assert.throws(() => createMiddleware(misspelt), {
    name: 'TypeError',
    message:
      /^createMiddleware: the options have 2 mistakes\n {2}"onerror" is no option: did you mean onError\?\n/,
  });
  assert.throws(() => createHandler(misspelt), wach);
  await assert.rejects(createGateway(misspelt), wach);
  await assert.rejects(createTestGateway(misspelt), /"wach" is no option: there are config, /);
  const app = Fastify();
  app.register(waygate, { ...misspelt, prefix: '/api', logLevel: 'warn' });
  await assert.rejects(async () => app.ready(), wach);
  await app.close();
});

test('what belongs to another kind of gateway is refused', async () => {
  const listening = { config, listen: false } as { readonly config: typeof config };
  assert.throws(() => createMiddleware(listening), /"listen" is no option: this gateway listens nowhere/);
  assert.throws(() => createHandler(listening), /"listen" is no option/);
  const clock = { config, clock: { now: Date.now, monotonic: Date.now } } as object as {
    readonly config: typeof config;
  };
  await assert.rejects(createTestGateway(clock), /clock is keys and values: write a FakeClock/);
});

test('an app that never looks at `ready` is told in its log that the gateway does not serve, with file and line', async (t) => {
  const folder = await folderOf(t, {
    'waygate.yaml': 'listen: 3000\nroutes:\n  - { path: /, upstream: user }\n',
  });
  const missing = await firstFailure(join(folder, 'waygate.yml'));
  assert.equal(
    missing.message,
    'the gateway in this app does not serve, and every request to it is an error',
  );
  assert.deepEqual(missing.fields, {
    mistakes: [`${join(folder, 'waygate.yml')}  the file does not exist: check the path`],
  });
  const wrong = await firstFailure(join(folder, 'waygate.yaml'));
  assert.match(JSON.stringify(wrong.fields), /waygate\.yaml:3:26 {2}there is no upstream \\"user\\"/);
});

test('a WebSocket of an app that does not listen to `upgrade` is told in the log, once', async (t) => {
  const warned: string[] = [];
  const nothing = (): void => undefined;
  const logger = {
    debug: nothing,
    info: nothing,
    error: nothing,
    warn: (_: object, text: string) => void warned.push(text),
  };
  const gateway = createMiddleware({ config, logger, accessLog: false });
  onFinish(t, 'gateways', () => gateway.close());
  const server = createServer(gateway);
  const { port } = await listen(server);
  onFinish(t, 'targets', () => void server.close());
  const handshake = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n';
  for (let i = 0; i < 2; i++) assert.equal((await exchangeOnce(t, port, handshake)).status, 200);
  assert.equal(warned.length, 1);
  assert.match(warned[0] ?? '', /write server\.on\('upgrade', gateway\.upgrade\)/);
  server.on('upgrade', gateway.upgrade);
  await exchangeOnce(t, port, handshake);
  assert.equal(warned.length, 1);
});

test('a file that is not there is looked for at a place that the error names', async () => {
  await assert.rejects(createGateway({ configFile: 'no-such-waygate.yaml' }), (error) => {
    assert.ok(error instanceof Error);
    const place = join(process.cwd(), 'no-such-waygate.yaml');
    const line = `no-such-waygate.yaml  the file does not exist: check the path: it is looked for at ${place}`;
    assert.equal(error.message, `the configuration has a mistake\n${line}`);
    return true;
  });
});

test('a waygate.config.ts in a package of CommonJS is told how it becomes a module', async (t) => {
  const folder = await folderOf(t, {
    'package.json': '{ "type": "commonjs" }',
    'imports.ts': "import 'node:fs';\nexport default {};\n",
    'exports.js': 'export default {};\n',
  });
  for (const [name, other] of [
    ['imports.ts', 'imports.mts'],
    ['exports.js', 'exports.mjs'],
  ] as const)
    await assert.rejects(
      createGateway({ configFile: join(folder, name) }),
      new RegExp(`: write "type": "module" into package\\.json, or name the file ${other}$`),
    );
});
