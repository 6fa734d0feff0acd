import type { Logger } from '../../core/logger.ts';
import type { Purge } from '../../core/answer-store.ts';
import type { GatewayMetrics } from '../../observe/gateway-metrics.ts';
import type { MetricsRegistry } from '../../observe/metrics.ts';
import type { GatewayStats } from '../gateway-options.ts';
import type { ListenerAddress } from '../listener.ts';
import type { PurgeOutcome } from '../purge-outcome.ts';
import type { Candidate, Preparation, Serving } from '../serving.ts';
import { checkAddresses, knownAddresses } from './shared-addresses.ts';
import { errorFrom } from './protocol.ts';
import { type Outcome, ThreadPreparation, type Wanted } from './thread-preparation.ts';
import { looksInSilence, WorkerPlace } from './worker-place.ts';
import { whatStays } from './what-stays.ts';
import { threadsIn, type WorkerSettings } from './worker-settings.ts';
import type { WorkerThread } from './worker-thread.ts';

/** What a pool is made of. */
export interface WorkerPoolOptions {
  readonly settings: WorkerSettings;
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
  readonly registry: MetricsRegistry;
  /** Starts a thread. @param id its number, from 1. */
  readonly startThread: (id: number) => WorkerThread;
  /** Called when the last thread is gone. */
  readonly onClose: () => Promise<void>;
}

/** Milliseconds that a thread gets for what takes a moment, and beyond what its exchanges are given. */
const grace = 5000;

/** Serves in several threads: each has its own event loop, connections and sockets; this one watches over them. */
export class WorkerPool implements Serving {
  readonly #options: WorkerPoolOptions;
  readonly #places: WorkerPlace[] = [];
  /** Every thread that there is, those included that are about to leave. */
  readonly #threads = new Set<WorkerThread>();
  #current: Wanted | undefined;
  #addresses: readonly ListenerAddress[] = [];
  readonly #watch: NodeJS.Timeout;
  #lastLook = performance.now();
  #ending = false;
  readonly #preparation: ThreadPreparation;

  constructor(options: WorkerPoolOptions, threads: number) {
    this.#options = options;
    this.#preparation = new ThreadPreparation(options.settings.patience);
    while (this.#places.length < threads) this.#addPlace();
    this.#watch = setInterval(() => this.#look(), options.settings.silence / looksInSilence);
    this.#watch.unref();
    options.registry.beforeLook(() => {
      for (const { series } of this.#threads) series.update();
    });
  }

  get addresses(): readonly ListenerAddress[] {
    return this.#addresses;
  }

  get stats(): GatewayStats {
    const { registry } = this.#options;
    return {
      clientConnections: registry.total('waygate_connections_open'),
      targetConnections: registry.total('waygate_target_connections_open'),
      inFlight: registry.total('waygate_requests_in_flight'),
    };
  }

  get workers(): { readonly serving: number; readonly wanted: number } {
    return { serving: this.#serving.length, wanted: this.#places.length };
  }

  async prepare({ loaded: { config }, version, material }: Candidate): Promise<Preparation> {
    const wanted: Wanted = { config, version, material: material(), threads: threadsIn(config) };
    const stays = whatStays(wanted);
    if (stays.length > 0) return { ok: false, findings: stays };
    const outcome = await this.#tryPrepare(wanted);
    // A thread that died of something else meanwhile has its place taken by now; one that dies of this dies again.
    if (outcome !== 'lost') return outcome;
    const again = this.#ending ? 'lost' : await this.#tryPrepare(wanted);
    if (again !== 'lost') return again;
    const found = 'a worker died or did not answer while it prepared for this configuration';
    return { ok: false, findings: [{ path: [], found, remedy: 'see the log, and reload again' }] };
  }

  giveUp(): void {
    this.#ending = true;
    this.#preparation.giveUp();
  }

  /** Every thread drops what it keeps; then one of them tells other gateways. */
  async purge(purge: Purge): Promise<PurgeOutcome> {
    const threads = [...this.#threads].filter(({ version }) => version !== undefined);
    await Promise.all(threads.map((thread) => this.#purgeThread(thread, purge, false)));
    for (const { thread } of this.#serving) {
      const answer = thread === undefined ? undefined : await this.#purgeThread(thread, purge, true);
      if (answer?.kind === 'purged') return answer.outcome;
    }
    return 'untold';
  }

  async #purgeThread(thread: WorkerThread, purge: Purge, everywhere: boolean): Promise<Outcome> {
    const answer = await thread.ask({ kind: 'purge', purge, everywhere }, grace);
    // Nobody knows what it still keeps; with it, that is gone.
    if (answer.kind === 'late' || answer.kind === 'failed') await thread.terminate();
    return answer;
  }

  async drain(): Promise<void> {
    this.giveUp();
    const { accept = 0, timeout = 0 } = this.#current?.config.drain ?? {};
    await this.#endAll({ kind: 'drain' }, accept + timeout + grace);
  }

  async close(): Promise<void> {
    this.giveUp();
    await this.#endAll({ kind: 'close' }, grace);
    clearInterval(this.#watch);
    await this.#options.onClose();
  }

  get #serving(): WorkerPlace[] {
    return this.#places.filter(({ serves }) => serves);
  }

  #addPlace(): WorkerPlace {
    const { settings, logger, metrics } = this.#options;
    const place = new WorkerPlace(this.#places.length + 1, {
      settings,
      logger,
      startThread: (id) => this.#startThread(id),
      refill: () => {
        metrics.workerRestarted();
        void this.#fill(place);
      },
    });
    this.#places.push(place);
    return place;
  }

  #startThread(id: number): WorkerThread {
    const thread = this.#options.startThread(id);
    this.#threads.add(thread);
    void thread.ended.then(() => this.#threads.delete(thread));
    return thread;
  }

  async #tryPrepare(wanted: Wanted): Promise<Preparation | 'lost'> {
    await this.#whole();
    const { listen } = wanted.config;
    const known = knownAddresses(this.#current?.config.listen ?? [], this.#addresses, listen);
    await checkAddresses(listen.filter((_, i) => known[i] === undefined));
    const serving = this.#serving;
    // At the start, and where all have died, there is nobody to ask but newcomers.
    const asked = serving.length > 0 ? serving : this.#places.filter((place) => place.start() !== undefined);
    const threads = asked.flatMap(({ thread }) => thread ?? []);
    const ports = known.map((address) => address?.port);
    const answers = await this.#preparation.askAll(threads, wanted, ports);
    const abort = (): void => {
      for (const thread of threads) {
        if (thread.version === undefined) void thread.terminate();
        else void thread.ask({ kind: 'abort' }, grace);
      }
    };
    const [first] = answers;
    if (first?.kind === 'ready' && answers.every(({ kind }) => kind === 'ready')) {
      return { ok: true, abort, commit: () => this.#commit(wanted, first.addresses, asked) };
    }
    abort();
    return this.#preparation.whyNot(threads, answers, this.#current === undefined);
  }

  /** Waits a while for threads that take the place of others, so that they are asked too. */
  async #whole(): Promise<void> {
    if (this.#current === undefined) return;
    const patience = performance.now() + grace;
    while (!this.#ending && performance.now() < patience && this.#serving.length < this.#places.length)
      await pause(10);
  }

  async #commit(
    wanted: Wanted,
    addresses: readonly ListenerAddress[],
    asked: readonly WorkerPlace[],
  ): Promise<void> {
    const { metrics } = this.#options;
    this.#current = wanted;
    this.#addresses = addresses;
    await Promise.all(
      asked.map(async (place) => {
        const { thread } = place;
        const answer = await thread?.ask({ kind: 'commit' }, grace);
        if (thread === undefined || place.thread !== thread) return;
        if (answer?.kind === 'done') place.serve(wanted.version);
        else await thread.terminate();
      }),
    );
    metrics.configInfo(wanted.version);
    metrics.retain(
      new Set(wanted.config.routes.map(({ name }) => name)),
      new Set(Object.keys(wanted.config.upstreams)),
    );
    // Whoever came in the meantime was not asked.
    await Promise.all(this.#serving.map((place) => this.#catchUp(place)));
    for (const place of this.#places) place.keep();
    this.#resize(wanted.threads);
  }

  /** As many places as the configuration asks for: new ones are filled, those too many end behind their exchanges. */
  #resize(threads: number): void {
    for (const place of this.#places.splice(threads)) {
      place.abandon();
      void this.#retire(place);
    }
    while (this.#places.length < threads) {
      const place = this.#addPlace();
      place.keep();
      void this.#fill(place);
    }
  }

  async #retire({ thread }: WorkerPlace): Promise<void> {
    const { timeout = 0 } = this.#current?.config.drain ?? {};
    const answer = await thread?.ask({ kind: 'drain', accept: 0 }, timeout + grace);
    if (answer?.kind !== 'done') await thread?.terminate();
  }

  /** Starts a thread for a place, and lets it serve what all others serve. */
  async #fill(place: WorkerPlace): Promise<void> {
    if (!this.#ending && place.start() !== undefined) await this.#catchUp(place);
  }

  /** Lets a thread serve the current configuration; one that cannot is ended. */
  async #catchUp(place: WorkerPlace): Promise<void> {
    const { thread } = place;
    if (thread === undefined) return;
    for (let wanted = this.#current; wanted !== undefined; wanted = this.#current) {
      if (thread.version === wanted.version) {
        place.serve(wanted.version);
        return;
      }
      const ports = this.#addresses.map(({ port }) => port);
      const answer = await this.#preparation.ask(thread, wanted, ports);
      const committed = answer.kind === 'ready' ? await thread.ask({ kind: 'commit' }, grace) : undefined;
      if (place.thread !== thread) return;
      if (committed?.kind !== 'done') {
        this.#cannotServe(place, answer);
        await thread.terminate();
        return;
      }
      thread.version = wanted.version;
    }
  }

  #cannotServe({ id }: WorkerPlace, answer: Outcome): void {
    if (this.#ending) return;
    const fields =
      answer.kind === 'failed'
        ? { err: errorFrom(answer.error) }
        : { reason: answer.kind === 'wrong' ? answer.findings : answer.kind };
    this.#options.logger.error({ worker: id, ...fields }, 'a worker cannot serve');
  }

  #look(): void {
    const now = performance.now();
    const late = now - this.#lastLook > (2 * this.#options.settings.silence) / looksInSilence;
    this.#lastLook = now;
    for (const place of this.#places) place.look(late);
  }

  async #endAll(request: { readonly kind: 'drain' | 'close' }, patience: number): Promise<void> {
    for (const place of this.#places) place.abandon();
    await Promise.all(
      [...this.#threads].map(async (thread) => {
        const answer = thread.version === undefined ? undefined : await thread.ask(request, patience);
        if (answer?.kind !== 'done') await thread.terminate();
        await thread.ended;
      }),
    );
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
