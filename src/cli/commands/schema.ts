import { generateJsonSchema } from '../../config/json-schema.ts';
import { builtInPolicies } from '../../gateway/built-in-policies.ts';
import type { Terminal } from '../terminal.ts';

/** Prints the JSON Schema of the configuration, for editors and other tools. */
export function schema(terminal: Terminal): void {
  terminal.out(`${JSON.stringify(generateJsonSchema(builtInPolicies), null, 2)}\n`);
}
