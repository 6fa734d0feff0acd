import type { Finding } from '../../config/finding.ts';
import { isMapping } from '../../config/plain-value.ts';
import type { ConfigMaterial } from '../config-source.ts';
import type { Wanted } from './thread-preparation.ts';

/** What of a configuration cannot be handed to other threads. */
export function whatStays({ config, material }: Pick<Wanted, 'config' | 'material'>): Finding[] {
  return [...policiesThatStay(config), ...whyNotCloneable(material)];
}

/** Policies that stand in the configuration itself are code, which no other thread can be handed; modules are imported there. */
function policiesThatStay({ policyModules }: Wanted['config']): Finding[] {
  return policyModules.flatMap(({ module, policies }, index): Finding[] =>
    module === undefined
      ? [
          {
            path: ['policyModules', index],
            found: `the policy "${policies.join('", "')}" stands here itself, and code cannot be handed to other threads`,
            remedy: 'name the module that exports it, such as ./policies/tenant.ts, or leave workers out',
          },
        ]
      : [],
  );
}

/** Configurations of programs may hold what a schema of theirs takes, and no other thread can be given. */
function whyNotCloneable({ value }: ConfigMaterial): Finding[] {
  // Policies that stand in it have been looked at.
  const rest = isMapping(value) ? { ...value, policyModules: undefined } : value;
  try {
    structuredClone(rest);
    return [];
  } catch (error) {
    const found = `it cannot be handed to other threads: ${error instanceof Error ? error.message : String(error)}`;
    return [{ path: [], found, remedy: 'write plain values, or leave workers out' }];
  }
}
