import type { PolicyInstance } from '../core/policy.ts';
import { inTheLog, NonsenseError } from './policy-failure.ts';

const hooks = [
  'onRequest',
  'onResponse',
  'onFinish',
  'explain',
  'discardCredentials',
  'close',
] as const satisfies readonly (keyof PolicyInstance)[];

/**
 * What `create` of a policy has returned, looked at once, when a configuration is loaded: policies may be written without
 * types, and every exchange would stumble over it.
 * @throws NonsenseError saying what it is instead of an instance.
 */
export function checkInstance(made: unknown): PolicyInstance {
  if (typeof made !== 'object' || made === null)
    throw new NonsenseError(
      `create returned ${inTheLog(made)}, not an object with functions such as onRequest`,
    );
  if ('then' in made)
    throw new NonsenseError(
      'create returned a promise: it must not be async, and what it waits for belongs into the instance',
    );
  const instance: Partial<Record<keyof PolicyInstance, unknown>> = made;
  for (const hook of hooks) {
    const value = instance[hook];
    if (value !== undefined && typeof value !== 'function')
      throw new NonsenseError(
        `create returned an object whose ${hook} is ${inTheLog(value)}, not a function`,
      );
  }
  return made;
}
