import type { Finding } from '../../config/finding.ts';
import type { ListenerConfig } from '../../config/schema.ts';
import type { Logger } from '../../core/logger.ts';
import type { GatewayMetrics } from '../../observe/gateway-metrics.ts';
import type { MetricsRegistry } from '../../observe/metrics.ts';
import type { ConfigMaterial } from '../config-source.ts';
import type { GatewayStats } from '../gateway-options.ts';
import type { ListenerAddress } from '../listener.ts';
import type { Candidate, Preparation, Serving } from '../serving.ts';
import { checkAddresses } from './address-check.ts';
import { errorFrom, type Answer, type PrepareRequest } from './protocol.ts';
import { restartDelay, threadsIn, type WorkerSettings } from './worker-settings.ts';
import type { ThreadEnd, WorkerThread } from './worker-thread.ts';

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

/** A configuration as threads are given it. */
interface Prepared {
  readonly config: Candidate['loaded']['config'];
  readonly version: string;
  readonly material: ConfigMaterial;
  readonly threads: number;
}

/** The place of one thread, which others take when it dies. */
interface Place {
  readonly id: number;
  thread: WorkerThread | undefined;
  /** Whether the thread serves, by the clock of this process in milliseconds; undefined while it does not. */
  servesSince: number | undefined;
  /** How many threads in a row died soon. */
  deaths: number;
  timer: NodeJS.Timeout | undefined;
  /** The pulse at the last look, and for how many looks it has been that. */
  pulse: number;
  looks: number;
}

type Outcome = Answer | { readonly kind: 'lost' | 'late' };

/** Milliseconds that a thread gets to close or to commit beyond what it was given for its exchanges. */
const grace = 5000;
/** Looks at the pulse of each thread within the time that it may be silent. */
const looksInSilence = 10;

/** Serves in several threads: each has its own event loop, connections and sockets; this one watches over them. */
export class WorkerPool implements Serving {
  readonly #options: WorkerPoolOptions;
  readonly #places: Place[];
  #current: Prepared | undefined;
  #addresses: readonly ListenerAddress[] = [];
  readonly #watch: NodeJS.Timeout;
  #lastLook = performance.now();
  #ending = false;
  readonly #givenUp = Promise.withResolvers<{ readonly kind: 'lost' }>();

  constructor(options: WorkerPoolOptions, threads: number) {
    this.#options = options;
    this.#places = Array.from({ length: threads }, (_, i) => newPlace(i + 1));
    this.#watch = setInterval(() => this.#look(), options.settings.silence / looksInSilence);
    this.#watch.unref();
    options.registry.beforeLook(() => {
      for (const { thread } of this.#places) thread?.series.update();
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
    const next: Prepared = { config, version, material: material(), threads: threadsIn(config) };
    const outcome = await this.#tryPrepare(next);
    // A thread that died of something else meanwhile has its place taken by now; one that dies of this dies again.
    if (outcome !== 'lost') return outcome;
    const again = this.#ending ? 'lost' : await this.#tryPrepare(next);
    if (again !== 'lost') return again;
    const found = 'a worker died or did not answer while it prepared for this configuration';
    return { ok: false, findings: [{ path: [], found, remedy: 'see the log, and reload again' }] };
  }

  giveUp(): void {
    this.#ending = true;
    this.#givenUp.resolve({ kind: 'lost' });
    for (const { timer } of this.#places) clearTimeout(timer);
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

  get #serving(): Place[] {
    return this.#places.filter(({ servesSince }) => servesSince !== undefined);
  }

  async #tryPrepare(next: Prepared): Promise<Preparation | 'lost'> {
    await this.#whole();
    const known = knownAddresses(this.#current?.config.listen ?? [], this.#addresses, next.config.listen);
    await checkAddresses(next.config.listen.filter((_, i) => known[i] === undefined));
    const places = this.#serving;
    const fresh = places.length === 0;
    const asked = fresh ? this.#places.filter((place) => this.#startThread(place)) : places;
    const threads = asked.flatMap(({ thread }) => thread ?? []);
    const ports = known.map((address) => address?.port);
    const answers = await this.#askAll(threads, next, ports);
    const abort = (): void => {
      for (const thread of threads) {
        if (fresh) void thread.terminate();
        else void thread.ask({ kind: 'abort' }, grace);
      }
    };
    const addresses = answers.find(({ kind }) => kind === 'ready');
    if (answers.every(({ kind }) => kind === 'ready') && addresses?.kind === 'ready') {
      return {
        ok: true,
        abort,
        commit: () => this.#commit(next, addresses.addresses, asked),
      };
    }
    abort();
    return this.#whyNot(threads, answers);
  }

  /** Waits a while for threads that are being started, so that they are asked with the others. */
  async #whole(): Promise<void> {
    if (this.#current === undefined) return;
    const patience = performance.now() + grace;
    while (!this.#ending && performance.now() < patience) {
      if (this.#places.every(({ thread, servesSince }) => thread === undefined || servesSince !== undefined))
        return;
      await pause(10);
    }
  }

  /** Asks every thread; the first before the others where there are ports to be found. */
  async #askAll(
    threads: readonly WorkerThread[],
    next: Prepared,
    known: readonly (number | undefined)[],
  ): Promise<readonly Outcome[]> {
    const open = next.config.listen.some(({ port }, i) => port === 0 && known[i] === undefined);
    const [first, ...others] = threads;
    if (!open || first === undefined) return Promise.all(threads.map((each) => this.#ask(each, next, known)));
    const answer = await this.#ask(first, next, known);
    if (answer.kind !== 'ready') return [answer];
    const ports = answer.addresses.map(({ port }) => port);
    return [answer, ...(await Promise.all(others.map((each) => this.#ask(each, next, ports))))];
  }

  async #ask(
    thread: WorkerThread,
    { version, material, threads }: Prepared,
    ports: readonly (number | undefined)[],
  ): Promise<Outcome> {
    const request: PrepareRequest = { kind: 'prepare', version, material, threads, ports };
    const answer = await Promise.race([
      thread.ask(request, this.#options.settings.patience),
      this.#givenUp.promise,
    ]);
    // It would answer later requests with the answer to this one.
    if (answer.kind === 'late') await thread.terminate();
    return answer;
  }

  /** @throws what a thread failed of. */
  async #whyNot(
    threads: readonly WorkerThread[],
    answers: readonly Outcome[],
  ): Promise<Preparation | 'lost'> {
    const findings = new Map<string, Finding>();
    for (const answer of answers) {
      if (answer.kind === 'failed') throw errorFrom(answer.error);
      if (answer.kind !== 'wrong') continue;
      for (const finding of answer.findings) findings.set(JSON.stringify(finding), finding);
    }
    if (findings.size > 0) return { ok: false, findings: [...findings.values()] };
    if (this.#current !== undefined) return 'lost';
    // At the very start there is nobody to serve meanwhile: whatever it was, it is why the gateway does not start.
    const lost = threads[answers.findIndex(({ kind }) => kind === 'lost' || kind === 'late')];
    const { error, code } = (await lost?.ended) ?? { error: undefined, code: 0 };
    throw error instanceof Error ? error : new Error(`a worker ended with ${code} before it served`);
  }

  async #commit(
    next: Prepared,
    addresses: readonly ListenerAddress[],
    asked: readonly Place[],
  ): Promise<void> {
    const { metrics } = this.#options;
    this.#current = next;
    this.#addresses = addresses;
    await Promise.all(
      asked.map(async (place) => {
        const { thread } = place;
        const answer = await thread?.ask({ kind: 'commit' }, grace);
        if (thread === undefined || place.thread !== thread) return;
        if (answer?.kind === 'done') this.#serves(place, thread, next.version);
        else await thread.terminate();
      }),
    );
    metrics.configInfo(next.version);
    metrics.retain(
      new Set(next.config.routes.map(({ name }) => name)),
      new Set(Object.keys(next.config.upstreams)),
    );
    // Whoever came in the meantime was not asked.
    await Promise.all(this.#serving.map((place) => this.#catchUp(place)));
    this.#resize(next.threads);
  }

  /** As many places as the configuration asks for: new ones are filled, those too many end behind their exchanges. */
  #resize(threads: number): void {
    for (const place of this.#places.splice(threads)) {
      clearTimeout(place.timer);
      place.servesSince = undefined;
      void this.#retire(place);
    }
    while (this.#places.length < threads) {
      const place = newPlace(this.#places.length + 1);
      this.#places.push(place);
      void this.#fill(place);
    }
  }

  async #retire({ thread }: Place): Promise<void> {
    const { timeout = 0 } = this.#current?.config.drain ?? {};
    const answer = await thread?.ask({ kind: 'drain', accept: 0 }, timeout + grace);
    if (answer?.kind !== 'done') await thread?.terminate();
  }

  /** Starts a thread for a place, and lets it serve what all others serve. */
  async #fill(place: Place): Promise<void> {
    if (this.#ending || !this.#startThread(place)) return;
    await this.#catchUp(place);
  }

  /** Lets a thread serve the current configuration; one that cannot is ended. */
  async #catchUp(place: Place): Promise<void> {
    const { thread } = place;
    if (thread === undefined) return;
    for (;;) {
      const next = this.#current;
      if (next === undefined) return;
      if (thread.version === next.version) break;
      const ports = this.#addresses.map(({ port }) => port);
      const answer = await this.#ask(thread, next, ports);
      const committed = answer.kind === 'ready' ? await thread.ask({ kind: 'commit' }, grace) : undefined;
      if (place.thread !== thread) return;
      if (committed?.kind !== 'done') {
        this.#cannotServe(place, answer);
        await thread.terminate();
        return;
      }
      thread.version = next.version;
    }
    this.#serves(place, thread, thread.version);
  }

  #cannotServe({ id }: Place, answer: Outcome): void {
    if (this.#ending) return;
    const fields =
      answer.kind === 'failed'
        ? { err: errorFrom(answer.error) }
        : { reason: answer.kind === 'wrong' ? answer.findings : answer.kind };
    this.#options.logger.error({ worker: id, ...fields }, 'a worker cannot serve');
  }

  #serves(place: Place, thread: WorkerThread, version: string): void {
    thread.version = version;
    place.servesSince ??= performance.now();
  }

  /** @returns whether there was none in its place. */
  #startThread(place: Place): boolean {
    if (place.thread !== undefined) return false;
    clearTimeout(place.timer);
    const thread = this.#options.startThread(place.id);
    place.thread = thread;
    place.looks = 0;
    place.pulse = 0;
    void thread.ended.then((end) => this.#onEnd(place, end));
    return true;
  }

  #onEnd(place: Place, { error, code }: ThreadEnd): void {
    const { logger, settings } = this.#options;
    const life = place.servesSince === undefined ? 0 : performance.now() - place.servesSince;
    place.thread = undefined;
    place.servesSince = undefined;
    if (this.#ending || this.#current === undefined || !this.#places.includes(place)) return;
    place.deaths = life < settings.goodLife ? place.deaths + 1 : 0;
    const delay = restartDelay(place.deaths);
    const fields = { worker: place.id, ...(error === undefined ? { code } : { err: error }) };
    if (delay === 0) logger.error(fields, 'a worker died; another takes its place');
    else
      logger.error(
        { ...fields, delay },
        'a worker died again, soon after its start; another one is tried after the delay',
      );
    place.timer = setTimeout(() => {
      this.#options.metrics.workerRestarted();
      this.#fill(place).catch((cause: unknown) =>
        logger.error({ err: cause }, 'a worker could not be started'),
      );
    }, delay);
  }

  /** Ends threads whose event loop has not turned for too long. */
  #look(): void {
    const { settings, logger } = this.#options;
    const now = performance.now();
    // Where this thread was not given its time either, the others say nothing about themselves.
    const late = now - this.#lastLook > (2 * settings.silence) / looksInSilence;
    this.#lastLook = now;
    for (const place of this.#places) {
      const pulse = place.thread?.pulse ?? 0;
      const silent = pulse !== 0 && pulse === place.pulse;
      place.pulse = pulse;
      if (!silent) place.looks = 0;
      else if (!late) place.looks++;
      if (place.looks < looksInSilence) continue;
      place.looks = 0;
      logger.error({ worker: place.id, silent: settings.silence }, 'a worker hangs; it is ended');
      void place.thread?.terminate();
    }
  }

  async #endAll(request: { readonly kind: 'drain' | 'close' }, patience: number): Promise<void> {
    await Promise.all(
      this.#places.map(async ({ thread, servesSince }) => {
        if (thread === undefined) return;
        const answer = servesSince === undefined ? undefined : await thread.ask(request, patience);
        if (answer?.kind !== 'done') await thread.terminate();
        await thread.ended;
      }),
    );
  }
}

function newPlace(id: number): Place {
  return { id, thread: undefined, servesSince: undefined, deaths: 0, timer: undefined, pulse: 0, looks: 0 };
}

/** For each wanted listener where it listens already, if it does. */
function knownAddresses(
  current: readonly ListenerConfig[],
  addresses: readonly ListenerAddress[],
  wanted: readonly ListenerConfig[],
): (ListenerAddress | undefined)[] {
  const left = current.map((config, i) => ({ config, address: addresses[i] }));
  return wanted.map(({ host, port }) => {
    const at = left.findIndex(({ config }) => config.host === host && config.port === port);
    return at === -1 ? undefined : left.splice(at, 1)[0]?.address;
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
