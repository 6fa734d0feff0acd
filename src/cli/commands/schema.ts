import { formatMistakes } from '../../config/format-mistakes.ts';
import { generateJsonSchema } from '../../config/json-schema.ts';
import { builtInPolicies } from '../../gateway/built-in-policies.ts';
import { exitCodes } from '../failure.ts';
import { loadWithModules } from '../load.ts';
import type { Terminal } from '../terminal.ts';

/**
 * Prints the JSON Schema of the configuration, for editors and other tools.
 * @param options `config` names a configuration whose modules bring policies, which the schema is to know as well. Whatever
 *   else is wrong with it does not matter: whoever asks is most likely still writing it.
 * @returns the exit code: 1 when its modules cannot be read.
 */
export async function schema(terminal: Terminal, options: { readonly config?: string }): Promise<number> {
  if (options.config === undefined) return print(terminal, builtInPolicies);
  const loaded = await loadWithModules(options.config);
  if (loaded.ok) return print(terminal, loaded.policies);
  const { policies, mistakes } = loaded;
  const inModules = mistakes.filter(({ path }) => path[0] === 'policyModules');
  if (policies !== undefined && inModules.length === 0) return print(terminal, policies);
  const shown = policies === undefined ? mistakes : inModules;
  terminal.err(formatMistakes(shown, { color: terminal.color.err }));
  return exitCodes.failed;
}

function print(terminal: Terminal, policies: Parameters<typeof generateJsonSchema>[0]): number {
  terminal.out(`${JSON.stringify(generateJsonSchema(policies), null, 2)}\n`);
  return exitCodes.ok;
}
