import type { Config, UpstreamConfig } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { Limits } from '../core/limits.ts';
import type { Logger } from '../core/logger.ts';
import { LoopTurn } from '../core/loop-turn.ts';
import type { PolicyDefinition } from '../core/policy.ts';
import type { Random } from '../core/random.ts';
import type { Lease } from '../core/shared.ts';
import type { Slots } from '../core/slots.ts';
import { TimerWheel } from '../core/timer-wheel.ts';
import { DateCache } from '../http/date.ts';
import { Llhttp } from '../http1/llhttp.ts';
import { ReadMemory } from '../http1/read-memory.ts';
import type { Http1Request } from '../http1/request-head.ts';
import type { AccessRecord } from '../observe/access-log.ts';
import type { GatewayMetrics } from '../observe/gateway-metrics.ts';
import type { LocalLimits } from '../store/limits/local-limits.ts';
import { RedisLimits } from '../store/redis/redis-limits.ts';
import { type ClosableLink, linkRedis } from '../store/redis/redis-link.ts';
import { TargetStates } from '../upstream/target.ts';
import { Upstream, UpstreamState } from '../upstream/upstream.ts';
import { SnapshotAnswers } from './answers.ts';
import type { RunningExchange } from './exchange-context.ts';
import type { Nobody } from './nobody.ts';
import { loopError } from './outgoing.ts';
import type { OverloadMonitor } from './overload.ts';
import { PolicyFailures } from './policy-failures.ts';
import { PolicyStopwatch } from './policy-stopwatch.ts';
import { RequestIds } from './request-ids.ts';
import { SharedValues } from './shared-values.ts';
import { Snapshot } from './snapshot.ts';
import type { Surroundings } from './surroundings.ts';
import { systemFetch } from './system-fetch.ts';

/** More intermediaries than any sane way has. */
const MAX_HOPS = 20;

/** What the core is made of. */
export interface CoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
  readonly accessLog: { log(record: AccessRecord): void } | undefined;
  readonly policies: readonly PolicyDefinition[];
  readonly overload: OverloadMonitor;
  /** What policies count requests with. */
  readonly limits: LocalLimits;
  /** What policies count with what is under way. */
  readonly slots: Slots;
  /** How other programs are reached. */
  readonly surroundings?: Surroundings | undefined;
  /** What the threads of a gateway know each other by; left out where there is one. */
  readonly siblings?: string | undefined;
  /** What the gateway is told apart by from others of its name; made up when left out. */
  readonly instance?: string;
}

/**
 * What outlives a snapshot: the parser, the timers, connections to targets, counts of what is under way. Exchanges come to
 * it at their beginning and end; listeners and reload stand around it.
 */
export class GatewayCore {
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
  readonly llhttp = new Llhttp();
  readonly wheel: TimerWheel;
  readonly turn = new LoopTurn();
  readonly readMemory = new ReadMemory();
  readonly ids: RequestIds;
  readonly targets: TargetStates;
  readonly stopwatch: PolicyStopwatch;
  /** What becomes known of policies that misbehave. */
  readonly failures: PolicyFailures;
  readonly #options: CoreOptions;
  readonly #dates: DateCache;
  readonly #shared = new SharedValues();
  readonly #sharedLimits = new WeakMap<ClosableLink, RedisLimits>();
  /** Exchanges that go on, or began, without a client. */
  readonly nobodies = new Set<Nobody>();
  readonly #upstreamStates = new Map<string, UpstreamState>();
  /** Told apart from other gateways of the same name by its end, so that a chain of two is no loop. */
  readonly #instance: string;
  #snapshot: Snapshot | undefined;
  #via = '';
  #inFlight = 0;
  #inFlightLimit = Infinity;
  draining = false;

  constructor(options: CoreOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.metrics = options.metrics;
    this.wheel = new TimerWheel(options.clock);
    this.stopwatch = new PolicyStopwatch(options.clock);
    this.failures = new PolicyFailures(options.logger, this.wheel, options.metrics);
    this.ids = new RequestIds(options.random);
    this.#dates = new DateCache(() => options.clock.now());
    const { llhttp, wheel, turn, readMemory } = this;
    this.targets = new TargetStates({ llhttp, wheel, turn, readMemory }, options.surroundings?.targets);
    this.#instance = options.instance ?? newInstance(options.random);
  }

  /** The snapshot that new exchanges use. There is one before anything listens. */
  get snapshot(): Snapshot {
    if (this.#snapshot === undefined) throw new Error('no configuration has been loaded');
    return this.#snapshot;
  }

  get via(): string {
    return this.#via;
  }

  /** Whether a configuration has been adopted yet. */
  get serves(): boolean {
    return this.#snapshot !== undefined;
  }

  /** Exchanges under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  date(): string {
    return this.#dates.current();
  }

  /**
   * Compiles a configuration; nothing changes until {@link adopt}.
   * @param version of the configuration that this one is a part of.
   * @param policies what its modules have brought included.
   * @throws SnapshotError with every mistake that policies find in their options.
   */
  compile(config: Config, version?: string, policies = this.#options.policies): Snapshot {
    const { clock, random, logger, metrics } = this.#options;
    const redis = this.#redis(config);
    const upstreams = new Map<string, Upstream>();
    const environment = {
      policies,
      clock,
      random,
      logger,
      fetch: this.#options.surroundings?.fetch ?? systemFetch,
      shared: this.#shared,
      limits: this.#limits(redis?.value),
      slots: this.#options.slots,
      answers: this.#answers(config),
      redis,
      upstream: (name: string) => {
        const upstreamConfig = config.upstreams[name];
        if (upstreamConfig === undefined) return undefined;
        let upstream = upstreams.get(name);
        if (upstream === undefined) upstreams.set(name, (upstream = this.#upstream(upstreamConfig)));
        return upstream;
      },
      routeMetrics: (name: string) => metrics.route(name),
      failures: this.failures,
      policyMetrics: (policy: string, route: string) => metrics.policy(policy, route),
    };
    return new Snapshot(config, environment, version);
  }

  /** Lets new exchanges use a snapshot; those under way finish on the one they have. */
  adopt(snapshot: Snapshot): void {
    const { config } = snapshot;
    const previous = this.#snapshot;
    this.#snapshot = snapshot;
    this.#via = `${config.via}-${this.#instance}`;
    this.#inFlightLimit = config.limits.inFlight;
    snapshot.answers.adopt();
    this.#options.overload.configure(config.overload.eventLoopDelay, config.overload.memory);
    const upstreams = Object.values(config.upstreams);
    for (const upstream of upstreams) this.#stateOf(upstream.name).limit = placesOf(upstream);
    previous?.retire();
    this.targets.retain(upstreams);
    for (const [name, state] of this.#upstreamStates) {
      if (config.upstreams[name] === undefined && state.inFlight === 0) this.#upstreamStates.delete(name);
    }
    this.metrics.configInfo(snapshot.version);
    this.metrics.retain(
      new Set(config.routes.map(({ name }) => name)),
      new Set(Object.keys(config.upstreams)),
    );
  }

  refusal(request: Http1Request): GatewayError | undefined {
    const loop = loopError(request, this.#via, MAX_HOPS);
    if (loop !== undefined) return loop;
    const { overload } = this.#options;
    if (overload.level !== 'none') {
      this.metrics.shed(overload.reason);
      return new GatewayError('overloaded', overload.reason);
    }
    if (this.#inFlight > this.#inFlightLimit) {
      this.metrics.shed('in_flight');
      return new GatewayError('overloaded', `${this.#inFlight} exchanges under way`);
    }
    return undefined;
  }

  started(): void {
    this.#inFlight++;
    this.metrics.exchangeStarted();
  }

  finished(exchange: RunningExchange, time: number): void {
    this.#inFlight--;
    this.metrics.exchangeEnded();
    exchange.snapshot.leave();
    // No request of a client: what it costs is counted with the upstream.
    if (exchange.background) return;
    this.#options.surroundings?.witness?.(exchange);
    const { outcome, request, route } = exchange;
    const { status, duration, upstreamDuration, requestBytes, responseBytes } = outcome;
    route.metrics.finished(request.method, status, duration, upstreamDuration, requestBytes, responseBytes);
    this.#options.accessLog?.log({
      time,
      id: exchange.id,
      clientIp: exchange.client.ip,
      method: request.method,
      host: request.host,
      path: request.path,
      query: request.query,
      httpVersion: request.httpVersion,
      route: route.name,
      status,
      duration,
      upstreamDuration,
      target: outcome.target,
      requestBytes,
      responseBytes,
      attempts: outcome.attempts,
      consumer: exchange.consumer?.id,
      error: outcome.error?.code ?? outcome.refusal?.code,
      policy: outcome.error === undefined ? outcome.refusal?.policy : exchange.failedPolicy,
      detail: outcome.error?.detail,
      userAgent: request.headers.get('user-agent'),
    });
  }

  /** Something came that is not a request; it has been answered. */
  refused(error: GatewayError, id: string, clientIp: string, text: string): void {
    this.metrics.clientError(error.code);
    const [line = ''] = text.trimStart().split('\r\n', 1);
    const [method = '', path = '', version = ''] = line.split(' ');
    this.#options.accessLog?.log({
      time: this.clock.now(),
      id,
      clientIp,
      method: /^[A-Za-z-]{1,32}$/.test(method) ? method : '',
      host: '',
      path: (path.split('?', 1)[0] ?? '').slice(0, 128),
      query: undefined,
      httpVersion: /^HTTP\/\d\.\d$/.test(version) ? version.slice(5) : '',
      route: '',
      status: error.status,
      duration: 0,
      upstreamDuration: undefined,
      target: undefined,
      requestBytes: 0,
      responseBytes: 0,
      attempts: 0,
      consumer: undefined,
      error: error.code,
      policy: undefined,
      detail: error.detail,
      userAgent: undefined,
    });
  }

  /** Ends timers and connections to targets. */
  close(): void {
    for (const nobody of [...this.nobodies]) nobody.lose();
    this.#snapshot?.retire();
    this.failures.close();
    this.targets.destroy();
    this.wheel.close();
  }

  #answers(config: Config): SnapshotAnswers {
    const { clock, random, metrics, siblings } = this.#options;
    const redis = (wanted: Config): Lease<ClosableLink> | undefined => this.#redis(wanted);
    return new SnapshotAnswers(config, {
      ...{ clock, random, metrics: metrics.answers, shared: this.#shared, siblings, redis },
    });
  }

  /** Here, and in Redis where there is one: the same limits for the same link, for they learn about its clock. */
  #limits(link: ClosableLink | undefined): Limits {
    const { limits, clock } = this.#options;
    if (link === undefined) return limits;
    let shared = this.#sharedLimits.get(link);
    if (shared === undefined) this.#sharedLimits.set(link, (shared = new RedisLimits(link, limits, clock)));
    return { limiter: (rules) => limits.limiter(rules), shared };
  }

  /** The same link for the same settings, over reloads, until no snapshot uses it any more. */
  #redis({ redis: settings }: Config): Lease<ClosableLink> | undefined {
    if (settings === undefined) return undefined;
    const { clock, random, logger, metrics, surroundings } = this.#options;
    return this.#shared.of('redis')(JSON.stringify(settings), () => {
      return (
        surroundings?.redis?.(settings) ??
        linkRedis(settings, { clock, random, logger, metrics: metrics.redis })
      );
    });
  }

  #upstream(config: UpstreamConfig): Upstream {
    return new Upstream(config, this.#stateOf(config.name), this.targets, {
      wheel: this.wheel,
      random: this.#options.random,
      observer: this.metrics,
    });
  }

  #stateOf(name: string): UpstreamState {
    let state = this.#upstreamStates.get(name);
    if (state === undefined) this.#upstreamStates.set(name, (state = new UpstreamState(this.wheel)));
    return state;
  }
}

/** What tells a gateway apart from others of its name. */
export function newInstance(random: Random): string {
  return Buffer.from(random.bytes(4)).toString('hex');
}

/** How many exchanges an upstream takes at once: by its own limit, and by that of connections to its targets. */
function placesOf({ limits, targets }: UpstreamConfig): number {
  return Math.min(limits.inFlight, (limits.connections ?? Infinity) * targets.length);
}
