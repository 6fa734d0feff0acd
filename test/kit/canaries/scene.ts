import { createHash } from 'node:crypto';
import { Agent } from 'node:http';
import type { ConfigInput } from '../../../src/config/schema.ts';
import { CanaryClient, keyOf, routes, type Tally } from './client.ts';

/** How a run is made. */
export interface CanaryRun {
  readonly seed: number;
  /** The ports of all gateways. */
  readonly ports: readonly [number, ...number[]];
  /** How many requests are under way at once. */
  readonly abreast: number;
  /** Whether to go on, asked before each request. */
  readonly goesOn: (tally: Tally) => boolean;
}

/** Lets clients ask until they are told to stop, or somebody gets what is not for them. */
export async function runCanaries({ seed, ports, abreast, goesOn }: CanaryRun): Promise<Tally> {
  const tally: Tally = { requests: 0, shared: 0, broken: 0, leaks: [] };
  const agent = new Agent({ keepAlive: true, maxSockets: abreast });
  const client = async (index: number): Promise<void> => {
    const each = new CanaryClient(seed * 1000 + index, ports, agent, tally);
    while (tally.leaks.length === 0 && goesOn(tally)) await each.ask();
  };
  await Promise.all(Array.from({ length: abreast }, (_, index) => client(index)));
  agent.destroy();
  return tally;
}

const consumers = Array.from({ length: 50 }, (_, user) => ({
  name: `u${user}`,
  keys: [`sha256:${createHash('sha256').update(keyOf(user)).digest('hex')}`],
}));

/** A gateway that keeps answers in as many ways as there are. */
export function canaryConfig(target: string, more: Partial<ConfigInput> = {}): ConfigInput {
  const key = { 'api-key': { consumers } };
  const anyone = { 'any-of': { policies: [key], anonymous: true } };
  const own = (options: Record<string, unknown> = {}): Record<string, unknown> => ({ cache: options });
  const policies: Record<(typeof routes)[number], Record<string, unknown>[]> = {
    plain: [own()],
    stale: [own({ staleWhileRevalidate: '5s', staleIfError: '5s', cacheStatus: true })],
    per: [key, own({ perConsumer: true, staleWhileRevalidate: '5s' })],
    any: [anyone, own({ perConsumer: true })],
    key: [key, own({ staleIfError: '5s' })],
    set: [key, own(), { headers: { request: { set: { 'X-Set': '${consumer.id}' } } } }],
    behind: [own(), key],
    ttl: [own({ ttl: { 200: '2s', 404: '1s' }, heuristic: true })],
    query: [own({ key: { query: { without: ['utm'] } }, coalesce: '100ms' })],
  };
  return {
    upstreams: { service: target },
    identity: { headers: { 'X-Who': '${consumer.id}' } },
    routes: routes.map((path) => ({ path: `/${path}`, upstream: 'service', policies: policies[path] })),
    cache: { largest: '100kb', memory: '16mb' },
    ...more,
  };
}
