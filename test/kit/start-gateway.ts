import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import type { Logger } from '../../src/core/logger.ts';
import { createGatewayWith } from '../../src/gateway/gateway.ts';
import type { Gateway, GatewayOptions } from '../../src/gateway/gateway-options.ts';
import { usualWorkers, type WorkerSettings } from '../../src/gateway/workers/worker-settings.ts';
import type { AccessRecord } from '../../src/observe/access-log.ts';
import { eventually } from './eventually.ts';
import { onFinish } from './finish.ts';
import { watchProcess } from './process-watch.ts';

/** One line of the operational log. */
export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A gateway for a test, and what it said. */
export interface TestGateway {
  readonly gateway: Gateway;
  /** The port of the first listener, on 127.0.0.1. */
  readonly port: number;
  /** Records of the access log so far. */
  readonly records: readonly AccessRecord[];
  /** The operational log so far. */
  readonly lines: readonly LoggedLine[];
  /** The how-many-th record of the access log (from 0), once it is there. */
  record(index: number): Promise<AccessRecord>;
  /** The value of a metric: the sum over the lines of that name whose labels contain all of these. */
  metric(name: string, labels?: Readonly<Record<string, string>>): number;
}

/** What a test may say about its gateway beyond the configuration. */
export interface TestGatewayOptions extends Omit<GatewayOptions, 'config' | 'accessLog' | 'logger'> {
  /**
   * Whether the test means to provoke a line of level `error` in the operational log. Without it such a line is a
   * failure: it says that something went wrong that must not.
   */
  readonly expectErrors?: boolean;
  /** How threads behave, where the gateway has several. */
  readonly workers?: WorkerSettings;
}

/**
 * What a test has instead of the gateway's defaults: a free port, and no shedding of load, since here clients, gateway and
 * targets share one event loop with whatever else the machine is doing.
 */
export const testDefaults = {
  listen: { host: '127.0.0.1', port: 0 },
  overload: { eventLoopDelay: 0, memory: 0 },
} as const;

/**
 * Starts a gateway on a free port of 127.0.0.1, with one catch-all route to `target` unless the configuration has
 * routes of its own. When the test ends it is closed, and has to have left nothing behind: no exchange, no
 * connection, no unhandled rejection (the general rules of HARDENING).
 *
 * @param config as in a file; what is left out has the gateway's defaults.
 */
export async function startGateway(
  t: TestContext,
  config: ConfigInput,
  options: TestGatewayOptions = {},
): Promise<TestGateway> {
  watchProcess(t);
  const { expectErrors = false, workers = usualWorkers, ...gatewayOptions } = options;
  const records: AccessRecord[] = [];
  const lines: LoggedLine[] = [];
  const gateway = await createGatewayWith(
    {
      ...gatewayOptions,
      config: { ...testDefaults, ...config },
      accessLog: (record) => void records.push(record),
      logger: collect(lines),
    },
    workers,
  );
  onFinish(t, 'gateways', async () => {
    // Clients are gone by now; what they left has to end by itself before the gateway is told to.
    await eventually(
      () => gateway.stats.inFlight === 0 && gateway.stats.clientConnections === 0,
      () => `exchanges and connections end with their clients: ${JSON.stringify(gateway.stats)}`,
    );
    await gateway.close();
    assert.deepEqual(gateway.stats, { clientConnections: 0, targetConnections: 0, inFlight: 0 });
    for (const record of records) assertWellFormed(record);
    if (!expectErrors)
      assert.deepEqual(
        lines.filter(({ level }) => level === 'error'),
        [],
      );
  });
  const [address] = gateway.addresses;
  if (address === undefined) throw new Error('The gateway listens nowhere.');
  return {
    gateway,
    port: address.port,
    records,
    lines,
    record: async (index) => {
      await eventually(
        () => records.length > index,
        () => `record ${index} of the access log; it has ${records.length}`,
      );
      const record = records[index];
      if (record === undefined) throw new Error(`No record ${index}`);
      return record;
    },
    metric: (name, labels = {}) => sumMetric(gateway.metrics(), name, labels),
  };
}

/** The configuration of one catch-all route to this target. */
export function routeTo(target: { readonly url: string }, config: Partial<ConfigInput> = {}): ConfigInput {
  return { upstreams: { service: target.url }, routes: [{ path: '/', upstream: 'service' }], ...config };
}

function collect(lines: LoggedLine[]): Logger {
  const at =
    (level: LoggedLine['level']) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void => {
      lines.push({ level, message, fields });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** What holds for every record of the access log, whatever a client or a target did. */
function assertWellFormed(record: AccessRecord): void {
  const { status, duration, requestBytes, responseBytes, attempts, clientIp } = record;
  const words = JSON.stringify(record);
  assert.ok(Number.isInteger(status) && (status === 0 || (status >= 100 && status < 600)), words);
  for (const amount of [duration, requestBytes, responseBytes, attempts]) assert.ok(amount >= 0, words);
  assert.notEqual(clientIp, '', words);
}

/** The value of a metric in a text for Prometheus: the sum over the lines of that name whose labels contain all of these. */
export function sumMetric(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const match = /^([a-z_]+)(?:\{(.*)\})? ([-+0-9.eInfNa]+)$/i.exec(line);
    if (match?.[1] !== name) continue;
    const found = match[2] ?? '';
    const wanted = Object.entries(labels).every(([label, value]) => found.includes(`${label}="${value}"`));
    if (wanted) sum += Number(match[3]);
  }
  return sum;
}
