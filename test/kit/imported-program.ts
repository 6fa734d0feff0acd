import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parse } from 'yaml';
import type { ConfigInput } from '../../src/config/schema.ts';
import { eventually } from './eventually.ts';
import { onFinish } from './finish.ts';
import { exchangeOnce } from './raw-client.ts';
import type { RecordingTarget } from './recording-target.ts';
import { workFolder } from './waygate-command.ts';

const modules = join(import.meta.dirname, '../../node_modules');

/** A folder with a program, and these packages installed in it, by the names that this project has them under. */
export function programFolder(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  packages: Readonly<Record<string, string>> = {
    express: 'express',
    'http-proxy-middleware': 'http-proxy-middleware',
  },
): string {
  const folder = workFolder(t, files);
  mkdirSync(join(folder, 'node_modules'));
  for (const [name, from] of Object.entries(packages))
    symlinkSync(join(modules, from), join(folder, 'node_modules', name));
  return folder;
}

/** Runs a program that prints `port <number>` once it listens; it is gone when the test ends. @returns the port. */
export async function runApp(
  t: TestContext,
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...inherited } = process.env;
  const child = spawn(process.execPath, [file], { env: { ...inherited, ...env } });
  onFinish(t, 'gateways', () => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const port = (): string | undefined => /^port (\d+)$/m.exec(output)?.[1];
  await eventually(
    () => port() !== undefined,
    () => `the program listens; it said ${output}`,
    30_000,
  );
  return Number(port());
}

/** What targets and the client saw of a request. */
export interface SeenRequest {
  readonly status: number;
  readonly targets: readonly string[];
}

/** Sends a request, and says what each target saw of it: its name, the request line, Host, and these headers. */
export async function seenBy(
  t: TestContext,
  port: number,
  request: string,
  targets: Readonly<Record<string, RecordingTarget>>,
  headers: readonly string[] = [],
): Promise<SeenRequest> {
  for (const target of Object.values(targets)) target.forget();
  const { status } = await exchangeOnce(t, port, request, { to: request.slice(0, request.indexOf(' ')) });
  const seen = await Promise.all(
    Object.entries(targets).flatMap(([name, { requests }]) =>
      requests.map(async (each) => {
        await each.whole;
        const values = ['host', ...headers].map(
          (wanted) => each.headers.find(([header]) => header.toLowerCase() === wanted)?.[1] ?? '-',
        );
        return [name, each.method, each.target, ...values, each.body.toString()].join(' ').trimEnd();
      }),
    ),
  );
  return { status, targets: seen };
}

/** A configuration as it was written, to be started on any free port. */
export function parsedConfig(text: string): ConfigInput {
  // Checked when the gateway is started.
  const { listen: _, ...config } = parse(text) as ConfigInput;
  return config;
}
