import { z } from 'zod';
import { nearest } from '../../core/nearest.ts';
import { definePolicy, type PolicyDefinition } from '../../core/policy.ts';
import { policyList, type ParsedPolicyUse, type PolicyInput } from '../../core/policy-list.ts';
import { withRemedy } from '../../core/remedy.ts';
import { Attempts } from './attempts.ts';
import { closeParts, openParts } from './parts.ts';
import { PartsHooks } from './parts-hooks.ts';

/** The options as one writes them. */
export interface AnyOfInput<Definitions extends readonly PolicyDefinition[]> {
  readonly policies: readonly PolicyInput<Definitions>[];
  readonly anonymous?: boolean | undefined;
}

/** The options, defaults filled in. */
export interface AnyOfOptions {
  readonly policies: readonly ParsedPolicyUse[];
  readonly anonymous: boolean;
}

/**
 * The policy `any-of`: tries several policies in order, and lets a request pass as soon as one of them knows who is asking.
 * @param definitions the policies that may stand in it: those with `authenticates`. The composition root passes them, for no
 *   policy knows another.
 */
export function anyOf<const Definitions extends readonly PolicyDefinition[]>(
  definitions: Definitions,
): PolicyDefinition<'any-of', z.ZodType<AnyOfOptions, AnyOfInput<Definitions>>> {
  const options = z.strictObject({
    policies: policyList(definitions, absentFrom(definitions))
      .min(1, { error: () => withRemedy('the list is empty', 'write at least one policy') })
      .max(20, { error: () => withRemedy('the list has too many items', 'write at most 20 policies') })
      .describe(
        'The policies that are tried, in order; each as in a list of policies. Has no default: at least one is named.',
      ),
    anonymous: z
      .boolean()
      .default(false)
      .describe(
        'Whether requests without any credentials pass, as those of nobody; with bad ones they never do. Without it: no.',
      ),
  });
  return definePolicy({
    name: 'any-of',
    description: 'Lets requests pass that one of several policies lets pass, or by choice anonymous ones.',
    // The list holds exactly what the definitions say; only its type cannot.
    options: options as z.ZodType<AnyOfOptions, AnyOfInput<Definitions>>,
    create({ policies, anonymous }, setup) {
      const parts = openParts(policies, definitions, setup);
      const attempts = new Attempts(parts, anonymous, setup);
      const hooks = new PartsHooks(parts);
      const has = (hook: 'onResponse' | 'onFinish'): boolean =>
        parts.some(({ instance }) => instance[hook] !== undefined);
      return {
        onRequest: (exchange) => attempts.run(exchange, hooks),
        explain: (exchange) => attempts.explain(exchange),
        ...(has('onResponse') && { onResponse: (exchange, head) => hooks.onResponse(exchange, head) }),
        ...(has('onFinish') && { onFinish: (exchange) => hooks.onFinish(exchange) }),
        close: () => closeParts(parts),
      };
    },
  });
}

/** What is wrong with the name of a policy that may not stand here, whether there is one of that name or not. */
function absentFrom(definitions: readonly PolicyDefinition[]): (name: string) => string {
  const names = definitions.map(({ name }) => name);
  return (name) => {
    const meant = nearest(name, names);
    return withRemedy(
      `${JSON.stringify(name.slice(0, 60))} is no policy that establishes who is asking`,
      meant === undefined ? `write one of ${names.join(', ')}` : `did you mean "${meant}"?`,
    );
  };
}
