import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { eventually } from './eventually.ts';
import { type Ending, onFinish } from './finish.ts';
import { findProgram } from './needs.ts';

/** A real Redis on 127.0.0.1, in a process of its own, that keeps nothing. */
export class RedisServer {
  readonly port: number;
  /** What it was started with beyond what all are. */
  readonly #options: readonly string[];
  readonly #folder: string;
  /** A configuration file, which a sentinel writes to itself. */
  readonly #file: string | undefined;
  #child: ChildProcess | undefined;

  /** Use {@link startRedis}. */
  constructor(port: number, options: readonly string[], file?: string) {
    this.port = port;
    this.#file = file;
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), 'waygate-redis-'));
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, on the same port each time, and empty. Resolves when it answers. */
  async start(): Promise<void> {
    const program = findProgram('redis-server');
    if (program === undefined) throw new Error('there is no redis-server');
    const common = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', this.#folder];
    const own = this.#file === undefined ? common : ['--bind', '127.0.0.1', '--dir', this.#folder];
    const file = this.#file === undefined ? [] : [this.#file];
    const child = spawn(program, [...file, '--port', String(this.port), ...own, ...this.#options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    let log = '';
    child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
    await eventually(
      () => {
        if (child.exitCode !== null) throw new Error('it ended');
        return /Ready to accept connections|Sentinel ID is/.test(log);
      },
      () => `redis-server is ready: ${log.slice(-2000)}`,
    );
  }

  /** Stops it as a black hole does: connections stay, and nothing is answered; or lets it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(name);
  }

  /** Ends it as a power cut does. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    // One that is stopped ends as well.
    child.kill('SIGKILL');
    await ended;
  }

  /** Asks it something on a connection of its own. */
  async ask(...args: string[]): Promise<unknown> {
    return askRedis(this.port, args);
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Asks whatever listens on the port something. @throws what it answers with when that is an error. */
export async function askRedis(
  port: number,
  args: readonly string[],
  login: { readonly username?: string; readonly password?: string } = {},
): Promise<unknown> {
  const client = createClient({
    RESP: 2,
    ...login,
    socket: { host: '127.0.0.1', port, reconnectStrategy: false },
    disableClientInfo: true,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await client.sendCommand(args);
  } finally {
    client.destroy();
  }
}

/** Starts a Redis that ends with the test. @param options as on its command line: `['--requirepass', 'secret']`. */
export async function startRedis(t: Ending, options: readonly string[] = []): Promise<RedisServer> {
  const server = new RedisServer(await freePort(), options);
  onFinish(t, 'targets', () => server.close());
  await server.start();
  return server;
}

/** A port that nobody listens on; somebody else might take it, but not soon. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
