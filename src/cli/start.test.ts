import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { eventually } from '../../test/kit/eventually.ts';
import { listen } from '../../test/kit/listen.ts';
import { freePorts } from '../../test/kit/running-program.ts';
import { startCommand, type StartedCommand, waygate, workFolder } from '../../test/kit/waygate-command.ts';

const answers = (status: number): string => `
listen: 127.0.0.1:0
admin: { port: 0 }
drain: { accept: 0s, timeout: 20s }
routes:
  - path: /
    policies: [{ respond: { status: ${status} } }]
`;

interface Started extends StartedCommand {
  readonly folder: string;
  readonly url: string;
  readonly admin: string;
}

async function start(t: TestContext, config = answers(204)): Promise<Started> {
  const folder = workFolder(t, { 'waygate.yaml': config });
  const command = startCommand(t, folder);
  const { listen: addresses, admin } = await command.logged('started');
  assert.ok(Array.isArray(addresses));
  return { ...command, folder, url: String(addresses[0]), admin: String(admin) };
}

const status = async (url: string): Promise<number> => (await fetch(url)).status;

/** A gateway with one exchange under way, which ends when the test says so. */
async function startWithExchange(
  t: TestContext,
): Promise<Started & { readonly answer: () => void; readonly answered: Promise<number | string> }> {
  const target = createServer();
  const { port } = await listen(target);
  t.after(() => {
    target.closeAllConnections();
    target.close();
  });
  const arrived = once(target, 'request');
  const started = await start(
    t,
    `${answers(204)}  - { path: /slow, upstream: slow }\nupstreams: { slow: "http://127.0.0.1:${port}" }\n`,
  );
  const answered = new Promise<number | string>((resolve) => {
    request(`${started.url}/slow`, (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    })
      .on('error', () => {
        resolve('broken off');
      })
      .end();
  });
  const [, response] = (await arrived) as [unknown, ServerResponse];
  return { ...started, answered, answer: () => void response.end('done') };
}

describe('waygate start in a pipe', () => {
  test('says in one line of JSON where it listens', async (t) => {
    const { logged, url, admin, out } = await start(t);
    const line = await logged('started');
    assert.equal(line['level'], 'info');
    assert.equal(line['file'], 'waygate.yaml');
    assert.equal(line['routes'], 1);
    assert.equal(out(), '');
    assert.equal(await status(url), 204);
    assert.equal(await status(`${admin}/readyz`), 200);
  });

  test('writes the access log to standard output, one object a line', async (t) => {
    const { child, ended, url, out } = await start(t);
    await fetch(`${url}/a?token=canary`);
    await fetch(`${url}/b`);
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
    const lines = out()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { path: string });
    assert.deepEqual(
      lines.map(({ path }) => path),
      ['/a', '/b'],
    );
    assert.doesNotMatch(out(), /canary/);
  });

  test('exits with 1 and says which port is in use', async (t) => {
    const other = createServer();
    const { port } = await listen(other);
    t.after(() => other.close());
    const folder = workFolder(t, {
      'waygate.yaml': answers(204).replace('127.0.0.1:0', `127.0.0.1:${port}`),
    });
    const { code, out, err } = await waygate(folder, ['start']);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, new RegExp(`Another program listens on 127\\.0\\.0\\.1 port ${port}`));
    assert.doesNotMatch(err, /at .*\.ts/);
  });

  test('exits with 1 and lists the mistakes of the configuration', async (t) => {
    const { code, out, err } = await waygate(workFolder(t, { 'waygate.yaml': 'listen: x\nroutes: 1\n' }), [
      'start',
    ]);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /waygate\.yaml:1:9[^]*waygate\.yaml:2:9[^]*2 mistakes/);
  });

  test('logs as much as the configuration says, once it has said that it has started', async (t) => {
    const { child, ended, url, err } = await start(t, `${answers(204)}log: { level: error }\n`);
    await fetch(url);
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
    assert.doesNotMatch(err(), /draining/);
  });
});

describe('F177 F178 a signal', () => {
  test('SIGTERM lets what is under way finish, and exits with 0', async (t) => {
    const { child, ended, logged, admin, answer, answered } = await startWithExchange(t);
    child.kill('SIGTERM');
    await logged('draining');
    assert.equal(await status(`${admin}/readyz`), 503);
    answer();
    assert.equal(await answered, 200);
    assert.equal(await ended, 0);
  });

  test('SIGINT does the same', async (t) => {
    const { child, ended, logged, answer, answered } = await startWithExchange(t);
    child.kill('SIGINT');
    await logged('draining');
    answer();
    assert.deepEqual([await answered, await ended], [200, 0]);
  });

  test('a second SIGTERM exits at once with 143, a second SIGINT with 130', async (t) => {
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
    ] as const) {
      const { child, ended, logged, answered } = await startWithExchange(t);
      child.kill('SIGTERM');
      await logged('draining');
      child.kill(signal);
      assert.equal(await ended, code);
      assert.equal(await answered, 'broken off');
    }
  });

  test('SIGHUP reads the configuration again', async (t) => {
    const { PORT: port } = await freePorts('PORT');
    const config = (code: number): string => answers(code).replace('127.0.0.1:0', `127.0.0.1:${port}`);
    const { child, folder, url, logged } = await start(t, config(204));
    assert.equal(await status(url), 204);
    writeFileSync(join(folder, 'waygate.yaml'), config(418));
    child.kill('SIGHUP');
    await logged('a new configuration serves');
    assert.equal(await status(url), 418);
  });

  test('SIGHUP changes how much is logged', async (t) => {
    const { child, folder, logged } = await start(t, `${answers(204)}log: { level: error }\n`);
    writeFileSync(join(folder, 'waygate.yaml'), `${answers(418)}log: { level: info }\n`);
    child.kill('SIGHUP');
    await logged('a new configuration serves');
  });

  test('SIGHUP with mistakes in the file changes nothing, and names them', async (t) => {
    const { child, folder, url, admin, err } = await start(t);
    writeFileSync(join(folder, 'waygate.yaml'), 'routes: nonsense\n');
    child.kill('SIGHUP');
    await eventually(
      () => err().includes('waygate.yaml:1:9'),
      () => `the mistake is logged: ${err()}`,
    );
    assert.equal(await status(url), 204);
    const metrics = await (await fetch(`${admin}/metrics`)).text();
    assert.match(metrics, /\nwaygate_config_last_reload_successful 0\n/);
  });

  test('SIGHUP while it drains does not stop the drain', async (t) => {
    const { child, ended, logged, answer, answered } = await startWithExchange(t);
    child.kill('SIGTERM');
    await logged('draining');
    child.kill('SIGHUP');
    answer();
    assert.deepEqual([await answered, await ended], [200, 0]);
  });

  test('SIGUSR2 and SIGPIPE are ignored', async (t) => {
    const { child, url } = await start(t);
    for (const signal of ['SIGUSR2', 'SIGPIPE', 'SIGUSR2'] as const) {
      child.kill(signal);
      assert.equal(await status(url), 204);
    }
  });

  test('a reader of the logs that goes away costs the lines only', async (t) => {
    const { child, ended, url } = await start(t);
    child.stdout?.destroy();
    child.stderr?.destroy();
    for (let i = 0; i < 20; i++) assert.equal(await status(url), 204);
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
  });
});

test('docs/operating.md names every signal that has a listener', () => {
  const page = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
  const source = readFileSync(new URL('./commands/start.ts', import.meta.url), 'utf8');
  const signals = new Set([...source.matchAll(/'(SIG[A-Z0-9]+)'/g)].map((match) => match[1] ?? ''));
  assert.ok(signals.size >= 4);
  for (const signal of signals) assert.match(page, new RegExp(`\\| .*${signal}.* \\|`));
});
