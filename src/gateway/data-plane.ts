import type { Config } from '../config/schema.ts';
import type { Purge } from '../core/answer-store.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { TimerWheel } from '../core/timer-wheel.ts';
import type { PolicyDefinition } from '../core/policy.ts';
import type { Random } from '../core/random.ts';
import { LocalLimits } from '../store/limits/local-limits.ts';
import { LocalSlots } from '../store/slots/local-slots.ts';
import type { AccessRecord } from '../observe/access-record.ts';
import type { GatewayMetrics } from '../observe/gateway-metrics.ts';
import { dividedLimits, share } from './divided-limits.ts';
import { GatewayCore } from './gateway-core.ts';
import type { GatewayStats } from './gateway-options.ts';
import type { ListenerAddress } from './listener.ts';
import { ClientConnections, defaultConnectionLimit, Listener } from './listener.ts';
import type { OverloadGauges, OverloadLevel } from './overload.ts';
import { OverloadMonitor } from './overload.ts';
import type { PurgeOutcome } from './purge-outcome.ts';
import type { Candidate, Preparation, Serving } from './serving.ts';
import type { Snapshot } from './snapshot.ts';
import { Receiver } from './receiver.ts';
import { SnapshotError } from './snapshot.ts';
import type { Surroundings } from './surroundings.ts';

/** Where records of exchanges go, as the configuration wants it. */
export interface AccessSink {
  log(record: AccessRecord): void;
  adopt(config: Config): void;
  /** Resolves when everything is written, or lost. */
  close(): Promise<void>;
}

/** Where requests are counted. */
export interface CountingPlace {
  /** Made by `createLimitMemory`, and the same for all threads. */
  readonly memory: SharedArrayBuffer;
  /** Made by `createSlotMemory`, and the same for all threads: where they count what is under way. */
  readonly slots: SharedArrayBuffer;
  /** Who this thread is there: a number from 1 that no other thread has or had. */
  readonly owner: number;
}

/** What serving takes. */
export interface DataPlaneOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
  readonly policies: readonly PolicyDefinition[];
  readonly gauges: OverloadGauges;
  readonly accessLog: AccessSink;
  readonly limits: CountingPlace;
  /** How other programs are reached. */
  readonly surroundings?: Surroundings | undefined;
  /** Where this is one of several threads of a gateway. */
  readonly among?: {
    /** What all of them are known by to others of their name. */
    readonly instance: string;
  };
}

/** How a thread that is one of several prepares. */
export interface Share {
  /** How many threads there are. */
  readonly threads: number;
  /** The ports that others have found, in the order of the listeners; undefined where there is none yet. */
  readonly ports: readonly (number | undefined)[];
}

/** Serves clients in this thread: listeners, connections, the current snapshot, and what outlives a snapshot. */
export class DataPlane implements Serving {
  readonly workers = { serving: 1, wanted: 1 };
  readonly #options: DataPlaneOptions;
  readonly #overload: OverloadMonitor;
  readonly #core: GatewayCore;
  readonly #connections: ClientConnections;
  #receiver: Receiver | undefined;
  #listeners: Listener[] = [];
  #overloadLevel: OverloadLevel = 'none';

  constructor(options: DataPlaneOptions) {
    const { clock, random, logger, metrics, policies, gauges, accessLog, limits, surroundings, among } =
      options;
    this.#options = options;
    this.#overload = new OverloadMonitor(gauges, (level) => {
      this.#onOverload(level);
    });
    this.#core = new GatewayCore({
      clock,
      random,
      logger,
      metrics,
      policies,
      accessLog,
      overload: this.#overload,
      limits: new LocalLimits(limits.memory, limits.owner, clock),
      slots: new LocalSlots(limits.slots, limits.owner),
      surroundings,
      ...(among === undefined ? {} : { instance: among.instance, siblings: among.instance }),
    });
    this.#connections = new ClientConnections(this.#core);
  }

  get wheel(): TimerWheel {
    return this.#core.wheel;
  }

  /** Takes in requests that come in no connection of ours. */
  get receiver(): Receiver {
    return (this.#receiver ??= new Receiver(this.#core));
  }

  get addresses(): readonly ListenerAddress[] {
    return this.#listeners.map((listener) => listener.address);
  }

  get stats(): GatewayStats {
    return {
      clientConnections: this.#connections.size,
      targetConnections: this.#core.targets.connections,
      inFlight: this.#core.inFlight,
    };
  }

  /** Everything that can fail comes first: addresses are bound before the snapshot is swapped. */
  async prepare(
    { loaded: { config, policies }, version }: Omit<Candidate, 'material'>,
    among?: Share,
  ): Promise<Preparation & { readonly addresses: readonly ListenerAddress[] }> {
    const snapshot = this.#compile(dividedLimits(config, among?.threads ?? 1), version, policies);
    if (!('routes' in snapshot)) return { ok: false, findings: snapshot.findings, addresses: [] };
    const left = [...this.#listeners];
    const added: Listener[] = [];
    const next = config.listen.map((wanted, i) => {
      const known = takeListener(left, wanted);
      if (known !== undefined) return known;
      const shared = among === undefined ? undefined : { port: among.ports[i] };
      const listener = new Listener(wanted, this.#connections, shared);
      added.push(listener);
      return listener;
    });
    // The first snapshot has to be there before a listener takes anything.
    const first = !this.#core.serves;
    if (first) this.#adopt(snapshot, among);
    const abort = (): void => {
      for (const listener of added) void listener.stop();
      if (!first) snapshot.retire();
    };
    try {
      for (const listener of added) await listener.start();
    } catch (error) {
      abort();
      throw error;
    }
    return {
      ok: true,
      addresses: next.map(({ address }) => address),
      abort,
      commit: async () => {
        if (!first) this.#adopt(snapshot, among);
        this.#listeners = next;
        for (const listener of left) listener.retire();
      },
    };
  }

  giveUp(): void {
    // Nobody waits here: what a preparation does is done in a moment.
  }

  /** @param everywhere whether other gateways are told. */
  purge(purge: Purge, everywhere = true): Promise<PurgeOutcome> {
    return this.#core.snapshot.answers.purge(purge, everywhere);
  }

  /** @param accept milliseconds for which connections are still accepted; as the configuration says when left out. */
  async drain(accept?: number): Promise<void> {
    const { drain } = this.#core.snapshot.config;
    const { logger } = this.#options;
    this.#core.draining = true;
    logger.info({ inFlight: this.#core.inFlight }, 'draining');
    await pause(accept ?? drain.accept);
    for (const listener of this.#listeners) void listener.stop();
    this.#connections.shutdown();
    // Each of them closes by itself once its answer has been read, a head that was arriving has become an exchange and
    // been answered, or its time is over.
    await Promise.all([this.#connections.whenEmpty(drain.timeout), this.#receiver?.whenEmpty(drain.timeout)]);
    const left = this.#core.inFlight;
    if (left > 0) logger.warn({ inFlight: left }, 'the time to drain is over: what is under way is cut off');
  }

  async close(): Promise<void> {
    const stopped = this.#listeners.splice(0).map((listener) => listener.stop());
    this.#connections.destroy();
    await this.#receiver?.close();
    await Promise.all(stopped);
    // A server is closed a moment before its last sockets are; exchanges end with those, and are logged.
    await this.#connections.whenEmpty(1000);
    this.#core.close();
    this.#overload.close();
    await this.#options.accessLog.close();
  }

  #compile(config: Config, version: string, policies: readonly PolicyDefinition[]): Snapshot | SnapshotError {
    try {
      return this.#core.compile(config, version, policies);
    } catch (error) {
      if (error instanceof SnapshotError) return error;
      throw error;
    }
  }

  #adopt(snapshot: Snapshot, among: Share | undefined): void {
    const { config } = snapshot;
    this.#core.adopt(snapshot);
    const { connections } = config.limits;
    this.#connections.limit =
      connections === 'auto' ? share(defaultConnectionLimit(), among?.threads ?? 1) : connections;
    this.#options.accessLog.adopt(config);
  }

  #onOverload(level: OverloadLevel): void {
    const { logger } = this.#options;
    this.#connections.closed = level === 'stop-accepting';
    if (level === 'close-idle' || level === 'stop-accepting') this.#connections.closeIdle();
    if (level === this.#overloadLevel) return;
    this.#overloadLevel = level;
    if (level === 'none') logger.info({}, 'no overload any more');
    else logger.warn({ level, reason: this.#overload.reason }, 'overload');
  }
}

/** Takes the listener out of those that are there which listens as wanted; any free port is the one it found. */
function takeListener(listeners: Listener[], wanted: Config['listen'][number]): Listener | undefined {
  const at = listeners.findIndex(
    ({ config: { host, port } }) => host === wanted.host && port === wanted.port,
  );
  return at === -1 ? undefined : listeners.splice(at, 1)[0];
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
