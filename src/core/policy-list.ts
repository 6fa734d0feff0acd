import { z } from 'zod';
import { foundIn } from './found-in.ts';
import { nearest } from './nearest.ts';
import type { PolicyDefinition } from './policy.ts';
import { withRemedy } from './remedy.ts';

/** A policy in a list of policies, before its place in the document is known. */
export interface ParsedPolicyUse {
  readonly name: string;
  readonly options: unknown;
}

/** A policy in a list of policies, as one writes it in TypeScript: its name with options, or only its name where all options have defaults. */
export type PolicyInput<Policies extends readonly PolicyDefinition[]> = {
  [Index in keyof Policies]: PolicyInputOf<Policies[Index], Policies[number]['name']>;
}[number];

type PolicyInputOf<Definition extends PolicyDefinition, Names extends string> =
  | ({ readonly [Name in Definition['name']]: z.input<Definition['options']> } & {
      readonly [Other in Exclude<Names, Definition['name']>]?: never;
    })
  | (object extends z.input<Definition['options']> ? Definition['name'] : never);

/**
 * A list of policies as one writes it: `- cors: {…}` with options, `- request-id` without.
 * @param policies what may stand in it.
 * @param absent what is wrong with another name, in the form of {@link withRemedy}: that there is no such policy, unless told otherwise.
 */
export function policyList(
  policies: readonly PolicyDefinition[],
  absent?: (name: string) => string,
): z.ZodArray<z.ZodType<ParsedPolicyUse>> {
  return z.array(policyUse(policies, absent), {
    error: (issue) =>
      withRemedy(
        `expected a list of policies, found ${foundIn(issue.input)}`,
        'write each policy on a line of its own with "- " in front',
      ),
  });
}

function policyUse(
  policies: readonly PolicyDefinition[],
  absent: ((name: string) => string) | undefined,
): z.ZodType<ParsedPolicyUse> {
  const withOptions = z
    .strictObject(Object.fromEntries(policies.map((policy) => [policy.name, optionsOf(policy)])), {
      error: (issue) => {
        if (absent === undefined || issue.code !== 'unrecognized_keys') return undefined;
        return absent(String(issue.keys[0]));
      },
    })
    .meta({ minProperties: 1, maxProperties: 1 })
    .transform(toUse);
  const bare = z
    .string()
    .meta({ enum: policies.filter(needsNoOptions).map(({ name }) => name) })
    .transform((name, context): ParsedPolicyUse => {
      const result = withOptions.safeParse({ [name]: {} });
      if (result.success) return result.data;
      const known = policies.some((policy) => policy.name === name);
      const found = `the policy "${name}" needs options`;
      const message = known
        ? withRemedy(found, `write - ${name}: { … }`)
        : (absent ?? unknownPolicy)(name, policies);
      context.issues.push({ code: 'custom', message, input: name });
      return z.NEVER;
    });
  return z.union([bare, withOptions], {
    error: (issue) => withRemedy(`expected a policy, found ${foundIn(issue.input)}`, 'write - <name>: { … }'),
  });
}

/** A policy's options, for which nothing may stand when all of them have defaults: `- security-headers:`. */
function optionsOf(policy: PolicyDefinition): z.ZodType {
  const { options, description } = policy;
  if (!needsNoOptions(policy)) return options.optional().describe(description);
  const nothing = z.null().transform(() => options.parse({}));
  return z.union([options, nothing]).optional().describe(description);
}

function needsNoOptions({ options }: PolicyDefinition): boolean {
  return options.safeParse({}).success;
}

function toUse(value: Record<string, unknown>, context: z.RefinementCtx): ParsedPolicyUse {
  const [first, second] = Object.entries(value);
  if (first !== undefined && second === undefined) return { name: first[0], options: first[1] };
  if (first !== undefined && second !== undefined) {
    const found = `"${second[0]}" stands in the same item as "${first[0]}"`;
    const message = withRemedy(found, `put "- " in front of ${second[0]}: one policy an item`);
    context.issues.push({ code: 'custom', message, input: value });
  } else if (context.issues.length === 0) {
    // A name that nobody knows is an issue already.
    context.issues.push({
      code: 'custom',
      message: withRemedy('the policy has no name', 'write - <name>: { … }'),
      input: value,
    });
  }
  return z.NEVER;
}

/** The text of the mistake that no policy has this name. */
function unknownPolicy(name: string, policies: readonly PolicyDefinition[]): string {
  const names = policies.map((policy) => policy.name);
  const meant = nearest(name, names);
  const remedy = meant === undefined ? `write one of ${names.join(', ')}` : `did you mean "${meant}"?`;
  return withRemedy(`there is no policy ${foundIn(name)}`, remedy);
}
