import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program that the shop consists of. */
export interface Program {
  /** What its lines of output are marked with. */
  readonly name: string;
  /** The arguments of `node`. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The URL that answers 200 as soon as the program is ready. */
  readonly readyUrl: string;
}

/** A program that runs. */
export interface RunningProgram {
  readonly name: string;
  /** Resolves when it has ended, with how: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /** Resolves when the program is ready; rejects when it ends before. */
  ready(): Promise<void>;
  /** Ends it, by force when it takes longer than 10 seconds, and resolves when it is gone. */
  stop(): Promise<void>;
}

/** Starts a program with the Node that runs this one. Each line that it prints is handed on. */
export function startProgram(program: Program, print: (line: string) => void): RunningProgram {
  const child = spawn(process.execPath, program.args, {
    env: { ...process.env, ...program.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C reaches only the parent, which ends the programs in the right order.
    detached: true,
  });
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  const ended = once(child, 'exit').then(([code, signal]: (number | string | null)[]) =>
    code === null ? String(signal) : `exit code ${code}`,
  );
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', print);

  return {
    name: program.name,
    ended,
    async ready() {
      while (isRunning() && !(await answers(program.readyUrl))) await sleep(50);
      if (!isRunning()) throw new Error(`${program.name} did not start (${await ended})`);
    },
    async stop() {
      if (!isRunning()) return;
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(force);
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
