import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../core/clock.ts';
import type { PolicyDefinition } from '../../core/policy.ts';
import { systemRandom } from '../../core/random.ts';
import { createGatewayMetrics } from '../../observe/gateway-metrics.ts';
import { MetricsRegistry } from '../../observe/metrics.ts';
import { SharedSlots } from '../../observe/shared-slots.ts';
import { policiesWith } from '../built-in-policies.ts';
import { loadMaterial } from '../config-source.ts';
import { DataPlane } from '../data-plane.ts';
import { processGauges } from '../overload.ts';
import type { Preparation } from '../serving.ts';
import { configVersion } from '../snapshot.ts';
import { version } from '../version.ts';
import { createHandedOverLog } from './handed-over-log.ts';
import { Outbox } from './outbox.ts';
import type { Answer, FromThread, PrepareRequest, Request, ThreadData, ToThread } from './protocol.ts';
import { errorData } from './protocol.ts';
import { createThreadLogger, type ThreadLogger } from './thread-logger.ts';

/** Milliseconds between two signs of life; what only this thread can measure is noted at the same time. */
const pulseInterval = 500;

/**
 * Serves in this thread, as the main thread says.
 * @param policies beyond the built-in ones.
 */
export function runThread(policies: readonly PolicyDefinition[] = []): void {
  if (parentPort === null) throw new Error('This program is started as a thread of a gateway.');
  const thread = new ServingThread(parentPort, workerData as ThreadData, policies);
  thread.start();
}

class ServingThread {
  readonly #port: MessagePort;
  readonly #data: ThreadData;
  /** Those beyond the built-in ones that this program was made with. */
  readonly #given: readonly PolicyDefinition[];
  readonly #policies: readonly PolicyDefinition[];
  readonly #outbox: Outbox;
  readonly #logger: ThreadLogger;
  readonly #registry: MetricsRegistry;
  readonly #plane: DataPlane;
  #prepared: (Preparation & { readonly ok: true }) | undefined;
  /** Requests are worked on one after the other, except for those that end the thread. */
  #working: Promise<unknown> = Promise.resolve();

  constructor(port: MessagePort, data: ThreadData, given: readonly PolicyDefinition[]) {
    this.#port = port;
    this.#data = data;
    this.#given = given;
    const policies = policiesWith(given);
    this.#policies = policies;
    this.#outbox = new Outbox(port);
    this.#logger = createThreadLogger(this.#outbox);
    this.#registry = new MetricsRegistry(new SharedSlots(data.news));
    const accessLog = createHandedOverLog(data, this.#outbox);
    const metrics = createGatewayMetrics(this.#registry, {
      version,
      accessLogDropped: () => accessLog.dropped,
      targetConnections: () => this.#plane.stats.targetConnections,
    });
    this.#plane = new DataPlane({
      clock: systemClock,
      random: systemRandom,
      logger: this.#logger,
      metrics,
      policies,
      gauges: processGauges(),
      accessLog,
      limits: data.limits,
      among: { instance: data.instance },
    });
  }

  /** From now on it does what it is asked, and shows that it lives. */
  start(): void {
    this.#port.on('message', (message: ToThread) => {
      if (message.to === 'taken') this.#outbox.taken(message.id, message.code);
      else this.#onRequest(message.id, message.request);
    });
    const pulse = new Float64Array(this.#data.pulse);
    const beat = (): void => {
      (pulse[0] as number) += 1;
      this.#registry.takeSamples();
    };
    beat();
    setInterval(beat, pulseInterval);
  }

  #onRequest(id: number, request: Request): void {
    if (request.kind === 'drain' || request.kind === 'close') void this.#end(id, request);
    // Nobody waits with it for a configuration.
    else if (request.kind === 'purge') void this.#purge(id, request);
    else this.#working = this.#working.then(async () => this.#answer(id, await this.#do(request)));
  }

  async #do(request: Exclude<Request, { kind: 'drain' | 'close' | 'purge' }>): Promise<Answer> {
    if (request.kind === 'prepare') return this.#prepare(request);
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (request.kind === 'abort') prepared?.abort();
    else await prepared?.commit();
    return { kind: 'done' };
  }

  async #prepare({ version: wanted, material, threads, ports }: PrepareRequest): Promise<Answer> {
    try {
      const loaded = await loadMaterial(material, {
        policies: this.#policies,
        withPolicies: (own) => policiesWith([...this.#given, ...own]),
      });
      if (!loaded.ok) return { kind: 'wrong', findings: loaded.mistakes };
      if (configVersion(loaded.config) !== wanted) return { kind: 'wrong', findings: [this.#otherVersion] };
      const prepared = await this.#plane.prepare({ loaded, version: wanted }, { threads, ports });
      if (!prepared.ok) return { kind: 'wrong', findings: prepared.findings };
      this.#prepared = prepared;
      return { kind: 'ready', addresses: prepared.addresses };
    } catch (error) {
      return { kind: 'failed', error: errorData(error) };
    }
  }

  async #purge(id: number, { purge, everywhere }: Request & { readonly kind: 'purge' }): Promise<void> {
    try {
      this.#answer(id, { kind: 'purged', outcome: await this.#plane.purge(purge, everywhere) });
    } catch (error) {
      this.#answer(id, { kind: 'failed', error: errorData(error) });
    }
  }

  get #otherVersion() {
    return {
      path: [],
      found: `worker ${this.#data.id} makes another configuration of it than the others`,
      remedy: 'leave out what is made up anew each time',
    };
  }

  async #end(id: number, request: Request & { readonly kind: 'drain' | 'close' }): Promise<void> {
    if (request.kind === 'drain') await this.#plane.drain(request.accept);
    await this.#plane.close();
    await this.#logger.whenIdle(1000);
    this.#registry.takeSamples();
    this.#answer(id, { kind: 'done' });
    process.exit(0);
  }

  #answer(id: number, answer: Answer): void {
    const message: FromThread = { from: 'answer', id, answer };
    this.#port.postMessage(message);
  }
}
