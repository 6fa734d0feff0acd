import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { eventually } from './eventually.ts';

const main = join(import.meta.dirname, '../../src/cli/main.ts');

/** What a command did. */
export interface CommandResult {
  /** The exit code, or the name of the signal that ended it. */
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

/** A folder of its own for a test, with these files in it; gone when the test ends. */
export function workFolder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'waygate-cli-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

/** Runs the command `waygate` as a user would, in a pipe. */
export async function waygate(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const child = spawnWaygate(folder, args, env);
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exitOf(child)]);
  return { code, out, err };
}

/** How a process ends: its exit code, or the name of the signal that ended it. */
export async function exitOf(child: ChildProcess): Promise<number | string> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return code ?? String(signal);
}

/** A gateway that was started with `waygate start`. */
export interface StartedCommand {
  readonly child: ChildProcess;
  /** Standard output and standard error so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Waits for a line of the operational log with this message, and gives its fields. */
  readonly logged: (message: string) => Promise<Readonly<Record<string, unknown>>>;
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** Starts `waygate start` in a pipe; killed when the test ends, if it has not ended by then. */
export function startCommand(
  t: TestContext,
  folder: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): StartedCommand {
  const child = spawnWaygate(folder, ['start', ...args], env);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  const ended = exitOf(child);
  t.after(() => child.kill('SIGKILL'));
  return { child, out: () => out, err: () => err, ended, logged: (message) => lineWith(message, () => err) };
}

async function lineWith(message: string, err: () => string): Promise<Readonly<Record<string, unknown>>> {
  const find = (): Readonly<Record<string, unknown>> | undefined =>
    err()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
      .find((fields) => fields['message'] === message);
  await eventually(
    () => find() !== undefined,
    () => `the log says ${JSON.stringify(message)}; it says\n${err()}`,
    20_000,
  );
  return find() ?? {};
}

function spawnWaygate(folder: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  // The test runner's own colours and reporters are none of the command's business.
  const {
    FORCE_COLOR: _,
    NO_COLOR: __,
    NODE_OPTIONS: ___,
    NODE_TEST_CONTEXT: ____,
    ...inherited
  } = process.env;
  return spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
