import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { beforeDeadline, eventually } from '../../test/kit/eventually.ts';
import { exitOf } from '../../test/kit/waygate-command.ts';

const from = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

/** A program that writes so many lines of 1 KiB to standard output, reports how many were dropped, and ends. */
function program(lines: number): string {
  return `
    import { LineWriter } from ${from('./line-writer.ts')};
    import { standardDestination } from ${from('./standard-destination.ts')};
    const writer = new LineWriter({ ...standardDestination(1), delay: 100 });
    for (let i = 0; i < ${lines}; i++) writer.write('x'.repeat(1023) + '\\n');
    await writer.close();
    process.stderr.write(String(writer.dropped));
    process.exit(0);
  `;
}

/** Node gives a child sockets for pipes; `cat` between them makes it a real pipe, as a shell does. */
function run(lines: number, stdout: 'socket' | number): ChildProcess {
  const args = ['--input-type=module-typescript', '-e', program(lines)];
  return spawn(process.execPath, args, { stdio: ['ignore', stdout === 'socket' ? 'pipe' : stdout, 'pipe'] });
}

/** Runs the program in front of a shell's pipe, and resolves with what it says on standard error. */
async function runInPipe(lines: number, reader: string): Promise<{ output: string; errors: string }> {
  const child = spawn('sh', [
    '-c',
    `"$0" --input-type=module-typescript -e "$1" | ${reader}`,
    process.execPath,
    program(lines),
  ]);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { output, errors };
}

describe('F183 standard output that is', () => {
  test('a pipe gets every line', async () => {
    const { output, errors } = await runInPipe(800, 'cat');
    assert.deepEqual([output.length, errors], [800 * 1024, '0']);
  });

  test('a pipe that nobody reads does not keep the process from ending', async () => {
    const script = `("$0" --input-type=module-typescript -e "$1"; echo " exited" >&2) | sleep 60`;
    const child = spawn('sh', ['-c', script, process.execPath, program(800)], { detached: true });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
    try {
      await eventually(() => errors.includes(' exited'), 'the process ends though its reader sleeps', 20_000);
      assert.match(errors, /^[1-9]\d* exited/);
    } finally {
      // The whole group, of which the sleeping reader is one.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }
  });

  test('a pipe whose reader is gone costs the lines only', async () => {
    const { errors } = await runInPipe(800, 'true');
    assert.ok(Number(errors) > 0, errors);
  });

  test('a socket gets every line', async () => {
    const child = run(800, 'socket');
    assert.ok(child.stdout !== null && child.stderr !== null);
    const [output, dropped] = await Promise.all([text(child.stdout), text(child.stderr)]);
    assert.deepEqual([output.length, dropped], [800 * 1024, '0']);
  });

  test('a socket that nobody reads does not keep the process from ending', async () => {
    const child = run(800, 'socket');
    assert.ok(child.stderr !== null);
    const dropped = text(child.stderr);
    try {
      const code = await beforeDeadline(exitOf(child), () => 'the process ends', 20_000);
      assert.equal(code, 0);
      assert.ok(Number(await dropped) > 0);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('a socket whose reader is gone costs the lines only', async () => {
    const child = run(800, 'socket');
    assert.ok(child.stdout !== null && child.stderr !== null);
    child.stdout.destroy();
    const dropped = text(child.stderr);
    const code = await exitOf(child);
    assert.equal(code, 0);
    assert.ok(Number(await dropped) > 0);
  });

  test('a file gets every line, behind what is in it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'waygate-log-'));
    try {
      const file = join(folder, 'access.log');
      for (const expected of [100, 200]) {
        const child = run(100, openSync(file, 'a'));
        const code = await exitOf(child);
        assert.equal(code, 0);
        assert.equal(readFileSync(file, 'utf8').length, expected * 1024);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test(
    'a full disk costs the lines only',
    { skip: process.platform !== 'linux' && 'needs /dev/full' },
    async () => {
      const child = run(800, openSync('/dev/full', 'w'));
      assert.ok(child.stderr !== null);
      const dropped = text(child.stderr);
      const code = await exitOf(child);
      assert.deepEqual([code, await dropped], [0, '800']);
    },
  );
});

test('opening and closing it a hundred times leaves nothing open', async () => {
  const script = `
    import { readdirSync } from 'node:fs';
    import { createAccessLog } from ${from('./access-log.ts')};
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    for (let i = 0; i < 100; i++) await createAccessLog({ format: 'json', query: false, color: false }).close();
    process.exitCode = open() > before ? 3 : 0;
  `;
  const args = ['--input-type=module-typescript', '-e', script];
  for (const [command, ...rest] of [
    [process.execPath, ...args],
    ['sh', '-c', '("$0" "$@" || echo leak >&2) | cat', process.execPath, ...args],
  ] as const) {
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    const errors = text(child.stderr);
    const code = await exitOf(child);
    assert.deepEqual([code, await errors], [0, '']);
  }
});
