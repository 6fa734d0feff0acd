import type { z } from 'zod';
import type { PolicyDefinition } from '../core/policy.ts';
import type { ConfigInput } from './schema.ts';

type Definitions = readonly PolicyDefinition[];
type RouteInput = ConfigInput['routes'][number];
type UpstreamInput = NonNullable<ConfigInput['upstreams']>[string];

/** A policy in a list of policies: its name with options, or only its name where all options have defaults. */
export type PolicyInput<Policies extends Definitions> = {
  [Index in keyof Policies]: PolicyInputOf<Policies[Index], Policies[number]['name']>;
}[number];

type PolicyInputOf<Definition extends PolicyDefinition, Names extends string> =
  | ({ readonly [Name in Definition['name']]: z.input<Definition['options']> } & {
      readonly [Other in Exclude<Names, Definition['name']>]?: never;
    })
  | (object extends z.input<Definition['options']> ? Definition['name'] : never);

/** A configuration in TypeScript, in which the names of upstreams and policies and the options of policies are known. */
export type GatewayInput<Policies extends Definitions, Upstream extends string> = Omit<
  ConfigInput,
  'upstreams' | 'policies' | 'routes'
> & {
  readonly upstreams?: { readonly [Name in Upstream]: UpstreamInput };
  readonly policies?: readonly PolicyInput<Policies>[];
  readonly routes: readonly (Omit<RouteInput, 'upstream' | 'policies'> & {
    readonly upstream?: NoInfer<Upstream>;
    readonly policies?: readonly PolicyInput<Policies>[];
  })[];
};

/** Takes a configuration as it is; only there so that the compiler checks it. */
export type DefineGateway<Policies extends Definitions> = <const Upstream extends string = never>(
  config: GatewayInput<Policies, Upstream>,
) => ConfigInput;

/**
 * Makes the `defineGateway` for a list of policies.
 * @param _policies only their types matter.
 */
export function createDefineGateway<const Policies extends Definitions>(
  _policies: Policies,
): DefineGateway<Policies> {
  return (config) => config;
}
