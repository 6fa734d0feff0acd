import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { PassThrough } from 'node:stream';

/** How a command ended. */
export interface CommandResult {
  /** The exit code, or the name of the signal that ended it. */
  readonly exitCode: number | string;
  /** Standard output and standard error, as they came. */
  readonly output: string;
  readonly seconds: number;
}

/**
 * Runs a command of this project to its end, with the programs of `node_modules` on the path.
 * @param minutes after which it is ended.
 */
export async function runCommand(
  [program, ...args]: readonly [program: string, ...args: string[]],
  minutes: number,
): Promise<CommandResult> {
  const started = performance.now();
  const bin = join(import.meta.dirname, '../node_modules/.bin');
  const child = spawn(program, args, {
    cwd: join(import.meta.dirname, '..'),
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: minutes * 60_000,
  });
  const both = new PassThrough();
  child.stdout.pipe(both, { end: false });
  child.stderr.pipe(both, { end: false });
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      both.end();
      resolve(code ?? signal ?? 'no exit code');
    });
  });
  const [exitCode, output] = await Promise.all([ended, text(both)]);
  return { exitCode, output, seconds: Math.round((performance.now() - started) / 100) / 10 };
}
