import {
  PolicyOptionError,
  type PolicyCounter,
  type PolicyDefinition,
  type PolicyInstance,
  type Setup,
} from '../../core/policy.ts';
import type { ParsedPolicyUse } from '../../core/policy-list.ts';

/** One of the policies that are tried. */
export interface Part {
  readonly name: string;
  readonly instance: PolicyInstance;
  /** Counts the requests that it let pass. */
  readonly passed: PolicyCounter;
}

/**
 * Makes an instance of each policy. When one cannot be made, those before it are closed.
 * @throws PolicyOptionError with the place in the options of `any-of`.
 */
export function openParts(
  uses: readonly ParsedPolicyUse[],
  definitions: readonly PolicyDefinition[],
  setup: Setup,
): readonly Part[] {
  const parts: Part[] = [];
  for (const [index, use] of uses.entries()) {
    try {
      parts.push(openPart(use, definitions, setup));
    } catch (error) {
      closeParts(parts).catch((failure: unknown) => {
        setup.logger.error({ policy: 'any-of', err: failure }, 'a policy failed to close');
      });
      if (!(error instanceof PolicyOptionError)) throw error;
      throw new PolicyOptionError(['policies', index, use.name, ...error.path], error.message, error.remedy);
    }
  }
  return parts;
}

/** Closes all of them, the last one first, also when one fails to. */
export async function closeParts(parts: readonly Part[]): Promise<void> {
  const failures: unknown[] = [];
  for (const { instance } of parts.toReversed()) {
    try {
      await instance.close?.();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

function openPart(
  { name, options }: ParsedPolicyUse,
  definitions: readonly PolicyDefinition[],
  setup: Setup,
): Part {
  const definition = definitions.find((each) => each.name === name);
  if (definition === undefined) throw new TypeError(`there is no policy ${name}`);
  // Two would have a say in who passes without credentials.
  if (typeof options === 'object' && options !== null && Reflect.get(options, 'optional') === true) {
    throw new PolicyOptionError(
      ['optional'],
      'inside of any-of, no single policy lets anonymous requests pass',
      'leave it out, and write anonymous: true for any-of itself',
    );
  }
  return {
    name,
    instance: definition.create(options, setup.of(name)),
    passed: setup.metrics.counter(
      `passed_${name.replace(/[^a-z]+/g, '_')}`,
      `Requests that the policy ${name} let pass.`,
    ),
  };
}
