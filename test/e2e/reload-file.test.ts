import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { ConfigInput } from '../../src/config/schema.ts';
import { definePolicy } from '../../src/core/policy.ts';
import { createConfigFolder, startGatewayOn } from '../kit/config-folder.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import type { TestGateway } from '../kit/start-gateway.ts';

/** A configuration whose one route answers for itself, with this text. */
const answering = (body: string): ConfigInput => ({
  listen: { host: '127.0.0.1', port: 0 },
  routes: [{ path: '/', policies: [{ respond: { body } }] }],
});

const json = (body: string): string => JSON.stringify(answering(body), null, 2);

async function answerOf(t: TestContext, { port }: TestGateway): Promise<string> {
  const response = await exchangeOnce(t, port, 'GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n');
  assert.equal(response.status, 200);
  return response.text;
}

async function serves(t: TestContext, gateway: TestGateway, body: string): Promise<void> {
  await eventually(async () => (await answerOf(t, gateway)) === body, `${body} is served`);
}

async function fails(gateway: TestGateway, times: number): Promise<void> {
  await eventually(() => reloads(gateway, 'failed') >= times, `${times} reloads have failed`);
}

function reloads(gateway: TestGateway, result: 'ok' | 'failed'): number {
  return gateway.metric('waygate_config_reloads_total', { result });
}

test('F163: a file that is written in place is served', async (t) => {
  const folder = createConfigFolder(t);
  const gateway = await startGatewayOn(t, folder.write('waygate.json', answering('one')));
  folder.write('waygate.json', answering('two'));
  await serves(t, gateway, 'two');
});

test('F163: a half-written file keeps the last good configuration until it is whole', async (t) => {
  const folder = createConfigFolder(t);
  const file = folder.write('waygate.json', answering('one'));
  const gateway = await startGatewayOn(t, file, { expectErrors: true });
  const whole = json('two');
  for (const [index, length] of [0, 20, whole.length - 3].entries()) {
    folder.write('waygate.json', whole.slice(0, length));
    await fails(gateway, index + 1);
    assert.equal(await answerOf(t, gateway), 'one');
    assert.equal(gateway.metric('waygate_config_last_reload_successful'), 0);
  }
  folder.write('waygate.json', whole);
  await serves(t, gateway, 'two');
  assert.equal(gateway.metric('waygate_config_last_reload_successful'), 1);
});

test('F163: a file that is replaced by a rename is served, again and again', async (t) => {
  const folder = createConfigFolder(t);
  const gateway = await startGatewayOn(t, folder.write('waygate.json', answering('0')));
  for (const body of ['1', '2', '3']) {
    folder.replace('waygate.json', answering(body));
    await serves(t, gateway, body);
  }
});

test('F163: a configuration behind links is served when a link is swapped, as Kubernetes swaps ..data', async (t) => {
  const folder = createConfigFolder(t);
  for (const version of ['one', 'two']) {
    mkdirSync(folder.file(`..${version}`));
    folder.write(`..${version}/waygate.json`, answering(version));
  }
  symlinkSync('..one', folder.file('..data'));
  symlinkSync('..data/waygate.json', folder.file('waygate.json'));
  const gateway = await startGatewayOn(t, folder.file('waygate.json'));
  symlinkSync('..two', folder.file('..data.new'));
  renameSync(folder.file('..data.new'), folder.file('..data'));
  rmSync(folder.file('..one'), { recursive: true });
  await serves(t, gateway, 'two');
  folder.write('..two/waygate.json', answering('three'));
  await serves(t, gateway, 'three');
});

test('F163: a link in the middle of the way to the file may be swapped as well', async (t) => {
  const folder = createConfigFolder(t);
  for (const name of ['etc', 'releases', 'releases/1', 'releases/2']) mkdirSync(folder.file(name));
  folder.write('releases/1/waygate.json', answering('one'));
  folder.write('releases/2/waygate.json', answering('two'));
  symlinkSync('1', folder.file('releases/current'));
  symlinkSync(folder.file('releases/current/waygate.json'), folder.file('etc/waygate.json'));
  const gateway = await startGatewayOn(t, folder.file('etc/waygate.json'));
  symlinkSync('2', folder.file('releases/next'));
  renameSync(folder.file('releases/next'), folder.file('releases/current'));
  await serves(t, gateway, 'two');
});

test('F163: a deleted file keeps the last good configuration, and is served when it is back', async (t) => {
  const folder = createConfigFolder(t);
  const file = folder.write('waygate.json', answering('one'));
  const gateway = await startGatewayOn(t, file, { expectErrors: true });
  rmSync(file);
  await fails(gateway, 1);
  assert.equal(await answerOf(t, gateway), 'one');
  folder.write('waygate.json', answering('two'));
  await serves(t, gateway, 'two');
});

test('F163: a folder that goes and comes back as another one is watched again', async (t) => {
  const folder = createConfigFolder(t);
  mkdirSync(folder.file('etc'));
  const file = folder.write('etc/waygate.json', answering('one'));
  const gateway = await startGatewayOn(t, file, { expectErrors: true });
  rmSync(folder.file('etc'), { recursive: true });
  await fails(gateway, 1);
  mkdirSync(folder.file('etc'));
  folder.write('etc/waygate.json', answering('two'));
  await serves(t, gateway, 'two');
  folder.write('etc/waygate.json', answering('three'));
  await serves(t, gateway, 'three');
});

test('F163: a file that may not be read any more keeps the last good configuration', async (t) => {
  const folder = createConfigFolder(t);
  const file = folder.write('waygate.json', answering('one'));
  // Permissions mean nothing to root, who therefore becomes somebody else for as long as this takes.
  const nobody = 65_534;
  if (process.geteuid?.() === 0) {
    for (const path of [folder.path, file]) chownSync(path, nobody, nobody);
    process.seteuid?.(nobody);
    onFinish(t, 'gateways', () => process.seteuid?.(0));
  }
  const gateway = await startGatewayOn(t, file, { expectErrors: true });
  chmodSync(file, 0o000);
  await fails(gateway, 1);
  assert.match(JSON.stringify(gateway.lines), /may not be read by this user/);
  assert.equal(await answerOf(t, gateway), 'one');
  chmodSync(file, 0o600);
  await eventually(
    () => gateway.metric('waygate_config_last_reload_successful') === 1,
    'it is read again once it may be',
  );
  folder.write('waygate.json', answering('two'));
  await serves(t, gateway, 'two');
});

test('F163: a pipe or a device in the place of the file hangs nothing', async (t) => {
  const folder = createConfigFolder(t);
  const file = folder.write('waygate.json', answering('one'));
  const gateway = await startGatewayOn(t, file, { expectErrors: true });
  rmSync(file);
  execFileSync('mkfifo', [file]);
  await fails(gateway, 1);
  assert.equal(await answerOf(t, gateway), 'one');
  rmSync(file);
  symlinkSync('/dev/zero', file);
  await fails(gateway, 1);
  assert.equal(await answerOf(t, gateway), 'one');
  folder.replace('waygate.json', answering('two'));
  await serves(t, gateway, 'two');
});

test('F163: a hundred saves a second cost a few reloads, and the last one is served', async (t) => {
  const folder = createConfigFolder(t);
  const gateway = await startGatewayOn(t, folder.write('waygate.json', answering('0')));
  const began = performance.now();
  for (let save = 1; save <= 250; save++) {
    folder.replace('waygate.json', answering(String(save)));
    if (save % 25 === 0) assert.match(await answerOf(t, gateway), /^\d+$/);
    await pause(10);
  }
  const seconds = (performance.now() - began) / 1000;
  await serves(t, gateway, '250');
  const made = reloads(gateway, 'ok');
  assert.ok(made >= 2 && made <= seconds + 2, `${made} reloads in ${seconds} s`);
  assert.equal(reloads(gateway, 'failed'), 0);
});

test('F163: a file that is written again with what it held already is not loaded again', async (t) => {
  const folder = createConfigFolder(t);
  const gateway = await startGatewayOn(t, folder.write('waygate.json', answering('one')));
  folder.write('waygate.json', answering('one'));
  folder.write('something-else.json', answering('two'));
  folder.replace('waygate.json', answering('one'));
  await pause(300);
  folder.write('waygate.json', answering('two'));
  await serves(t, gateway, 'two');
  assert.equal(reloads(gateway, 'ok'), 1);
});

test('F163: a file that values are taken from is watched as well', async (t) => {
  const folder = createConfigFolder(t);
  folder.write('greeting', 'one\n');
  const gateway = await startGatewayOn(t, folder.write('waygate.json', answering('${file:greeting}')));
  assert.equal(await answerOf(t, gateway), 'one');
  folder.replace('greeting', 'two\n');
  await serves(t, gateway, 'two');
});

test('F163: a change between loading and watching is not missed', async (t) => {
  const folder = createConfigFolder(t);
  const file = folder.file('waygate.json');
  let changes = 0;
  const meddler = definePolicy({
    name: 'meddler',
    description: 'Writes the configuration while it is being compiled.',
    options: z.strictObject({}),
    create: () => {
      if (changes++ === 0) writeFileSync(file, json('two'));
      return {};
    },
  });
  const { listen, routes } = answering('one');
  folder.write('waygate.json', JSON.stringify({ listen, routes, policies: ['meddler'] }));
  const gateway = await startGatewayOn(t, file, { policies: [meddler] });
  await serves(t, gateway, 'two');
});

test('F163: a gateway that is closed in the middle of a reload opens nothing more', async (t) => {
  const folder = createConfigFolder(t);
  const gateway = await startGatewayOn(t, folder.write('waygate.json', answering('one')));
  const { listen, ...rest } = answering('two');
  folder.write('waygate.json', {
    ...rest,
    listen: [listen ?? assert.fail(), { host: '127.0.0.1', port: 0 }].flat(),
  });
  const reload = gateway.gateway.reload();
  await gateway.gateway.close();
  assert.equal((await reload).ok, false);
  assert.deepEqual(gateway.gateway.addresses, []);
});

test('F163: a module is loaded again when it changes', async (t) => {
  const folder = createConfigFolder(t);
  const module = (body: string): string => `export default ${json(body)};\n`;
  const gateway = await startGatewayOn(t, folder.write('waygate.config.mjs', module('one')));
  folder.write('waygate.config.mjs', module('two'));
  await serves(t, gateway, 'two');
});
