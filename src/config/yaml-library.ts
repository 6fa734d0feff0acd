import { createRequire } from 'node:module';
import type * as yaml from 'yaml';
import type { Alias, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';

/** What the `yaml` package exports. */
export type YamlLibrary = typeof yaml;

const load = createRequire(import.meta.url);
let library: YamlLibrary | undefined;

/**
 * The `yaml` package: 70 files, which are loaded when the first text needs them and not before. Most texts need none of
 * it; see `plain-yaml.ts`.
 */
export function yamlLibrary(): YamlLibrary {
  // What a module exports is what its declarations say.
  library ??= load('yaml') as YamlLibrary;
  return library;
}

export function isAlias(value: unknown): value is Alias {
  return yamlLibrary().isAlias(value);
}

export function isMap(value: unknown): value is YAMLMap {
  return yamlLibrary().isMap(value);
}

export function isNode(value: unknown): value is Node {
  return yamlLibrary().isNode(value);
}

export function isPair(value: unknown): value is Pair {
  return yamlLibrary().isPair(value);
}

export function isScalar(value: unknown): value is Scalar {
  return yamlLibrary().isScalar(value);
}

export function isSeq(value: unknown): value is YAMLSeq {
  return yamlLibrary().isSeq(value);
}
