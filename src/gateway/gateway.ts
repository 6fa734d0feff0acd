import type { Config, ConfigInput } from '../config/schema.ts';
import type { LoadResult } from '../config/load-config.ts';
import type { Mistake } from '../config/mistake.ts';
import { maskTexts } from './masked-config.ts';
import type { Clock } from '../core/clock.ts';
import { systemClock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { PolicyDefinition } from '../core/policy.ts';
import type { Random } from '../core/random.ts';
import { systemRandom } from '../core/random.ts';
import type { AdminServer } from '../admin/admin-server.ts';
import { startAdmin } from '../admin/admin-server.ts';
import type { AccessLog, AccessRecord } from '../observe/access-log.ts';
import { createAccessLog } from '../observe/access-log.ts';
import { createGatewayMetrics, type GatewayMetrics } from '../observe/gateway-metrics.ts';
import { MetricsRegistry } from '../observe/metrics.ts';
import { wantsColor } from '../observe/paint.ts';
import { createLogger } from '../observe/operational-log.ts';
import { builtInPolicies } from './built-in-policies.ts';
import type { ConfigSource } from './config-source.ts';
import { fileSource, objectSource } from './config-source.ts';
import { FileWatcher } from './file-watcher.ts';
import { GatewayCore } from './gateway-core.ts';
import type { ListenerAddress } from './listener.ts';
import { ClientConnections, defaultConnectionLimit, Listener } from './listener.ts';
import type { OverloadGauges, OverloadLevel } from './overload.ts';
import { OverloadMonitor, processGauges } from './overload.ts';
import type { Snapshot } from './snapshot.ts';
import { SnapshotError } from './snapshot.ts';
import { version } from './version.ts';

/** How a gateway is made. One of `config` and `configFile` is given. */
export interface GatewayOptions {
  /** The configuration, as it would stand in a file. */
  readonly config?: ConfigInput;
  /** The file of the configuration; it is watched, and read again when it changes. */
  readonly configFile?: string;
  /** Policies beyond the built-in ones. */
  readonly policies?: readonly PolicyDefinition[];
  /** The operational log; standard error when left out. */
  readonly logger?: Logger;
  /** Where records of exchanges go; false is nowhere, and standard output when left out, as the configuration says. */
  readonly accessLog?: ((record: AccessRecord) => void) | false;
  readonly clock?: Clock;
  readonly random?: Random;
  /** How busy this process is, and how full; its own measurements when left out. */
  readonly gauges?: OverloadGauges;
  /** Environment for `${NAME}` in a configuration file; the process's own when left out. */
  readonly env?: NodeJS.ProcessEnv;
  /** Whether the files of the configuration are watched; true when left out. */
  readonly watch?: boolean;
}

/** A configuration that cannot be used, with every mistake in it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    const lines = mistakes.map(({ path, found, remedy }) => `${path.join('.')}: ${found}: ${remedy}`);
    super(
      `the configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}\n${lines.join('\n')}`,
    );
    this.mistakes = mistakes;
  }
}

/** What a reload came to. */
export type ReloadResult =
  | { readonly ok: true; readonly version: string }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/**
 * Starts a gateway: when the promise resolves, it accepts connections.
 * @throws ConfigError when the configuration has mistakes.
 * @throws the error of `listen`, such as EADDRINUSE, when an address is taken.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const gateway = new Gateway(options);
  try {
    await gateway.start();
  } catch (error) {
    await gateway.close();
    throw error;
  }
  return gateway;
}

type State = 'starting' | 'serving' | 'draining' | 'closed';

/** The running program: listeners, the current snapshot, and what outlives a snapshot. */
export class Gateway {
  readonly #source: ConfigSource;
  readonly #options: GatewayOptions;
  readonly #logger: Logger;
  readonly #registry = new MetricsRegistry();
  readonly #metrics: GatewayMetrics;
  readonly #overload: OverloadMonitor;
  readonly #core: GatewayCore;
  readonly #connections: ClientConnections;
  readonly #watcher: FileWatcher;
  #accessLog: AccessLog | undefined;
  #accessLogKey = '';
  /** Lines that access logs before the present one have dropped. */
  #droppedBefore = 0;
  #listeners: Listener[] = [];
  #admin: AdminServer | undefined;
  #adminKey = '';
  /** What no output may show. */
  #secrets: readonly string[] = [];
  #overloadLevel: OverloadLevel = 'none';
  #state: State = 'starting';
  #reloading: Promise<unknown> = Promise.resolve();
  #draining: Promise<void> | undefined;

  constructor(options: GatewayOptions) {
    const policies = [...builtInPolicies, ...(options.policies ?? [])];
    this.#options = options;
    this.#watcher = new FileWatcher(() => {
      this.reload().catch((error: unknown) => {
        this.#logger.error({ err: error }, 'the reload failed; the old configuration goes on serving');
      });
    });
    const loadOptions = {
      policies,
      env: options.env ?? process.env,
      verdicts: new Map(),
      readFile: this.#watcher.readFile,
    };
    this.#source =
      options.configFile === undefined
        ? objectSource(() => options.config, loadOptions)
        : fileSource(options.configFile, loadOptions);
    this.#logger = options.logger ?? createLogger({ level: 'info', pretty: process.stderr.isTTY });
    this.#metrics = createGatewayMetrics(this.#registry, {
      version,
      accessLogDropped: () => this.#droppedBefore + (this.#accessLog?.dropped ?? 0),
    });
    this.#overload = new OverloadMonitor(options.gauges ?? processGauges(), (level) => {
      this.#onOverload(level);
    });
    this.#core = new GatewayCore({
      clock: options.clock ?? systemClock,
      random: options.random ?? systemRandom,
      logger: this.#logger,
      metrics: this.#metrics,
      accessLog: { log: (record) => this.#log(record) },
      policies,
      overload: this.#overload,
    });
    this.#connections = new ClientConnections(this.#core);
  }

  /** Where it listens, in the order of the configuration. */
  get addresses(): readonly ListenerAddress[] {
    return this.#listeners.map((listener) => listener.address);
  }

  /** Where the admin listener is, if there is one. */
  get adminAddress(): ListenerAddress | undefined {
    return this.#admin?.address;
  }

  /** The configuration that new requests meet. */
  get config(): Config {
    return this.#core.snapshot.config;
  }

  /** Open connections and exchanges, for tests and the curious. */
  get stats(): {
    readonly clientConnections: number;
    readonly targetConnections: number;
    readonly inFlight: number;
  } {
    return {
      clientConnections: this.#connections.size,
      targetConnections: this.#core.targets.connections,
      inFlight: this.#core.inFlight,
    };
  }

  /** Everything that is counted, in the text format of Prometheus. */
  metrics(): string {
    return this.#registry.expose();
  }

  /** Called once by {@link createGateway}. */
  async start(): Promise<void> {
    const loaded = await this.#source();
    if (!loaded.ok) throw new ConfigError(loaded.mistakes);
    const snapshot = this.#compile(loaded);
    if ('mistakes' in snapshot) throw new ConfigError(snapshot.mistakes);
    await this.#install(snapshot);
    this.#secrets = loaded.secrets;
    this.#state = 'serving';
    if (this.#options.watch !== false && loaded.files.length > 0) this.#watcher.watch(loaded.files);
  }

  /**
   * Reads the configuration again and lets new exchanges use it; those under way finish on the old one. One reload at a
   * time: a second call waits for the first. A configuration with mistakes changes nothing.
   */
  reload(): Promise<ReloadResult> {
    const next = this.#reloading.then(() => this.#reload());
    this.#reloading = next.catch(() => undefined);
    return next;
  }

  /**
   * Ends in good order: not ready any more, a while of accepting all the same, then the exchanges under way get their
   * time, then everything is closed. Calling it again waits for the same end.
   */
  drain(): Promise<void> {
    return (this.#draining ??= this.#drain());
  }

  /** Ends at once. Resolves when nothing is left. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#watcher.close();
    // A reload under way must not open anything behind our back.
    await this.#reloading;
    const stopped = this.#listeners.splice(0).map((listener) => listener.stop());
    this.#connections.destroy();
    await Promise.all(stopped);
    // A server is closed a moment before its last sockets are; exchanges end with those, and are logged.
    await this.#connections.whenEmpty(1000);
    await this.#admin?.close();
    this.#admin = undefined;
    this.#core.close();
    this.#overload.close();
    this.#metrics.close();
    await this.#accessLog?.close();
  }

  async #reload(): Promise<ReloadResult> {
    if (this.#state !== 'serving') return { ok: false, mistakes: [notServing] };
    try {
      return await this.#loadAgain();
    } catch (error) {
      // Whatever it is, the configuration that serves goes on serving.
      this.#logger.error({ err: error }, 'a reload failed');
      const found = `it could not be loaded: ${error instanceof Error ? error.message : String(error)}`;
      return this.#keepOld([{ ...notServing, found, remedy: 'report this: it is a mistake of Waygate' }]);
    }
  }

  async #loadAgain(): Promise<ReloadResult> {
    const loaded = await this.#source();
    if (this.#state !== 'serving') return { ok: false, mistakes: [notServing] };
    if (this.#options.watch !== false && loaded.files.length > 0) this.#watcher.watch(loaded.files);
    const snapshot = loaded.ok ? this.#compile(loaded) : loaded;
    if (loaded.ok) this.#secrets = [...new Set([...this.#secrets, ...loaded.secrets])];
    if ('mistakes' in snapshot) return this.#keepOld(snapshot.mistakes);
    if (snapshot.version === this.#core.snapshot.version) {
      snapshot.retire();
      this.#metrics.reload(true);
      return { ok: true, version: snapshot.version };
    }
    try {
      await this.#install(snapshot);
    } catch (error) {
      snapshot.retire();
      const message = error instanceof Error ? error.message : String(error);
      const finding = { path: ['listen'], found: message, remedy: 'free the address, or name another' };
      return this.#keepOld(loaded.ok ? loaded.locate([finding]) : []);
    }
    this.#metrics.reload(true);
    this.#logger.info(
      { version: snapshot.version, routes: snapshot.routes.length },
      'a new configuration serves',
    );
    return { ok: true, version: snapshot.version };
  }

  #keepOld(mistakes: readonly Mistake[]): ReloadResult {
    this.#metrics.reload(false);
    this.#logger.error(
      { mistakes: mistakes.map(inWords) },
      'the new configuration has mistakes; the old one goes on serving',
    );
    return { ok: false, mistakes };
  }

  #compile(loaded: LoadResult & { readonly ok: true }): Snapshot | { readonly mistakes: readonly Mistake[] } {
    try {
      return this.#core.compile(loaded.config);
    } catch (error) {
      if (error instanceof SnapshotError) return { mistakes: loaded.locate(error.findings) };
      throw error;
    }
  }

  /** Everything that can fail comes first: addresses are bound before the snapshot is swapped. */
  async #install(snapshot: Snapshot): Promise<void> {
    const { config } = snapshot;
    const left = [...this.#listeners];
    const next = config.listen.map(
      (wanted) => takeListener(left, wanted) ?? new Listener(wanted, this.#connections),
    );
    const added = next.filter((listener) => !this.#listeners.includes(listener));
    // The first snapshot has to be there before a listener takes anything.
    const first = this.#state === 'starting';
    if (first) this.#adopt(snapshot);
    try {
      for (const listener of added) await listener.start();
      await this.#swapAdmin(config);
    } catch (error) {
      for (const listener of added) void listener.stop();
      throw error;
    }
    if (!first) this.#adopt(snapshot);
    this.#listeners = next;
    for (const listener of left) listener.retire();
  }

  /** The admin listener of this configuration in place of the one there is; that one stays when the new one fails. */
  async #swapAdmin(config: Config): Promise<void> {
    const key = adminKey(config);
    if (key === this.#adminKey) return;
    const old = this.#admin;
    // Two listeners cannot have one port, so the old one goes first where the port stays.
    const inPlace = old !== undefined && old.address.port === config.admin?.port;
    if (inPlace) await old.close();
    try {
      this.#admin = await this.#startAdmin(config);
    } catch (error) {
      if (inPlace) this.#admin = await this.#startAdmin(this.config);
      throw error;
    }
    this.#adminKey = key;
    if (!inPlace) await old?.close();
  }

  #adopt(snapshot: Snapshot): void {
    const { config } = snapshot;
    this.#core.adopt(snapshot);
    const { connections } = config.limits;
    this.#connections.limit = connections === 'auto' ? defaultConnectionLimit() : connections;
    this.#openAccessLog(config);
  }

  #openAccessLog({ log }: Config): void {
    const key = `${log.access} ${log.query}`;
    // One writer as long as possible: two on one pipe may tear each other's lines.
    if (this.#options.accessLog !== undefined || key === this.#accessLogKey) return;
    this.#accessLogKey = key;
    const old = this.#accessLog;
    this.#accessLog = undefined;
    void old?.close().then(() => (this.#droppedBefore += old.dropped));
    if (log.access === 'off') return;
    const terminal = process.stdout.isTTY;
    const pretty = log.access === 'pretty' || (log.access === 'auto' && terminal);
    this.#accessLog = createAccessLog({
      format: pretty ? 'pretty' : 'json',
      query: log.query,
      color: wantsColor(process.stdout, process.env),
    });
  }

  #log(record: AccessRecord): void {
    const { accessLog } = this.#options;
    if (accessLog === undefined) this.#accessLog?.log(record);
    else if (accessLog !== false) {
      try {
        accessLog(record);
      } catch (error) {
        this.#logger.error({ err: error }, 'the access log failed');
      }
    }
  }

  async #startAdmin({ admin }: Config): Promise<AdminServer | undefined> {
    if (admin === undefined) return undefined;
    return startAdmin({
      host: admin.host,
      port: admin.port,
      token: admin.token,
      logger: this.#logger,
      metrics: () => this.metrics(),
      ready: () => ({
        ready: this.#state === 'serving',
        reason: this.#state === 'serving' ? undefined : this.#state,
      }),
      config: () => {
        const { version: configVersion, loadedAt, config } = this.#core.snapshot;
        return {
          version: configVersion,
          loadedAt: new Date(loadedAt).toISOString(),
          config: maskTexts(config, this.#secrets),
        };
      },
    });
  }

  async #drain(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'draining';
    this.#watcher.close();
    await this.#reloading;
    const { drain } = this.config;
    this.#core.draining = true;
    this.#logger.info({ inFlight: this.#core.inFlight }, 'draining');
    await pause(drain.accept);
    for (const listener of this.#listeners) void listener.stop();
    this.#connections.shutdown();
    // Each of them closes by itself once its answer has been read, a head that was arriving has become an exchange and
    // been answered, or its time is over.
    await this.#connections.whenEmpty(drain.timeout);
    const left = this.#core.inFlight;
    if (left > 0)
      this.#logger.warn({ inFlight: left }, 'the time to drain is over: what is under way is cut off');
    await this.close();
  }

  #onOverload(level: OverloadLevel): void {
    this.#connections.closed = level === 'stop-accepting';
    if (level === 'close-idle' || level === 'stop-accepting') this.#connections.closeIdle();
    if (level === this.#overloadLevel) return;
    this.#overloadLevel = level;
    if (level === 'none') this.#logger.info({}, 'no overload any more');
    else this.#logger.warn({ level, reason: this.#overload.reason }, 'overload');
  }
}

const notServing: Mistake = {
  file: '',
  line: undefined,
  column: undefined,
  path: [],
  found: 'the gateway is not serving',
  remedy: 'start it first',
  excerpt: undefined,
};

/** One mistake in one line, for a log. */
function inWords({ file, line, column, path, found, remedy }: Mistake): string {
  const place =
    line === undefined
      ? [file, path.join('.')].filter((part) => part !== '').join(' ')
      : `${file}:${line}:${column ?? 1}`;
  return `${place}  ${found}: ${remedy}`;
}

/** Takes the listener out of those that are there which listens as wanted; any free port is the one it found. */
function takeListener(listeners: Listener[], wanted: Config['listen'][number]): Listener | undefined {
  const at = listeners.findIndex(
    ({ config: { host, port } }) => host === wanted.host && port === wanted.port,
  );
  return at === -1 ? undefined : listeners.splice(at, 1)[0];
}

function adminKey({ admin }: Config): string {
  return admin === undefined ? '' : JSON.stringify(admin);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
