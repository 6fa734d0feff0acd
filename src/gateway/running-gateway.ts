import type { Finding } from '../config/finding.ts';
import { mistakeLine } from '../config/format-mistakes.ts';
import type { LoadResult } from '../config/load-config.ts';
import type { Mistake } from '../config/mistake.ts';
import type { Config } from '../config/schema.ts';
import type { Purge } from '../core/answer-store.ts';
import { systemClock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { PolicyDefinition } from '../core/policy.ts';
import { systemRandom } from '../core/random.ts';
import type { Readiness } from '../admin/admin-server.ts';
import { createGatewayMetrics, type GatewayMetrics } from '../observe/gateway-metrics.ts';
import { MetricsRegistry } from '../observe/metrics.ts';
import { createLogger } from '../observe/operational-log.ts';
import {
  createLimitMemory,
  forgottenIn,
  type LimitMemory,
  openLimitMemory,
} from '../store/limits/limit-memory.ts';
import { createSlotMemory } from '../store/slots/slot-memory.ts';
import { accessSink } from './access-sink.ts';
import { AdminListener } from './admin-listener.ts';
import { policiesWith } from './built-in-policies.ts';
import { ConfigError } from './config-error.ts';
import { RecordingSource } from './config-source.ts';
import { type AccessSink, DataPlane } from './data-plane.ts';
import { FileWatcher } from './file-watcher.ts';
import type { Gateway, GatewayOptions, GatewayStats, ReloadResult } from './gateway-options.ts';
import { handleRequest, problemResponse, type RequestOrigin } from './handle-request.ts';
import type { ListenerAddress } from './listener.ts';
import { maskTexts } from './masked-config.ts';
import { mountedRoutesMistakes } from './mounted-routes.ts';
import { processGauges } from './overload.ts';
import type { PurgeOutcome } from './purge-outcome.ts';
import type { Candidate, Serving } from './serving.ts';
import { configVersion } from './snapshot.ts';
import type { Surroundings } from './surroundings.ts';
import { version } from './version.ts';
import { threadsIn, type WorkerSettings } from './workers/worker-settings.ts';

type State = 'starting' | 'serving' | 'draining' | 'closed';

/** The configuration that serves. */
interface Current {
  readonly config: Config;
  readonly version: string;
  /** The policies of its modules. */
  readonly ownPolicies: readonly PolicyDefinition[];
  /** Milliseconds since the epoch. */
  readonly loadedAt: number;
}

/** {@link GatewayOptions}, completed. */
export interface RunningOptions extends GatewayOptions {
  readonly env: NodeJS.ProcessEnv;
  /** How other programs are reached: where it is said, there is no admin listener either. */
  readonly surroundings?: Surroundings;
  /** The routes that an app mounts, by name, where that is a part of them: a configuration without one of them has a mistake. */
  readonly routes?: readonly string[] | undefined;
}

/** What stands around those who serve: the configuration and its files, reloads, the admin listener, the end. */
export class RunningGateway implements Gateway {
  readonly #options: RunningOptions;
  readonly #workerSettings: WorkerSettings;
  #made: readonly PolicyDefinition[] | undefined;
  readonly #source: RecordingSource;
  readonly #logger: Logger;
  readonly #registry = new MetricsRegistry();
  readonly #metrics: GatewayMetrics;
  readonly #accessLog: AccessSink & { readonly dropped: number };
  readonly #admin: AdminListener;
  readonly #watcher: FileWatcher;
  #serving: Serving | undefined;
  /** Where all who serve count requests against limits. */
  #limits: LimitMemory | undefined;
  #current: Current | undefined;
  /** What no output may show. */
  #secrets: readonly string[] = [];
  #state: State = 'starting';
  #reloading: Promise<unknown> = Promise.resolve();
  #draining: Promise<void> | undefined;

  constructor(options: RunningOptions, workerSettings: WorkerSettings) {
    this.#options = options;
    this.#workerSettings = workerSettings;
    this.#logger = options.logger ?? createLogger({ level: 'info', pretty: process.stderr.isTTY });
    this.#watcher = new FileWatcher(() => {
      this.reload().catch((error: unknown) => {
        this.#logger.error({ err: error }, 'the reload failed; the old configuration goes on serving');
      });
    });
    this.#source = new RecordingSource(options.configFile, () => options.config, {
      policies: this.#policies,
      withPolicies: (own) => policiesWith([...(options.policies ?? []), ...own]),
      env: options.env,
      verdicts: new Map(),
      readFile: this.#watcher.readFile,
    });
    this.#accessLog = accessSink(options.accessLog, this.#logger);
    this.#metrics = createGatewayMetrics(this.#registry, {
      version,
      accessLogDropped: () => this.#accessLog.dropped,
      targetConnections: () =>
        this.#serving instanceof DataPlane ? this.#serving.stats.targetConnections : 0,
      workers: () => this.#serving?.workers.serving ?? 0,
      limitKeysForgotten: () => (this.#limits === undefined ? 0 : forgottenIn(this.#limits)),
    });
    this.#admin = new AdminListener({
      logger: this.#logger,
      metrics: () => this.metrics(),
      ready: () => this.#readiness(),
      config: () => this.#shownConfig(),
      routes: () => this.config.routes.map(({ name }) => name),
      purge: (purge) => this.#purge(purge),
    });
  }

  get addresses(): readonly ListenerAddress[] {
    return this.#serving?.addresses ?? [];
  }

  get adminAddress(): ListenerAddress | undefined {
    return this.#admin.address;
  }

  get config(): Config {
    return this.#configuration.config;
  }

  get workers(): number {
    return this.#serving?.workers.serving ?? 0;
  }

  get stats(): GatewayStats {
    return this.#serving?.stats ?? { clientConnections: 0, targetConnections: 0, inFlight: 0 };
  }

  metrics(): string {
    return this.#registry.expose();
  }

  /**
   * Called once by `createGateway`.
   * @throws ConfigError when the configuration has mistakes.
   * @throws the error of `listen`, such as EADDRINUSE, when an address is taken.
   */
  async start(): Promise<void> {
    const loaded = await this.#load();
    if (!loaded.ok) throw new ConfigError(loaded.mistakes);
    this.#serving = await this.#whoServes(loaded);
    const candidate = this.#candidate(loaded);
    this.#secrets = loaded.secrets;
    const prepared = await this.#serving.prepare(candidate);
    if (!prepared.ok) throw new ConfigError(loaded.locate(prepared.findings));
    this.#adopt(candidate);
    await this.#swapAdmin(loaded.config);
    await prepared.commit();
    this.#state = 'serving';
    if (this.#options.watch !== false && loaded.files.length > 0) this.#watcher.watch(loaded.files);
  }

  async handle(request: Request, origin?: RequestOrigin): Promise<Response> {
    if (this.#state === 'closed')
      return problemResponse(new GatewayError('upstream_unavailable', 'the gateway is closed'));
    return handleRequest(this.mounting, request, origin);
  }

  reload(): Promise<ReloadResult> {
    const next = this.#reloading.then(() => this.#reload());
    this.#reloading = next.catch(() => undefined);
    return next;
  }

  drain(): Promise<void> {
    return (this.#draining ??= this.#drain());
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    this.#watcher.close();
    this.#serving?.giveUp();
    // A reload under way must not open anything behind our back.
    await this.#reloading;
    await this.#serving?.close();
    await this.#admin.close();
    this.#metrics.close();
    await this.#accessLog.close();
  }

  get #policies(): readonly PolicyDefinition[] {
    return (this.#made ??= policiesWith(this.#options.policies));
  }

  get #configuration(): Current {
    if (this.#current === undefined) throw new Error('no configuration has been loaded');
    return this.#current;
  }

  /** This thread, or as many others as the configuration asks for. */
  async #whoServes(loaded: LoadResult & { readonly ok: true }): Promise<Serving> {
    const wanted = threadsIn(loaded.config);
    const { clock = systemClock, random = systemRandom, gauges } = this.#options;
    const memory = createLimitMemory(loaded.config.rateLimits.memory, random, clock.now());
    const slots = createSlotMemory(random);
    this.#limits = openLimitMemory(memory);
    if (wanted > 1) {
      const { openWorkers } = await import('./workers/open-workers.ts');
      const workers = await openWorkers(wanted, this.#options, this.#workerSettings, {
        logger: this.#logger,
        metrics: this.#metrics,
        registry: this.#registry,
        limits: memory,
        slots,
      });
      if (workers !== 'alone') {
        if ('findings' in workers) throw new ConfigError(loaded.locate(workers.findings));
        return workers.pool;
      }
    }
    return new DataPlane({
      clock,
      random,
      logger: this.#logger,
      metrics: this.#metrics,
      policies: this.#policies,
      gauges: gauges ?? processGauges(),
      accessLog: this.#accessLog,
      limits: { memory, slots, owner: 1 },
      surroundings: this.#options.surroundings,
    });
  }

  /** What an app does that the gateway is mounted in, is not ours: to listen, and on how many cores. */
  async #load(): Promise<LoadResult> {
    const loaded = await this.#source.load();
    const { listen, routes } = this.#options;
    if (!loaded.ok || listen !== false) return loaded;
    const mistakes = routes === undefined ? [] : mountedRoutesMistakes(routes, loaded.config);
    if (mistakes.length > 0) return { ok: false, mistakes, files: loaded.files };
    return { ...loaded, config: { ...loaded.config, listen: [], workers: 1 } };
  }

  /**
   * What takes requests in that are handed to it.
   * @throws TypeError where threads serve: they have listeners of their own.
   */
  get mounting(): Pick<DataPlane, 'wheel' | 'receiver'> {
    if (this.#serving instanceof DataPlane) return this.#serving;
    throw new TypeError(
      'only a gateway of one thread takes requests from a program: leave `workers` out, or pass `listen: false`',
    );
  }

  #candidate(loaded: LoadResult & { readonly ok: true }): Candidate {
    return { loaded, version: configVersion(loaded.config), material: () => this.#source.material };
  }

  #adopt({ loaded: { config, ownPolicies }, version: configured }: Candidate): void {
    const loadedAt = (this.#options.clock ?? systemClock).now();
    this.#current = { config, version: configured, ownPolicies, loadedAt };
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
    const loaded = await this.#load();
    if (this.#state !== 'serving' || this.#serving === undefined)
      return { ok: false, mistakes: [notServing] };
    if (this.#options.watch !== false && loaded.files.length > 0) this.#watcher.watch(loaded.files);
    if (!loaded.ok) return this.#keepOld(loaded.mistakes);
    this.#secrets = [...new Set([...this.#secrets, ...loaded.secrets])];
    const candidate = this.#candidate(loaded);
    if (this.#serves(candidate)) {
      this.#metrics.reload(true);
      return { ok: true, version: candidate.version };
    }
    const findings = this.#notWhileRunning(loaded.config) ?? (await this.#install(this.#serving, candidate));
    if (findings.length > 0) return this.#keepOld(loaded.locate(findings));
    this.#metrics.reload(true);
    this.#logger.info(
      { version: candidate.version, routes: loaded.config.routes.length },
      'a new configuration serves',
    );
    return { ok: true, version: candidate.version };
  }

  /** Whether this configuration serves already. Policies that stand in it themselves have no digest: they are compared as they are. */
  #serves({ version: candidate, loaded }: Candidate): boolean {
    const { version: current, ownPolicies } = this.#configuration;
    return (
      candidate === current &&
      loaded.ownPolicies.length === ownPolicies.length &&
      loaded.ownPolicies.every((policy, index) => policy === ownPolicies[index])
    );
  }

  /** Everything that can fail comes first; then those who serve take the configuration. @returns what is wrong with it. */
  async #install(serving: Serving, candidate: Candidate): Promise<readonly Finding[]> {
    let abort = (): void => {};
    try {
      const prepared = await serving.prepare(candidate);
      if (!prepared.ok) return prepared.findings;
      abort = prepared.abort;
      await this.#swapAdmin(candidate.loaded.config);
      this.#adopt(candidate);
      await prepared.commit();
      return [];
    } catch (error) {
      abort();
      // Addresses that cannot be had, names that are unknown; everything else is no fault of the configuration.
      if (!(error instanceof Error && 'syscall' in error)) throw error;
      const found = error.message;
      return [{ path: ['listen'], found, remedy: 'free the address, or name another' }];
    }
  }

  async #swapAdmin(config: Config): Promise<void> {
    if (this.#options.surroundings === undefined) await this.#admin.swap(config);
  }

  /** Memory that threads share keeps its size. One thread that serves clients itself cannot hand its sockets to others. */
  #notWhileRunning(config: Config): readonly Finding[] | undefined {
    if (config.rateLimits.memory !== this.config.rateLimits.memory) {
      const found = 'the memory for rate limits cannot be made larger or smaller while the gateway runs';
      return [{ path: ['rateLimits', 'memory'], found, remedy: 'restart it' }];
    }
    const [before, after] = [threadsIn(this.config), threadsIn(config)];
    if (!(this.#serving instanceof DataPlane) || before > 1 || after === 1) return undefined;
    const found = `a gateway that was started with one thread cannot go over to ${after} while it runs`;
    return [{ path: ['workers'], found, remedy: 'restart it' }];
  }

  #keepOld(mistakes: readonly Mistake[]): ReloadResult {
    this.#metrics.reload(false);
    this.#logger.error(
      { mistakes: mistakes.map(mistakeLine) },
      'the new configuration has mistakes; the old one goes on serving',
    );
    return { ok: false, mistakes };
  }

  async #purge(purge: Purge): Promise<PurgeOutcome> {
    this.#metrics.answers.purged(purge.kind);
    const outcome = (await this.#serving?.purge(purge)) ?? 'nothing';
    this.#logger.info({ purge, outcome }, 'answers were purged');
    return outcome;
  }

  #readiness(): Readiness {
    const { serving = 0, wanted = 1 } = this.#serving?.workers ?? {};
    const workers = wanted === 1 ? undefined : { serving, wanted };
    if (this.#state !== 'serving') return { ready: false, reason: this.#state, workers };
    return serving > 0
      ? { ready: true, reason: undefined, workers }
      : { ready: false, reason: 'no worker serves', workers };
  }

  #shownConfig(): unknown {
    const { version: configured, loadedAt, config } = this.#configuration;
    return {
      version: configured,
      loadedAt: new Date(loadedAt).toISOString(),
      config: maskTexts(config, this.#secrets),
    };
  }

  async #drain(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'draining';
    this.#watcher.close();
    this.#serving?.giveUp();
    await this.#reloading;
    await this.#serving?.drain();
    await this.close();
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
