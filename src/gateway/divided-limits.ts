import type { Config, UpstreamConfig } from '../config/schema.ts';

/**
 * The configuration as one of several threads serves it: limits that hold for the gateway as a whole are divided by the
 * number of threads, rounded up, so that what the operator wrote stays the limit of all of them together.
 */
export function dividedLimits(config: Config, threads: number): Config {
  if (threads === 1) return config;
  const { cache, limits, upstreams } = config;
  const divided = Object.entries(upstreams).map(
    ([name, upstream]) => [name, dividedUpstream(upstream, threads)] as const,
  );
  return {
    ...config,
    cache: { ...cache, memory: Math.floor(cache.memory / threads) },
    limits: {
      ...limits,
      inFlight: share(limits.inFlight, threads),
      connections: limits.connections === 'auto' ? 'auto' : share(limits.connections, threads),
    },
    // Without a prototype, as the configuration has them.
    upstreams: Object.setPrototypeOf(Object.fromEntries(divided), null) as Config['upstreams'],
  };
}

/** One thread's share of a number. */
export function share(amount: number, threads: number): number {
  return Math.ceil(amount / threads);
}

function dividedUpstream(upstream: UpstreamConfig, threads: number): UpstreamConfig {
  const { inFlight, connections, ...limits } = upstream.limits;
  return {
    ...upstream,
    limits: {
      ...limits,
      inFlight: share(inFlight, threads),
      connections: connections === undefined ? undefined : share(connections, threads),
    },
  };
}
