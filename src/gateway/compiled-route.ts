import type { Config, RouteConfig } from '../config/schema.ts';
import type { PolicyInstance } from '../core/policy.ts';
import type { UrlTemplate } from '../core/url-template.ts';
import { compilePathTemplate } from '../core/url-template.ts';
import { canonicalPath } from '../http/path.ts';
import type { ClientSettings } from '../http1/client-settings.ts';
import type { RouteMetrics } from '../observe/gateway-metrics.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Identity } from './identity.ts';

/** Long enough for a quiet event stream or WebSocket, short enough to notice a dead one; milliseconds. */
const STREAM_IDLE = 10 * 60_000;

/** A policy of a route, with the name it is logged under. */
export interface NamedPolicy {
  readonly name: string;
  readonly instance: PolicyInstance;
  /**
   * Whether it came with the gateway: it then holds no event loop, and writes no header that is none. Others are looked at,
   * which for each of their calls costs as much as reading the clock.
   */
  readonly isOurs: boolean;
}

/** A route with everything computed that depends on the configuration alone. */
export interface CompiledRoute {
  /** '' for what no route matched. */
  readonly name: string;
  /** Undefined only for what no route matched. */
  readonly config: RouteConfig | undefined;
  readonly policies: readonly NamedPolicy[];
  /** Whether any policy looks at answers. */
  readonly watchesResponses: boolean;
  /** Whether all of the policies came with the gateway. */
  readonly onlyOurs: boolean;
  readonly upstream: Upstream | undefined;
  readonly clientSettings: ClientSettings;
  readonly metrics: RouteMetrics;
  /** Whether the path for the target is another one than the request's. */
  readonly rewrites: boolean;
  readonly rewrite: UrlTemplate | undefined;
  /** The trailers of requests that are passed on: those of the route, but none that says who is asking. */
  readonly requestTrailers: readonly string[];
  readonly bodyLimit: number;
  readonly exchangeTimeout: number;
  /** How long one policy may take, and how long a stage may keep a body waiting. */
  readonly policyTimeout: number;
  readonly requestBodyTimeout: number;
  readonly requestBodyIdleTimeout: number;
}

/**
 * The path for the target when the prefix is taken away: what is left begins with a slash, and is what it looks like.
 * @returns undefined when nothing sound is left.
 */
export function stripPrefix(path: string, prefix: string): string | undefined {
  const rest = prefix.endsWith('/') ? path.slice(prefix.length - 1) : path.slice(prefix.length);
  if (rest === '') return '/';
  return canonicalPath(rest);
}

/** Compiles a route's settings; policies and upstream come from the snapshot. */
export function compileRoute(
  config: RouteConfig,
  all: Config,
  parts: {
    readonly policies: readonly NamedPolicy[];
    readonly upstream: Upstream | undefined;
    readonly metrics: RouteMetrics;
    readonly paramNames: readonly string[];
    readonly identity: Identity;
  },
): CompiledRoute {
  const upstreamTimeouts = parts.upstream?.config.timeouts;
  return {
    name: config.name,
    config,
    policies: parts.policies,
    watchesResponses: parts.policies.some(({ instance }) => instance.onResponse !== undefined),
    onlyOurs: parts.policies.every(({ isOurs }) => isOurs),
    upstream: parts.upstream,
    clientSettings: {
      connectTimeout: upstreamTimeouts?.connect ?? 0,
      headersTimeout: config.timeouts.responseHeaders ?? upstreamTimeouts?.responseHeaders ?? 0,
      bodyIdleTimeout: config.timeouts.bodyIdle ?? upstreamTimeouts?.bodyIdle ?? 0,
      streamIdleTimeout: config.timeouts.bodyIdle ?? STREAM_IDLE,
      interimLimit: all.limits.interimResponses,
    },
    metrics: parts.metrics,
    rewrites: config.stripPrefix || config.rewrite !== undefined,
    rewrite: config.rewrite === undefined ? undefined : compilePathTemplate(config.rewrite, parts.paramNames),
    requestTrailers: config.trailers.filter((name) => !parts.identity.owns(name)),
    bodyLimit: config.limits.body,
    exchangeTimeout: config.timeouts.exchange,
    policyTimeout: config.timeouts.policy,
    requestBodyTimeout: config.timeouts.requestBody,
    requestBodyIdleTimeout: config.timeouts.requestBodyIdle,
  };
}

/** What a request gets that no route matched: the global policies, and no upstream. */
export function compileMiss(
  all: Config,
  policies: readonly NamedPolicy[],
  metrics: RouteMetrics,
): CompiledRoute {
  return {
    name: '',
    config: undefined,
    policies,
    watchesResponses: policies.some(({ instance }) => instance.onResponse !== undefined),
    onlyOurs: policies.every(({ isOurs }) => isOurs),
    upstream: undefined,
    clientSettings: {
      connectTimeout: 0,
      headersTimeout: 0,
      bodyIdleTimeout: 0,
      streamIdleTimeout: STREAM_IDLE,
      interimLimit: 0,
    },
    metrics,
    rewrites: false,
    rewrite: undefined,
    requestTrailers: [],
    bodyLimit: all.limits.body,
    exchangeTimeout: all.timeouts.exchange,
    policyTimeout: all.timeouts.policy,
    requestBodyTimeout: all.timeouts.requestBody,
    requestBodyIdleTimeout: all.timeouts.requestBodyIdle,
  };
}
