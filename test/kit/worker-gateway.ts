import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { usualWorkers, type WorkerSettings } from '../../src/gateway/workers/worker-settings.ts';
import { eventually } from './eventually.ts';
import { faultPolicy } from './fault-policy.ts';
import { connectClient, openClient, type RawClient } from './raw-client.ts';
import { startGateway, type TestGateway, type TestGatewayOptions } from './start-gateway.ts';

/** How the threads of tests behave: as in production, but for a policy that makes mistakes. */
export const faultyWorkers: WorkerSettings = {
  ...usualWorkers,
  program: new URL('./faulty-thread.ts', import.meta.url),
};

/** A request, and nothing else. */
export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: gw.test\r\n\r\n`;
}

/** A configuration that answers everything itself, says which thread it was, and does what `/fault/…` asks for. */
export function answering(
  fault: Readonly<Record<string, unknown>> = {},
  config: Partial<ConfigInput> = {},
): ConfigInput {
  return {
    workers: 2,
    policies: [{ fault }],
    routes: [{ path: '/', policies: [{ respond: { body: 'OK' } }] }],
    ...config,
  };
}

/** Starts a gateway with threads that can be made to fail. */
export function startWorkers(
  t: TestContext,
  config: ConfigInput,
  {
    workers,
    ...options
  }: Omit<TestGatewayOptions, 'workers'> & { readonly workers?: Partial<WorkerSettings> } = {},
): Promise<TestGateway> {
  return startGateway(t, config, {
    ...options,
    policies: [faultPolicy],
    workers: { ...faultyWorkers, ...workers },
  });
}

/** A connection to this thread: connections are made until the system gives one of them to it. */
export async function connectToWorker(t: TestContext, port: number, worker: number): Promise<RawClient> {
  for (let attempts = 0; attempts < 200; attempts++) {
    const client = await connectClient(t, port);
    // One in the queue of a thread that has just died is reset.
    if ((await workerOf(client).catch(() => undefined)) === worker) return client;
    client.destroy();
  }
  throw new Error(`No connection came to worker ${worker}.`);
}

/** Which thread a connection is with. */
export async function workerOf(client: RawClient): Promise<number> {
  await client.send(get('/which'));
  return Number((await client.response()).header('x-worker'));
}

/** Waits until this many threads serve. */
export function whenServing({ gateway, lines }: TestGateway, workers: number): Promise<void> {
  return eventually(
    () => gateway.workers === workers,
    () => `${workers} workers serve, not ${gateway.workers}: ${JSON.stringify(lines.slice(-5))}`,
  );
}

/** Waits until no thread accepts connections any more. */
export function whenRefusing(port: number): Promise<void> {
  return eventually(async () => {
    try {
      (await openClient(port)).destroy();
      return false;
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
    }
  }, 'connections are refused');
}
