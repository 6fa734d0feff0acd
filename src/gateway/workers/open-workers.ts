import module from 'node:module';
import { dirname } from 'node:path';
import type { Finding } from '../../config/finding.ts';
import type { Logger } from '../../core/logger.ts';
import { systemRandom } from '../../core/random.ts';
import type { GatewayMetrics } from '../../observe/gateway-metrics.ts';
import type { MetricsRegistry } from '../../observe/metrics.ts';
import { releaseLocksOf } from '../../store/limits/bucket-locks.ts';
import { openLimitMemory } from '../../store/limits/limit-memory.ts';
import { releaseSlotsOf } from '../../store/slots/local-slots.ts';
import { callAccessLog, standardOutput } from '../access-sink.ts';
import { newInstance } from '../gateway-core.ts';
import type { GatewayOptions } from '../gateway-options.ts';
import { LineFunnel } from './line-funnel.ts';
import type { Delivery } from './protocol.ts';
import { WorkerPool } from './worker-pool.ts';
import { usualWorkers, type WorkerSettings } from './worker-settings.ts';
import { WorkerThread } from './worker-thread.ts';

/** What the threads of a gateway report to. */
interface Surroundings {
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
  readonly registry: MetricsRegistry;
  /** Where all of them count requests against limits. */
  readonly limits: SharedArrayBuffer;
  /** Where all of them count what is under way. */
  readonly slots: SharedArrayBuffer;
}

/**
 * Several threads to serve, none of them started yet.
 * @returns what stands against it; `alone` where this system does not let them share a port.
 */
export async function openWorkers(
  threads: number,
  options: GatewayOptions,
  settings: WorkerSettings,
  { logger, metrics, registry, limits, slots }: Surroundings,
): Promise<{ readonly pool: WorkerPool } | { readonly findings: readonly Finding[] } | 'alone'> {
  const findings = codeThatStays(options, settings);
  if (findings.length > 0) return { findings };
  if (!(await settings.sharesPorts())) {
    logger.warn({ workers: threads }, 'this system does not let threads share a port: one thread serves');
    return 'alone';
  }
  const funnel = new LineFunnel();
  const onDelivery = (id: number, delivery: Delivery, taken: (code: string | undefined) => void): void => {
    if (delivery.kind === 'lines') {
      funnel.write(delivery.octets, taken);
      return;
    }
    if (delivery.kind === 'log')
      for (const { level, fields, message } of delivery.entries)
        logger[level]({ ...fields, worker: id }, message);
    else for (const record of delivery.records) callAccessLog(options.accessLog ?? false, record, logger);
    taken(undefined);
  };
  const shared = {
    instance: newInstance(systemRandom),
    accessLog: accessLogForm(options),
    output: standardOutput(),
    compileCache: compileCache(),
  };
  const { locks } = openLimitMemory(limits);
  // This thread counts nothing itself, and gives back what threads had that are gone.
  const ourselves = 1;
  let owners = ourselves;
  const startThread = (id: number): WorkerThread => {
    const owner = ++owners;
    const thread = new WorkerThread({
      program: settings.program,
      data: { id, limits: { memory: limits, slots, owner }, ...shared },
      registry,
      onDelivery: (delivery, taken) => onDelivery(id, delivery, taken),
    });
    void thread.ended.then(() => {
      releaseLocksOf(locks, owner);
      releaseSlotsOf(slots, owner, ourselves);
    });
    return thread;
  };
  const onClose = (): Promise<void> => funnel.close();
  return { pool: new WorkerPool({ settings, logger, metrics, registry, startThread, onClose }, threads) };
}

function accessLogForm({ accessLog }: GatewayOptions): 'lines' | 'records' | 'off' {
  if (accessLog === undefined) return 'lines';
  return accessLog === false ? 'off' : 'records';
}

/** The directory that was given to Node, which adds one for its own version to it. */
function compileCache(): string | undefined {
  const directory = module.getCompileCacheDir();
  return directory === undefined ? undefined : dirname(directory);
}

/** Code cannot be handed to another thread. A program of the threads' own brings what it needs. */
function codeThatStays(options: GatewayOptions, settings: WorkerSettings): Finding[] {
  if (settings.program !== usualWorkers.program) return [];
  const { policies = [], clock, random, gauges } = options;
  const given = Object.entries({ policies: policies[0], clock, random, gauges })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
  if (given.length === 0) return [];
  const names = given.join(', ');
  return [
    {
      path: ['workers'],
      found: `this gateway was made with ${names} of its own, which are code and cannot be handed to other threads`,
      remedy: `leave workers out, or make the gateway without ${names}${given.includes('policies') ? '; policyModules names policies that every thread can import' : ''}`,
    },
  ];
}
