import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { listen } from './listen.ts';

/** A program of this project, started as a user would start it. */
export interface RunningProgram {
  /** Everything that it has printed so far, errors included. */
  output(): string;
  /** Waits until it has printed something. */
  printed(text: string | RegExp): Promise<void>;
  /** The exit code, once it has ended; the name of the signal when one ended it. */
  readonly ended: Promise<number | string>;
  /** Sends a signal, and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<number | string>;
  /** Writes a line to its standard input. */
  say(line: string): void;
}

const root = join(import.meta.dirname, '../..');

/** Starts a TypeScript file of this project with Node, at the project's root. The caller ends it. */
export function startProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningProgram {
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const ended = once(child, 'close').then(([code, signal]: unknown[]) =>
    typeof code === 'number' ? code : String(signal),
  );
  return {
    output: () => output,
    printed: (text) =>
      eventually(
        () => (typeof text === 'string' ? output.includes(text) : text.test(output)),
        () => `${args.join(' ')} prints ${String(text)}, but it printed\n${output}`,
        30_000,
      ),
    ended,
    end(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
    say: (line) => child.stdin.write(`${line}\n`),
  };
}

/** A free port for each environment variable. All are held at once, so that they differ. */
export async function freePorts<Variable extends string>(
  ...variables: readonly Variable[]
): Promise<Record<Variable, string>> {
  const ports = new Map<Variable, string>();
  const servers = variables.map(() => createServer());
  for (const [index, server] of servers.entries()) {
    const variable = variables[index];
    const { port } = await listen(server);
    if (variable !== undefined) ports.set(variable, String(port));
  }
  for (const server of servers) server.close();
  return Object.fromEntries(ports) as Record<Variable, string>;
}
