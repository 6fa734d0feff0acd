import type { PolicyDefinition } from '../core/policy.ts';
import type { PolicyInput } from '../core/policy-list.ts';
import type { ConfigInput } from './schema.ts';

type Definitions = readonly PolicyDefinition[];
type RouteInput = ConfigInput['routes'][number];
type UpstreamInput = NonNullable<ConfigInput['upstreams']>[string];

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
