import type { z } from 'zod';
import type { PolicyDefinition } from '../core/policy.ts';
import type { PolicyInput } from '../core/policy-list.ts';
import type { ConfigInput } from './schema.ts';
import type { MemberOf, TemplateMistakes } from './template-mistakes.ts';

type Definitions = readonly PolicyDefinition[];
type Modules = readonly (string | PolicyDefinition)[];
type RouteInput = ConfigInput['routes'][number];
type UpstreamInput = NonNullable<ConfigInput['upstreams']>[string];

/** A configuration in TypeScript, in which the names of upstreams and policies and the options of policies are known. */
export type GatewayInput<
  Policies extends Definitions,
  Upstream extends string,
  Named extends Modules,
  Written,
> = Omit<ConfigInput, 'upstreams' | 'policies' | 'policyModules' | 'routes'> & {
  readonly upstreams?: { readonly [Name in Upstream]: UpstreamInput };
  /** Policies of your own: definitions, whose options are then known here, or the modules that export them. */
  readonly policyModules?: Named;
  /** The policies of every route, in order, before those of the route. */
  readonly policies?: readonly PolicyOf<Policies, NoInfer<Named>, NoInfer<Written>>[];
  readonly routes: readonly RouteOf<Policies, Upstream, Named, Written>[];
};

type RouteOf<Policies extends Definitions, Upstream extends string, Named extends Modules, Written> = Omit<
  RouteInput,
  'upstream' | 'policies'
> & {
  /** The upstream that serves this route; only a route whose policies always answer has none. */
  readonly upstream?: NoInfer<Upstream>;
  /** The policies of this route, in order, after the global ones. */
  readonly policies?: readonly PolicyOf<Policies, NoInfer<Named>, NoInfer<Written>>[];
};

/** Takes a configuration as it is; only there so that the compiler checks it. */
export type DefineGateway<Policies extends Definitions> = <
  const Upstream extends string = never,
  const Named extends Modules = [],
  const Written = never,
>(
  config: GatewayInput<Policies, Upstream, Named, Written> &
    MistakesIn<Written, RouteOf<Policies, Upstream, Named, Written>, PolicyOf<Policies, Named, Written>>,
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

/**
 * The compiler infers `Written` from what is written, since it might be that; but once it is known, only mistakes are asked
 * for. So each of them is reported at its place, and nothing else changes: a misspelt key is still one.
 */
type MistakesIn<Written, Route, Policy> = [Written] extends [never]
  ? Written
  : [TemplateMistakes<NoInfer<Written>, Route, Policy>] extends [never]
    ? unknown
    : TemplateMistakes<NoInfer<Written>, Route, Policy>;

/** One policy in a list: a built-in one, one of a definition that is given, or, where modules are named, one that only they know. */
type PolicyOf<Policies extends Definitions, Named extends Modules, Written> = Named extends readonly []
  ? PolicyInput<Policies>
  : | PolicyInput<readonly [...WithOwnInside<Policies, OwnIn<Named>>, ...OwnIn<Named>]>
    | (AreKnown<Named> extends true
        ? never
        : OfModules<NamesIn<Written>, Policies[number]['name'] | OwnIn<Named>[number]['name']>);

/** The definitions among what stands under `policyModules`. */
type OwnIn<Named extends Modules> = Named extends readonly [infer First, ...infer Rest extends Modules]
  ? readonly [...(First extends PolicyDefinition ? [First] : []), ...OwnIn<Rest>]
  : readonly [];

/** Whether every policy is known: nothing is named by its path, and no list is computed. */
type AreKnown<Named extends Modules> = Named extends readonly []
  ? true
  : Named extends readonly [infer First, ...infer Rest extends Modules]
    ? First extends PolicyDefinition
      ? AreKnown<Rest>
      : false
    : false;

/** Whatever else is used comes from the modules that are named by their path, and may have any options or none. */
type OfModules<Used extends string, Known extends string> =
  Exclude<Used, Known> extends infer Name extends string
    ? Name extends string
      ? Name | ({ readonly [Own in Name]: unknown } & { readonly [Other in Known]?: never })
      : never
    : never;

/** The names of the policies that are used. */
type NamesIn<Written> =
  NamesOf<MemberOf<Written, 'policies'>> | NamesOf<MemberOf<ItemOf<MemberOf<Written, 'routes'>>, 'policies'>>;

type NamesOf<List> = ItemOf<List> extends infer Use ? (Use extends string ? Use : keyof Use & string) : never;

type ItemOf<List> = List extends readonly (infer Item)[] ? Item : never;

/** Definitions of one's own may establish who is asking, and stand in `any-of`. */
type WithOwnInside<Policies extends Definitions, Own extends Definitions> = {
  readonly [Index in keyof Policies]: Policies[Index] extends PolicyDefinition<'any-of', infer Options>
    ? PolicyDefinition<'any-of', z.ZodType<unknown, AnyOfWith<z.input<Options>, Own>>>
    : Policies[Index];
};

type AnyOfWith<Options, Own extends Definitions> = Options extends {
  readonly policies: readonly (infer Use)[];
}
  ? Omit<Options, 'policies'> & { readonly policies: readonly (Use | PolicyInput<Own>)[] }
  : Options;
