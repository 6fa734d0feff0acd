import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import type { ConfigInput } from '../../src/config/schema.ts';
import { ConfigFolder } from './config-folder.ts';
import { beforeDeadline, eventually } from './eventually.ts';
import { onFinish } from './finish.ts';
import { sumMetric } from './start-gateway.ts';

const main = join(import.meta.dirname, '../../src/cli/main.ts');
const probe = join(import.meta.dirname, 'memory-probe.ts');

/** How a gateway of its own process is started. */
export interface GatewayProcessOptions {
  /** A program to start it under, such as `['prlimit', '--nofile=64:64']`. */
  readonly under?: readonly string[];
  /** The program; `src/cli/main.ts` when left out. What is published is compiled, and holds less memory. */
  readonly main?: string;
  /** Where standard output goes; kept in {@link GatewayProcess.out} unless it is a descriptor. */
  readonly stdout?: 'pipe' | number;
}

/** What a process holds, in octets: of the JavaScript heap, and outside of it, buffers among them. */
const memoryAnswer = z.object({ heap: z.number(), external: z.number() });

const started = z.object({ message: z.literal('started'), listen: z.array(z.string()), admin: z.string() });

/** `waygate start` in a process of its own, as in production. */
export class GatewayProcess {
  readonly child: ChildProcess;
  /** Where its configuration stands, in `waygate.json`. */
  readonly folder: ConfigFolder;
  /** The exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  port = 0;
  adminPort = 0;
  #out = '';
  #err = '';

  /** Use {@link openGatewayProcess}. */
  constructor(folder: ConfigFolder, options: GatewayProcessOptions) {
    const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
    const [program = process.execPath, ...rest] = options.under ?? [];
    const command = [...rest, ...(options.under === undefined ? [] : [process.execPath])];
    this.folder = folder;
    this.child = spawn(
      program,
      [
        ...command,
        '--expose-gc',
        '--import',
        probe,
        options.main ?? main,
        'start',
        folder.file('waygate.json'),
      ],
      { env, stdio: ['ignore', options.stdout ?? 'pipe', 'pipe', 'ipc'] },
    );
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#out += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#err += text));
    this.ended = once(this.child, 'close').then(([code, signal]: unknown[]) =>
      typeof code === 'number' ? code : String(signal),
    );
  }

  /** Standard output so far: the access log. */
  get out(): string {
    return this.#out;
  }

  /** Standard error so far: the operational log. */
  get err(): string {
    return this.#err;
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('The gateway was not started.');
    return this.child.pid;
  }

  /** Waits until it serves. */
  async whenStarted(): Promise<void> {
    let found: z.output<typeof started> | undefined;
    await eventually(
      () => {
        if (this.child.exitCode !== null) throw new Error('it ended');
        for (const line of this.#err.split('\n')) {
          if (!line.startsWith('{') || !line.endsWith('}')) continue;
          found ??= started.safeParse(JSON.parse(line)).data;
        }
        return found !== undefined;
      },
      () => `the gateway says that it has started; it said\n${this.#err}`,
      20_000,
    );
    this.port = Number(new URL(found?.listen[0] ?? '').port);
    this.adminPort = Number(new URL(found?.admin ?? '').port);
  }

  /** Resident memory in octets, as the system counts it: what it is now, and the most it has ever been. */
  resident(): { readonly now: number; readonly most: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'latin1');
    const [now, most] = ['VmRSS', 'VmHWM'].map((name) => {
      const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status);
      if (match?.[1] === undefined) throw new Error(`The system does not say the ${name} of a process.`);
      return Number(match[1]) * 1024;
    });
    return { now: now ?? 0, most: most ?? 0 };
  }

  /** What the process holds once everything that can be collected is, in octets. */
  async held(): Promise<z.output<typeof memoryAnswer>> {
    const answered = once(this.child, 'message');
    this.child.send('memory');
    const messages: unknown[] = await beforeDeadline(answered, () => 'the gateway to say what it holds');
    return memoryAnswer.parse(messages[0]);
  }

  /** All metrics, as Prometheus gets them. */
  async metrics(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.adminPort}/metrics`);
    return response.text();
  }

  /** The sum over the lines of that name whose labels contain all of these. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return sumMetric(await this.metrics(), name, labels);
  }

  /** Ends it in whatever state it is, and takes its folder away. */
  async close(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
    this.folder.remove();
  }
}

/**
 * Starts a gateway in a process of its own; whoever calls closes it.
 * @param config as in a file; listens on any free ports of 127.0.0.1 unless it says otherwise.
 */
export async function openGatewayProcess(
  config: ConfigInput,
  options: GatewayProcessOptions = {},
): Promise<GatewayProcess> {
  const folder = new ConfigFolder();
  folder.write('waygate.json', withPorts(config));
  const gateway = new GatewayProcess(folder, options);
  try {
    await gateway.whenStarted();
  } catch (error) {
    await gateway.close();
    throw error;
  }
  return gateway;
}

/** Starts a gateway in a process of its own; it is gone when the test ends, and must not have ended before. */
export async function startGatewayProcess(
  t: TestContext,
  config: ConfigInput,
  options: GatewayProcessOptions = {},
): Promise<GatewayProcess> {
  const gateway = await openGatewayProcess(config, options);
  onFinish(t, 'gateways', () => gateway.close());
  return gateway;
}

/** A configuration that listens on any free ports of 127.0.0.1 unless it says otherwise. */
export function withPorts(config: ConfigInput): ConfigInput {
  return { listen: { host: '127.0.0.1', port: 0 }, admin: { port: 0 }, ...config };
}
