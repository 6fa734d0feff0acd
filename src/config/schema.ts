import type { z } from 'zod';
import type { PolicyDefinition } from '../core/policy.ts';
import { withRemedy } from '../core/remedy.ts';
import { buildConfig, type BuiltConfig, type PolicyUse } from './build-config.ts';
import { allCrossMistakes } from './cross-mistakes.ts';
import { completeView } from './document-view.ts';
import { documentSchema } from './schema/document.ts';
import type { PathMatch } from './schema/path-match.ts';
import type { HostPattern } from './schema/route.ts';
import type { NamedMatch, ValueMatch } from './schema/value-match.ts';

/**
 * The schema that turns a configuration, as one writes it, into a {@link Config}. It sees everything but what only
 * `loadConfig` can: `${…}`, files, modules with policies, and options that have no effect.
 * @param policies what may stand in a list of policies. The composition root passes them, for `config` knows none.
 */
export function createConfigSchema(policies: readonly PolicyDefinition[]): ConfigSchema {
  return configSchema(policies);
}

type ConfigSchema = ReturnType<typeof configSchema>;

function configSchema(policies: readonly PolicyDefinition[]) {
  return documentSchema(policies).transform((document, context): BuiltConfig => {
    // Without the raw document nobody can tell a default from what is written: the view is of an empty one.
    for (const { path, found, remedy } of allCrossMistakes(completeView(document, {}), policies)) {
      context.issues.push({
        code: 'custom',
        message: withRemedy(found, remedy),
        input: document,
        path: [...path],
      });
    }
    return buildConfig(document);
  });
}

/** A configuration as one writes it in TypeScript or JSON. */
export type ConfigInput = DeepReadonly<z.input<ConfigSchema>>;

/**
 * A valid configuration, deeply frozen. All durations are in milliseconds and all sizes in bytes; 0 is off where the
 * reference page says so.
 */
export type Config = DeepReadonly<BuiltConfig>;

/** An address that the gateway accepts connections on. */
export type ListenerConfig = Config['listen'][number];

/** A named group of targets. */
export type UpstreamConfig = Config['upstreams'][string];

/** One address of an upstream. */
export type TargetConfig = UpstreamConfig['targets'][number];

/** A match, and what to do with what matches. */
export type RouteConfig = Config['routes'][number];

export type { HostPattern, NamedMatch, PathMatch, PolicyUse, ValueMatch };

type DeepReadonly<T> = T extends string | number | boolean | undefined | null | PolicyDefinition
  ? T
  : T extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
      : T;
