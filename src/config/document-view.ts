import { z } from 'zod';
import type { ConfigDocument, DocumentSchema, RouteDocument } from './schema/document.ts';
import type { ParsedPolicyUse } from '../core/policy-list.ts';
import { upstream as upstreamSchema } from './schema/upstream.ts';
import { isMapping, valueAt } from './plain-value.ts';

/** An upstream after its keys have been read. */
export type UpstreamDocument = ConfigDocument['upstreams'][string];

/**
 * What could be read of a document, for the checks that compare one key with another. In a document without mistakes
 * that is everything; in another, whatever makes sense by itself, so that one mistake does not hide the next.
 */
export interface DocumentView {
  readonly listen: ConfigDocument['listen'] | undefined;
  readonly admin: ConfigDocument['admin'];
  readonly identity: ConfigDocument['identity'] | undefined;
  /** By name; undefined for one that could not be read. The whole is undefined when nobody can say which names exist. */
  readonly upstreams: ReadonlyMap<string, UpstreamDocument | undefined> | undefined;
  readonly policies: readonly ParsedPolicyUse[] | undefined;
  /** Undefined when there is none, or it could not be read. */
  readonly redis: ConfigDocument['redis'];
  readonly cache: ConfigDocument['cache'] | undefined;
  readonly routes: readonly Partial<RouteDocument>[];
  /** Whether something is written at the path. */
  readonly has: (path: readonly (string | number)[]) => boolean;
  /** What is written, with mistakes and all. */
  readonly raw: unknown;
}

/** The view of a document in which each key is right by itself. */
export function completeView(document: ConfigDocument, raw: unknown): DocumentView {
  const { listen, admin, identity, policies, routes, redis, cache } = document;
  return {
    listen,
    admin,
    identity,
    policies,
    routes,
    redis,
    cache,
    upstreams: new Map(Object.entries(document.upstreams)),
    has: hasIn(raw),
    raw,
  };
}

/** The view of a document with mistakes: each key is read by itself, and those with mistakes are left out. */
export function salvagedView(schema: DocumentSchema, raw: unknown): DocumentView {
  const { shape } = schema;
  const { listen, admin, identity, policies, redis, cache } = readKeys(
    {
      listen: shape.listen,
      admin: shape.admin,
      identity: shape.identity,
      policies: shape.policies,
      redis: shape.redis,
      cache: shape.cache,
    },
    raw,
  );
  const routeShape = shape.routes.element.shape;
  const rawRoutes = valueAt(raw, ['routes']);
  return {
    listen,
    admin,
    identity: identity ?? readIdentity(valueAt(raw, ['identity', 'headers'])),
    policies,
    redis,
    cache,
    upstreams: readUpstreams(valueAt(raw, ['upstreams'])),
    routes: Array.isArray(rawRoutes) ? rawRoutes.map((route) => readKeys(routeShape, route)) : [],
    has: hasIn(raw),
    raw,
  };
}

/** Those headers of `identity` that are texts. */
function readIdentity(raw: unknown): DocumentView['identity'] {
  if (!isMapping(raw)) return undefined;
  const texts = Object.entries(raw).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return { headers: Object.fromEntries(texts) };
}

function readUpstreams(raw: unknown): DocumentView['upstreams'] {
  if (raw === undefined) return new Map();
  if (!isMapping(raw)) return undefined;
  return new Map(Object.entries(raw).map(([name, value]) => [name, upstreamSchema.safeParse(value).data]));
}

/** The output of each key of a shape whose value is right. */
function readKeys<Shape extends z.ZodRawShape>(
  shape: Shape,
  raw: unknown,
): { [Key in keyof Shape]?: z.output<Shape[Key]> } {
  if (!isMapping(raw)) return {};
  const read: { [Key in keyof Shape]?: z.output<Shape[Key]> } = {};
  for (const key of Object.keys(shape) as (keyof Shape & string)[]) {
    const schema: z.core.$ZodType | undefined = shape[key];
    if (schema === undefined) continue;
    const result = z.safeParse(schema, raw[key]);
    if (result.success) read[key] = result.data as z.output<Shape[typeof key]>;
  }
  return read;
}

function hasIn(raw: unknown): DocumentView['has'] {
  return (path) => valueAt(raw, path) !== undefined;
}
