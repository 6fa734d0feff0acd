import { formatMistakes } from '../../config/format-mistakes.ts';
import { generateJsonSchema, type JsonSchema } from '../../config/json-schema.ts';
import { expectationsJsonSchema } from '../../expectations/json-schema.ts';
import { builtInPolicies } from '../../gateway/built-in-policies.ts';
import { exitCodes } from '../failure.ts';
import { loadWithModules } from '../load.ts';
import type { Terminal } from '../terminal.ts';

/**
 * Prints the JSON Schema of the configuration, for editors and other tools.
 * @param options with `expectations` it is that of files of expectations. `config` names a configuration whose modules bring policies, which the schema is to know as well. Whatever
 *   else is wrong with it does not matter: whoever asks is most likely still writing it.
 * @returns the exit code: 1 when its modules cannot be read.
 */
export async function schema(
  terminal: Terminal,
  options: { readonly config?: string; readonly expectations?: true },
): Promise<number> {
  if (options.expectations) return print(terminal, expectationsJsonSchema());
  if (options.config === undefined) return print(terminal, generateJsonSchema(builtInPolicies));
  const loaded = await loadWithModules(options.config);
  if (loaded.ok) return print(terminal, generateJsonSchema(loaded.policies));
  const { policies, mistakes } = loaded;
  const inModules = mistakes.filter(({ path }) => path[0] === 'policyModules');
  if (policies !== undefined && inModules.length === 0) return print(terminal, generateJsonSchema(policies));
  const shown = policies === undefined ? mistakes : inModules;
  terminal.err(formatMistakes(shown, { color: terminal.color.err }));
  return exitCodes.failed;
}

function print(terminal: Terminal, wanted: JsonSchema): number {
  terminal.out(`${JSON.stringify(wanted, null, 2)}\n`);
  return exitCodes.ok;
}
