import type { ErrorCode } from '../core/errors.ts';
import type { PolicyMetrics } from '../core/policy.ts';
import type { Counter, MetricsRegistry } from './metrics.ts';
import type { SeriesSet } from './series-set.ts';
import { AnswerSeries } from './answer-series.ts';
import { PolicySeries } from './policy-metrics.ts';
import { registerProcessMetrics } from './process-metrics.ts';
import { RedisMetrics } from './redis-metrics.ts';
import { type RouteMetrics, RouteSeries } from './route-metrics.ts';

export type { RouteMetrics } from './route-metrics.ts';

/** Why an exchange was refused, or a connection, to protect the rest. */
export type ShedReason = 'event_loop_delay' | 'memory' | 'in_flight' | 'connections';

/** What exchanges are counted under that no route matched. */
const noRoute = '(none)';

export interface GatewayMetricsOptions {
  /** The version of Waygate itself. */
  readonly version: string;
  /** How many lines the access log has dropped; 0 where there is none. */
  readonly accessLogDropped: () => number;
  /** Connections to targets that are open; 0 when left out. */
  readonly targetConnections?: () => number;
  /** How many keys of rate limits were forgotten for want of room; 0 when left out. */
  readonly limitKeysForgotten?: () => number;
  /** How many threads serve; 1 when left out. */
  readonly workers?: () => number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * Everything that the gateway counts. Methods are called on the data path: each is a few additions, without strings
 * or objects made. Labels come from the configuration or from closed lists, whatever clients send (HARDENING F197).
 */
export class GatewayMetrics {
  /** What is counted about the link to Redis. */
  readonly redis: RedisMetrics;
  /** What is counted about answers that are kept. */
  readonly answers: AnswerSeries;
  readonly #routes: RouteSeries;
  readonly #policies: PolicySeries;
  readonly #policyFailures: SeriesSet<Counter>;
  readonly #upstreamErrors: SeriesSet<Counter>;
  readonly #clientErrors: SeriesSet<Counter>;
  readonly #shed: SeriesSet<Counter>;
  readonly #retries: SeriesSet<Counter>;
  readonly #reloads: SeriesSet<Counter>;
  readonly #connections: Counter;
  readonly #received: Counter;
  readonly #sent: Counter;
  readonly #headersDropped: Counter;
  readonly #connectionsOpen: Counter;
  readonly #inFlight: Counter;
  readonly #workerRestarts: Counter;
  readonly #now: () => number;
  readonly #stopProcessMetrics: () => void;
  #config: { readonly version: string; readonly loadedAt: number } | undefined;
  #lastReload: boolean | undefined;

  constructor(registry: MetricsRegistry, options: GatewayMetricsOptions) {
    this.#now = options.now ?? Date.now;
    this.#routes = new RouteSeries(registry);
    this.#inFlight = registry.gauge('waygate_requests_in_flight', 'Exchanges under way.');
    this.#connectionsOpen = registry.gauge('waygate_connections_open', 'Client connections open.');
    this.#connections = registry.counter('waygate_connections_total', 'Client connections accepted.');
    this.#received = registry.counter(
      'waygate_received_bytes_total',
      'Octets received on client connections, heads included.',
    );
    this.#sent = registry.counter(
      'waygate_sent_bytes_total',
      'Octets sent on client connections, heads included.',
    );
    this.#upstreamErrors = registry.counters(
      'waygate_upstream_errors_total',
      'Exchanges that an upstream failed, by upstream and code.',
      ['upstream', 'code'],
    );
    this.#policyFailures = registry.counters(
      'waygate_policy_failures_total',
      'What policies did that none should, by policy, route and kind.',
      ['policy', 'route', 'kind'],
    );
    this.#retries = registry.counters('waygate_retries_total', 'Requests sent again, by upstream.', [
      'upstream',
    ]);
    this.#clientErrors = registry.counters(
      'waygate_client_errors_total',
      'Requests refused before they were routed, malformed ones among them, by code.',
      ['code'],
    );
    this.#shed = registry.counters(
      'waygate_shed_total',
      'Exchanges and connections refused to protect the rest, by reason.',
      ['reason'],
    );
    this.#headersDropped = registry.counter(
      'waygate_headers_dropped_total',
      'Request headers dropped for their names: with an underscore, or only for the gateway to set.',
    );
    registry.sample(
      'gauge',
      'sum',
      'waygate_target_connections_open',
      'Connections to targets open, those at rest included.',
      options.targetConnections ?? (() => 0),
    );
    registry.sample(
      'counter',
      'sum',
      'waygate_access_log_dropped_total',
      'Lines of the access log dropped because the place they go to did not take them.',
      options.accessLogDropped,
    );
    registry.read(
      'counter',
      'waygate_rate_limit_keys_forgotten_total',
      'Keys of rate limits forgotten before their time, because there was no room for more.',
      options.limitKeysForgotten ?? (() => 0),
    );
    this.#reloads = registry.counters('waygate_config_reloads_total', 'Reloads, by result.', ['result']);
    for (const result of ['ok', 'failed']) this.#reloads.with(result);
    this.#registerConfig(registry, options.version);
    registry.read('gauge', 'waygate_workers', 'Threads that serve.', options.workers ?? (() => 1));
    this.#workerRestarts = registry.counter(
      'waygate_worker_restarts_total',
      'Threads started in the place of others that had died.',
    );
    this.#policies = new PolicySeries(registry);
    this.redis = new RedisMetrics(registry);
    this.answers = new AnswerSeries(registry);
    this.#stopProcessMetrics = registerProcessMetrics(registry);
  }

  /** The counters of one route, asked for at load; '' is what no route matched. The same as long as it is retained. */
  route(name: string): RouteMetrics {
    return this.#routes.handle(name === '' ? noRoute : name);
  }

  /** The counters of one policy on one route, asked for at load; '' is a policy on every route. */
  policy(policyName: string, routeName: string): PolicyMetrics {
    return this.#policies.of(policyName, routeName);
  }

  /**
   * Drops the series of routes and upstreams that are no longer configured; to be called after every reload. A route
   * that comes back later starts at zero, which Prometheus takes for a restart.
   */
  retain(routeNames: ReadonlySet<string>, upstreamNames: ReadonlySet<string>): void {
    this.#routes.retain((label) => label === noRoute || routeNames.has(label));
    this.#policies.retain((routeName) => routeNames.has(routeName));
    this.#policyFailures.retain('route', (label) => label === noRoute || routeNames.has(label));
    this.#upstreamErrors.retain('upstream', (name) => upstreamNames.has(name));
    this.#retries.retain('upstream', (name) => upstreamNames.has(name));
  }

  connectionOpened(): void {
    this.#connections.add();
    this.#connectionsOpen.add();
  }

  connectionClosed(): void {
    this.#connectionsOpen.add(-1);
  }

  exchangeStarted(): void {
    this.#inFlight.add();
  }

  exchangeEnded(): void {
    this.#inFlight.add(-1);
  }

  /** Octets on client connections, heads and framing included. */
  bytes(received: number, sent: number): void {
    this.#received.add(received);
    this.#sent.add(sent);
  }

  /** A policy did what none should. @param policy and @param route from the configuration. @param kind from a closed list. */
  policyFailed(policy: string, route: string, kind: string): void {
    this.#policyFailures.with(policy, route === '' ? noRoute : route, kind).add();
  }

  /** @param upstream a name from the configuration. */
  upstreamError(upstream: string, code: ErrorCode): void {
    this.#upstreamErrors.with(upstream, code).add();
  }

  /** A request was refused before it was routed. */
  clientError(code: ErrorCode): void {
    this.#clientErrors.with(code).add();
  }

  /** @param upstream a name from the configuration. */
  retries(upstream: string): void {
    this.#retries.with(upstream).add();
  }

  /** A reload has ended: with a new configuration, or with the old one because the new one has mistakes. */
  reload(ok: boolean): void {
    this.#lastReload = ok;
    this.#reloads.with(ok ? 'ok' : 'failed').add();
  }

  /** A configuration has begun to serve. @param version its digest. */
  configInfo(version: string): void {
    this.#config = { version, loadedAt: this.#now() };
  }

  /** One request header was dropped for its name. */
  headersDropped(count = 1): void {
    this.#headersDropped.add(count);
  }

  shed(reason: ShedReason): void {
    this.#shed.with(reason).add();
  }

  /** A thread has been started in the place of one that had died. */
  workerRestarted(): void {
    this.#workerRestarts.add();
  }

  /** Stops measuring the event loop. */
  close(): void {
    this.#stopProcessMetrics();
  }

  #registerConfig(registry: MetricsRegistry, version: string): void {
    registry.read(
      'gauge',
      'waygate_config_last_reload_successful',
      'Whether the last reload went well.',
      () => {
        return this.#lastReload === false ? 0 : 1;
      },
    );
    registry.read(
      'gauge',
      'waygate_config_loaded_timestamp_seconds',
      'When the configuration began to serve, in seconds since the epoch.',
      () => (this.#config === undefined ? undefined : this.#config.loadedAt / 1000),
    );
    registry.info('waygate_config_info', 'The version of the configuration that serves.', () => {
      return this.#config === undefined ? undefined : [['version', this.#config.version]];
    });
    registry.info('waygate_build_info', 'The versions of Waygate and of Node.', () => [
      ['version', version],
      ['node', process.versions.node],
    ]);
  }
}

/** Makes the gateway's metrics and declares them in a registry. */
export function createGatewayMetrics(
  registry: MetricsRegistry,
  options: GatewayMetricsOptions,
): GatewayMetrics {
  return new GatewayMetrics(registry, options);
}
