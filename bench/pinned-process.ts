import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, closeSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withChildren } from './cpu-time.ts';
import { searchPath } from './debian.ts';
import type { Launch } from './proxy.ts';

/** A program that runs on some cores only. */
export interface PinnedProcess {
  readonly pid: number;
  /** Where its output goes. */
  readonly log: string;
  /** Undefined while it runs; otherwise how it ended. */
  ended(): string | undefined;
  stop(): Promise<void>;
}

/** Starts a program on some cores, a list as `taskset` takes it, with as many file descriptors as the system allows it. */
export function startPinned(
  cores: string,
  { command, files = {}, env = {} }: Launch,
  folder: string,
): PinnedProcess {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const log = join(folder, 'output.log');
  const output = openSync(log, 'w');
  // Only root may raise the limit; others take what they have.
  const script = `ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -H -n)"; exec taskset -c ${cores} "$@"`;
  const child = spawn('bash', ['-c', script, 'bash', ...command], {
    cwd: folder,
    env: { ...process.env, ...env, PATH: searchPath },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command[0]} could not be started`);
  const exit = once(child, 'exit');
  return {
    pid,
    log,
    ended: () => (child.exitCode === null && child.signalCode === null ? undefined : lastLines(log)),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await exit;
      clearTimeout(force);
    },
  };
}

/** The last lines of a log, for a message. */
export function lastLines(log: string): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-10).join('\n');
}

/** The memory that a process and those it started hold for themselves, in bytes: shared pages are divided among their users. */
export function memoryBytes(pid: number): number {
  let kibibytes = 0;
  for (const each of withChildren(pid)) {
    kibibytes += Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${each}/smaps_rollup`, 'utf8'))?.[1]);
  }
  return kibibytes * 1024;
}
