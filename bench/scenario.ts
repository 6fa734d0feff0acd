import type { Metric } from './measurement.ts';
import type { Policies, Proxy } from './proxy.ts';

/** What one request of a scenario is. */
export interface RequestKind {
  /** The target's path, behind the route: `/json`, `/64k`, `/10m`, `/chunked`. */
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  /** Octets of the request body; none when absent. */
  readonly body?: number;
  /** Headers besides those that every request has. */
  readonly headers?: Readonly<Record<string, string>>;
}

interface Common {
  /** By which flags name it: its number in the list, with a letter where there are variants. */
  readonly id: string;
  readonly title: string;
  /** What a reader should know to read the figures. */
  readonly note?: string;
  readonly routes: number;
  /** Whether access log and metrics are on. */
  readonly observed?: boolean;
  /** What proxies are compared by, as a ratio; the CPU time per request when absent. */
  readonly headline?: Metric;
  /** What every request goes through, in the words of each proxy that takes part. */
  readonly policies?: Policies;
  /** Whether there is a Redis, beside the target. */
  readonly redis?: boolean;
  /**
   * `apart`, which is the default: the proxies have a core for themselves. `shared`: proxy, target and load may use them all,
   * or, where there are more than two, the proxy has two for itself.
   */
  readonly cores?: 'apart' | 'shared';
  /** So many rounds suffice, where figures hardly differ; as many as everywhere when absent. */
  readonly rounds?: number;
  /** The keys of the proxies that take part; all but variants when absent. */
  readonly proxies?: readonly string[];
}

/** As many requests as the proxy takes, over a number of connections. */
export interface ClosedLoop extends Common {
  readonly kind: 'closed loop';
  readonly request: RequestKind;
  readonly connections: number;
  /** Whether each request has a connection of its own. */
  readonly newConnections?: boolean;
}

/** A fixed rate, whether the proxy keeps up or not. */
export interface OpenLoop extends Common {
  readonly kind: 'open loop';
  readonly request: RequestKind;
  readonly connections: number;
  /** The share of what the slowest proxy can take. */
  readonly shareOfSlowest: number;
}

/** Connections that do nothing after their first request. */
export interface IdleConnections extends Common {
  readonly kind: 'idle connections';
  readonly request: RequestKind;
  readonly connections: number;
}

/** From the start of the process to the first answered request. */
export interface ColdStart extends Common {
  readonly kind: 'cold start';
  readonly request: RequestKind;
}

/** What is measured. */
export type Scenario = ClosedLoop | OpenLoop | IdleConnections | ColdStart;

/** Whether a proxy takes part in a scenario; `waygate@main` does where `waygate` does. */
export function takesPart({ proxies }: Pick<Scenario, 'proxies'>, { key, isVariant }: Proxy): boolean {
  return proxies === undefined ? isVariant !== true : proxies.includes(key.split('@', 1)[0] ?? key);
}
