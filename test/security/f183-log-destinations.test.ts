import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createConfigFolder } from '../kit/config-folder.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import type { GatewayProcess } from '../kit/gateway-process.ts';
import { startGatewayProcess } from '../kit/gateway-process.ts';
import { connectClient } from '../kit/raw-client.ts';

const answering = {
  routes: [{ path: '/' as const, policies: [{ respond: { body: 'x' } }] }],
  log: { access: 'json' },
  drain: { accept: 0 },
} as const;

/** A descriptor for the process to write to; closed when the test ends. */
function descriptor(t: TestContext, path: string, flags: number): number {
  const opened = openSync(path, flags);
  onFinish(t, 'targets', () => closeSync(opened));
  return opened;
}

/** Has so many requests answered, each of which makes a line of four kilobytes. */
async function serve(t: TestContext, gateway: GatewayProcess, count: number): Promise<void> {
  const client = await connectClient(t, gateway.port);
  client.forgetReceived();
  const request = `GET /${'a'.repeat(4000)} HTTP/1.1\r\nHost: gw.test\r\n\r\n`;
  for (let i = 0; i < count; i++) {
    if (i % 500 === 499) {
      await client.send(request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
      assert.equal((await client.response()).status, 200);
      client.destroy();
      return serve(t, gateway, count - i - 1);
    }
    await client.send(request);
    assert.equal((await client.response()).status, 200);
  }
  client.destroy();
}

const dropped = (gateway: GatewayProcess): Promise<number> =>
  gateway.metric('waygate_access_log_dropped_total');

test('F183: a full disk under the access log costs lines, which are counted, and no request', async (t) => {
  const full = descriptor(t, '/dev/full', constants.O_WRONLY);
  const gateway = await startGatewayProcess(t, answering, { stdout: full });
  await serve(t, gateway, 800);
  assert.ok((await dropped(gateway)) > 300);
  gateway.child.kill('SIGTERM');
  assert.equal(await gateway.ended, 0, 'nor does it hold up the end');
});

test('F183: a reader of the access log that does not read costs lines, which are counted, and no request', async (t) => {
  const folder = createConfigFolder(t);
  const pipe = join(folder.path, 'pipe');
  execFileSync('mkfifo', [pipe]);
  // Open for both: the writer finds a reader, who never reads.
  const unread = descriptor(t, pipe, constants.O_RDWR);
  const gateway = await startGatewayProcess(t, answering, { stdout: unread });
  const before = gateway.resident().now;
  await serve(t, gateway, 800);
  assert.ok((await dropped(gateway)) > 300);
  const grown = gateway.resident().now - before;
  assert.ok(grown < 48 * 1024 * 1024, `${grown} octets more than before`);
  gateway.child.kill('SIGTERM');
  assert.equal(await gateway.ended, 0, 'nor does it hold up the end');
});

test('F183: a reader of the access log that goes away costs lines, which are counted, and no request', async (t) => {
  const gateway = await startGatewayProcess(t, answering);
  await serve(t, gateway, 10);
  await eventually(() => gateway.out.split('\n').length === 11, 'ten lines are there');
  gateway.child.stdout?.destroy();
  await serve(t, gateway, 500);
  await eventually(async () => (await dropped(gateway)) >= 490, 'the others are counted');
  gateway.child.kill('SIGTERM');
  assert.equal(await gateway.ended, 0);
});

test('F183: lines of the access log stay whole over a reload', async (t) => {
  const gateway = await startGatewayProcess(t, answering);
  const requests = serve(t, gateway, 600);
  for (let i = 0; i < 3; i++) {
    gateway.folder.write('waygate.json', {
      listen: { host: '127.0.0.1', port: 0 },
      admin: { port: 0 },
      ...answering,
      via: `waygate${i}`,
    });
    gateway.child.kill('SIGHUP');
    await eventually(
      async () => (await gateway.metric('waygate_config_reloads_total', { result: 'ok' })) > i,
      'it is loaded',
    );
  }
  await requests;
  gateway.child.kill('SIGTERM');
  assert.equal(await gateway.ended, 0);
  const lines = gateway.out.trimEnd().split('\n');
  assert.equal(lines.length, 600);
  for (const line of lines) assert.equal(typeof JSON.parse(line), 'object');
});
