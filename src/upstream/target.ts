import type { TargetConfig, UpstreamConfig } from '../config/schema.ts';
import type { ClientConnectionEnvironment } from '../http1/client-settings.ts';
import { socketNetwork, type TargetNetwork } from './connect.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { Weighted } from './balancing/balancer.ts';

/** What outlives a snapshot of a target: its connections. */
export class TargetState {
  readonly pool: ConnectionPool;

  constructor(pool: ConnectionPool) {
    this.pool = pool;
  }
}

/** A target in one snapshot. */
export interface Target extends Weighted {
  /** `host:port`, for logs and headers. */
  readonly label: string;
  /** The value of the Host header for this target: without the port when it is the scheme's own (RFC 9110 §7.2). */
  readonly host: string;
  readonly state: TargetState;
}

/** The states of all targets, keyed by what makes a connection the same connection. */
export class TargetStates {
  readonly #states = new Map<string, TargetState>();
  readonly #environment: ClientConnectionEnvironment;
  readonly #network: TargetNetwork;

  constructor(environment: ClientConnectionEnvironment, network: TargetNetwork = socketNetwork) {
    this.#environment = environment;
    this.#network = network;
  }

  /** The target of a snapshot, with the state that it already had. */
  target(config: TargetConfig, upstream: UpstreamConfig): Target {
    const key = this.#network.keyOf(config, upstream);
    let state = this.#states.get(key);
    if (state === undefined) {
      state = new TargetState(
        new ConnectionPool(this.#network.connector(config, upstream), this.#environment),
      );
      this.#states.set(key, state);
    }
    // RFC 3986 §3.2.2: an IPv6 address stands in brackets.
    const host = config.host.includes(':') ? `[${config.host}]` : config.host;
    const label = `${host}:${config.port}`;
    const standard = config.protocol === 'https' ? 443 : 80;
    return { weight: config.weight, label, host: config.port === standard ? host : label, state };
  }

  /**
   * Holds on to the targets of these upstreams, with what they say about connections at rest, and lets go of all others;
   * exchanges under way keep their connections.
   */
  retain(upstreams: readonly UpstreamConfig[]): void {
    const keys = new Set<string>();
    for (const upstream of upstreams) {
      for (const target of upstream.targets) {
        const key = this.#network.keyOf(target, upstream);
        keys.add(key);
        const state = this.#states.get(key);
        if (state === undefined) continue;
        state.pool.keepAlive = upstream.timeouts.keepAlive;
        state.pool.limit = upstream.limits.connections ?? Infinity;
      }
    }
    for (const [key, state] of this.#states) {
      if (keys.has(key)) continue;
      state.pool.close();
      this.#states.delete(key);
    }
  }

  /** Ends every connection. */
  destroy(): void {
    for (const state of this.#states.values()) state.pool.destroy();
    this.#states.clear();
  }

  /** How many connections to targets are open. */
  get connections(): number {
    let count = 0;
    for (const state of this.#states.values()) count += state.pool.size;
    return count;
  }
}
