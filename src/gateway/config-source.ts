import type { Finding } from '../config/finding.ts';
import { readWithSchema } from '../config/read-with-schema.ts';
import type { Config } from '../config/schema.ts';
import { createConfigSchema } from '../config/schema.ts';
import type { PolicyDefinition } from '../core/policy.ts';

/** A configuration, or everything that is wrong with it. */
export type Loaded =
  | { readonly ok: true; readonly config: Config; readonly files: readonly string[] }
  | { readonly ok: false; readonly mistakes: readonly Finding[]; readonly files: readonly string[] };

/** Where configurations come from. Asked again at each reload. */
export interface ConfigSource {
  load(): Promise<Loaded>;
}

/** A configuration given as an object. */
export function objectSource(input: () => unknown, policies: readonly PolicyDefinition[]): ConfigSource {
  const schema = createConfigSchema(policies);
  return {
    load: () => {
      const reading = readWithSchema(schema, input());
      if (reading.ok) return Promise.resolve({ ok: true, config: reading.value, files: [] });
      return Promise.resolve({ ok: false, mistakes: reading.findings, files: [] });
    },
  };
}
