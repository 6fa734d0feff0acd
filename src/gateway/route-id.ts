import { hash } from 'node:crypto';
import type { Config } from '../config/schema.ts';

type Route = Config['routes'][number];

/**
 * What a route's answers are known by, over reloads and among gateways: its name, and all by which the same URL comes to mean something
 * else. Not what is told apart by the URL itself, nor where the upstream's targets are: more of them must not make a cache forget.
 */
export function routeIdOf({ name, upstream, headers, query, preserveHost }: Route): string {
  const told = JSON.stringify([name, upstream ?? '', headers, query, preserveHost]);
  return hash('sha256', told, 'base64url').slice(0, 22);
}
