import { loadConfig, type LoadResult } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import type { PolicyDefinition } from '../core/policy.ts';
import { builtInPolicies, policiesWith } from '../gateway/built-in-policies.ts';
import { withIdleCore } from '../gateway/idle-core.ts';
import { SnapshotError } from '../gateway/snapshot.ts';
import type { Mistake } from '../config/mistake.ts';

/** A configuration that the gateway would start with, or every mistake in it. */
export type Checked =
  | {
      readonly ok: true;
      readonly config: Config;
      /** The built-in policies and those of its modules. */
      readonly policies: readonly PolicyDefinition[];
      readonly secrets: readonly string[];
    }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/** Loads a configuration and lets the policies look at their options, as `start` does. */
export async function loadChecked(file: string): Promise<Checked> {
  const loaded = await loadWithModules(file);
  if (!loaded.ok) return loaded;
  const mistakes = await mistakesOfPolicies(loaded);
  return mistakes.length > 0 ? { ok: false, mistakes } : loaded;
}

/** Loads a configuration with the policies of its modules, as far as it can be read. */
export function loadWithModules(file: string): Promise<LoadResult> {
  return loadConfig(file, { policies: builtInPolicies, withPolicies: policiesWith, env: process.env });
}

function mistakesOfPolicies(loaded: LoadResult & { readonly ok: true }): Promise<readonly Mistake[]> {
  return withIdleCore(loaded.policies, (core) => {
    try {
      core.compile(loaded.config).retire();
      return [];
    } catch (error) {
      if (error instanceof SnapshotError) return loaded.locate(error.findings);
      throw error;
    }
  });
}
