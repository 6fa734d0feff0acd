import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ConfigError } from '../../src/gateway/config-error.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { definePolicy, z } from '../../src/policy.ts';
import { createConfigFolder, startGatewayOn, type ConfigFolder } from '../kit/config-folder.ts';
import { eventually } from '../kit/eventually.ts';
import { exchangeOnce, type RawClient } from '../kit/raw-client.ts';
import type { TestGateway } from '../kit/start-gateway.ts';
import { connectToWorker, get, startWorkers, whenServing } from '../kit/worker-gateway.ts';

const policyModule = new URL('../../src/policy.ts', import.meta.url).href;

/** A module whose policy `own` says in a header what this module says, and counts. */
function own(says: string, atImport = ''): string {
  return `import { isMainThread } from 'node:worker_threads';
import { definePolicy, z } from '${policyModule}';
${atImport}
const says: string = ${JSON.stringify(says)};
export const own = definePolicy({
  name: 'own',
  description: 'Says where it comes from.',
  options: z.strictObject({ header: z.string().default('x-own') }),
  create({ header }, { metrics }) {
    const seen = metrics.counter('seen', 'Requests that it saw.');
    return {
      onRequest: () => seen.add(),
      onResponse: (_exchange, head) => void head.headers.set(header, isMainThread ? says + ' in the main thread' : says),
    };
  },
});
`;
}

function configuration(workers: number, policies = '[own: {}]'): string {
  return `listen: { host: 127.0.0.1, port: 0 }
overload: { eventLoopDelay: 0, memory: 0 }
workers: ${workers}
policyModules: [./own.ts]
policies: ${policies}
routes: [{ path: /, policies: [{ respond: { body: hello } }] }]
`;
}

function folderWith(t: TestContext, module: string, config: string): ConfigFolder {
  const folder = createConfigFolder(t);
  folder.write('own.ts', module);
  folder.write('waygate.yaml', config);
  return folder;
}

async function saidBy(t: TestContext, { port }: TestGateway): Promise<string | undefined> {
  return (await exchangeOnce(t, port, get('/'))).header('x-own');
}

async function saidTo(client: RawClient): Promise<string | undefined> {
  await client.send(get('/'));
  return (await client.response()).header('x-own');
}

test('a module with a policy is watched: a change is served, a mistake is not', async (t) => {
  const folder = folderWith(t, own('one'), configuration(1));
  const gateway = await startGatewayOn(t, folder.file('waygate.yaml'), { expectErrors: true });
  const { gateway: running } = gateway;
  assert.equal(await saidBy(t, gateway), 'one in the main thread');
  assert.equal(gateway.metric('waygate_policy_own_seen_total'), 1);

  folder.write('own.ts', own('two'));
  await eventually(async () => (await saidBy(t, gateway)) === 'two in the main thread', 'two is served');
  const failed = () => gateway.metric('waygate_config_reloads_total', { result: 'failed' });
  folder.write('own.ts', 'export const own: = 5;');
  await eventually(() => failed() === 1, 'the reload fails');
  assert.equal(await saidBy(t, gateway), 'two in the main thread');
  const line = gateway.lines.find(({ level }) => level === 'error');
  assert.match(
    JSON.stringify(line?.fields),
    /waygate\.yaml:4:17 {2}the module cannot be read: .* \(own\.ts:1\): mend it/,
  );

  folder.write('own.ts', own('three'));
  await eventually(async () => (await saidBy(t, gateway)) === 'three in the main thread', 'three is served');
  const result = await running.reload();
  assert.ok(result.ok);
  assert.deepEqual(
    gateway.lines.filter(({ message }) => message === 'a new configuration serves').length,
    2,
    'what has not changed is no new configuration',
  );
});

test('F167: each thread imports the modules, and all take a new one together', async (t) => {
  const folder = folderWith(t, own('one'), configuration(2, '[fault: {}, own: {}]'));
  const gateway = await startWorkers(
    t,
    { routes: [] },
    { configFile: folder.file('waygate.yaml'), watch: false, expectErrors: true },
  );
  const clients = [
    await connectToWorker(t, gateway.port, 1),
    await connectToWorker(t, gateway.port, 2),
  ] as const;
  const said = async () => [await saidTo(clients[0]), await saidTo(clients[1])];
  assert.deepEqual(await said(), ['one', 'one']);
  assert.ok(gateway.metric('waygate_policy_own_seen_total') >= 2, 'its counters are those of all threads');

  folder.write('own.ts', own('two'));
  assert.ok((await gateway.gateway.reload()).ok);
  assert.deepEqual(await said(), ['two', 'two']);

  // Only the main thread takes this one.
  folder.write('own.ts', own('three', 'if (!isMainThread) throw new Error("not here");'));
  const refused = await gateway.gateway.reload();
  assert.ok(!refused.ok);
  assert.deepEqual(
    refused.mistakes.map(({ line, path, found }) => ({ line, path, found })),
    [
      {
        line: 4,
        path: ['policyModules', 0],
        found: 'the module throws while it is imported: not here (own.ts:3:26)',
      },
    ],
  );
  assert.deepEqual(await said(), ['two', 'two']);
});

test('F179: a thread that takes the place of another imports what the others have imported', async (t) => {
  const folder = folderWith(t, own('one'), configuration(2, '[fault: {}, own: {}]'));
  const gateway = await startWorkers(
    t,
    { routes: [] },
    { configFile: folder.file('waygate.yaml'), watch: false, expectErrors: true },
  );
  // Nobody has taken this into use, and nobody could.
  folder.write('own.ts', 'throw new Error("broken");');
  const killer = await connectToWorker(t, gateway.port, 1);
  await killer.send(get('/fault/exit'));
  await killer.ending();
  await eventually(() => gateway.metric('waygate_worker_restarts_total') === 1, 'it is replaced');
  await whenServing(gateway, 2);
  assert.equal(await saidTo(await connectToWorker(t, gateway.port, 1)), 'one');
});

test('a definition itself works in one thread, is taken anew by a reload, and is refused with several', async (t) => {
  const make = (says: string) =>
    definePolicy({
      name: 'own',
      description: 'Says something.',
      options: z.strictObject({}),
      create: () => ({
        onResponse(_exchange, head) {
          head.headers.set('x-own', says);
        },
      }),
    });
  const config = {
    listen: { host: '127.0.0.1', port: 0 },
    policyModules: [make('one')],
    policies: ['own'],
    routes: [{ path: '/', policies: [{ respond: { body: 'hello' } }] }],
  };
  const gateway = await createGateway({ config, accessLog: false });
  t.after(() => gateway.close());
  const said = async () =>
    (
      await fetch(`http://127.0.0.1:${gateway.addresses[0]?.port}/`, { headers: { connection: 'close' } })
    ).headers.get('x-own');
  assert.equal(await said(), 'one');
  config.policyModules = [make('two')];
  assert.ok((await gateway.reload()).ok);
  assert.equal(await said(), 'two');

  await assert.rejects(createGateway({ config: { ...config, workers: 2 }, accessLog: false }), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(
      error.mistakes.map(({ path, found, remedy }) => ({ path, found, remedy })),
      [
        {
          path: ['policyModules', 0],
          found: 'the policy "own" stands here itself, and code cannot be handed to other threads',
          remedy: 'name the module that exports it, such as ./policies/tenant.ts, or leave workers out',
        },
      ],
    );
    return true;
  });
});

test('a configuration in TypeScript names modules from its own folder, with threads too', async (t) => {
  const folder = folderWith(t, own('one'), '');
  writeFileSync(
    join(folder.path, 'waygate.config.ts'),
    `export default {
  listen: { host: '127.0.0.1', port: 0 }, workers: 2, policyModules: ['./own.ts'], policies: ['own'],
  routes: [{ path: '/', policies: [{ respond: { body: 'hello' } }] }],
};`,
  );
  const gateway = await startGatewayOn(t, folder.file('waygate.config.ts'));
  assert.equal(await saidBy(t, gateway), 'one');
});
