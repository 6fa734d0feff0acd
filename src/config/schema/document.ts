import { z } from 'zod';
import type { PolicyDefinition } from '../../core/policy.ts';
import { withRemedy } from '../../core/remedy.ts';
import { cache } from './cache.ts';
import { identity } from './identity.ts';
import { admin, forwarded, listen, trustedProxies, via } from './listener.ts';
import { policyList } from '../../core/policy-list.ts';
import { policyModules } from './policy-modules.ts';
import { redis } from './redis.ts';
import { routeShape } from './route.ts';
import { foundIn } from '../../core/found-in.ts';
import { drain, limits, log, overload, rateLimits, timeouts, workers } from './settings.ts';
import { upstream, upstreamName } from './upstream.ts';

function routeSchema(policies: readonly PolicyDefinition[]) {
  return z.strictObject({
    ...routeShape,
    policies: policyList(policies).prefault([]).describe('The policies of this route, in order, after the global ones.'),
  });
}

/**
 * The schema of a configuration file as one writes it: every key, its type, its default and its bounds. What one key
 * means for another is not its business; see `cross-mistakes.ts`.
 */
export function documentSchema(policies: readonly PolicyDefinition[]): DocumentSchema {
  return makeSchema(policies);
}

/** What {@link documentSchema} returns. */
export type DocumentSchema = ReturnType<typeof makeSchema>;

function makeSchema(policies: readonly PolicyDefinition[]) {
  return z.strictObject({
    $schema: z.string().optional().describe('Where the JSON Schema lives, for the editor; ignored otherwise.'),
    listen,
    admin,
    trustedProxies,
    forwarded,
    via,
    identity,
    workers,
    timeouts,
    limits,
    rateLimits,
    upstreams: z
      .record(upstreamName, upstream, {
        error: (issue) =>
          withRemedy(`expected the upstreams by name, found ${foundIn(issue.input)}`, 'write a name and a URL, such as users: http://localhost:3001'),
      })
      .prefault({})
      .describe('The upstreams by name: a URL, or { targets: […] } with settings.'),
    policyModules,
    policies: policyList(policies).prefault([]).describe('The policies of every route, in order, before those of the route.'),
    routes: z
      .array(routeSchema(policies), {
        error: (issue) =>
          withRemedy(
            issue.input === undefined ? 'there are no routes' : `expected a list of routes, found ${foundIn(issue.input)}`,
            'write routes: with a list such as - { path: /users, upstream: users }',
          ),
      })
      .describe('The routes: what to match, and what to do with what matches.'),
    cache,
    redis,
    log,
    drain,
    overload,
  });
}

/** A configuration after each key has been read by itself. */
export type ConfigDocument = z.output<DocumentSchema>;

/** A route after each key has been read by itself. */
export type RouteDocument = ConfigDocument['routes'][number];
