import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dirname, join, relative, sep } from 'node:path';

/** The folder of the package that this program belongs to, both as sources and compiled. */
const packageFolder = new URL('../../', import.meta.url);

const schemaInPackage = join('schema', 'waygate.schema.json');

/**
 * Where an editor finds the JSON Schema, as seen from a folder: in the `node_modules` next to it or above it, or in
 * Waygate's own tree. Where it is in neither, as when the command is not installed in the project, the place where
 * `npm install waygate` would put it.
 */
export function schemaPath(directory: string): string {
  const own = realpathSync(fileURLToPath(packageFolder));
  const from = realpathSync(directory);
  for (let folder = from; ; folder = dirname(folder)) {
    const installed = join(folder, 'node_modules', 'waygate', schemaInPackage);
    if (existsSync(installed)) return fromHere(from, installed);
    if (folder === own.replace(/[/\\]$/, '')) return fromHere(from, join(folder, schemaInPackage));
    if (folder === dirname(folder)) break;
  }
  return fromHere(from, join(from, 'node_modules', 'waygate', schemaInPackage));
}

function fromHere(directory: string, file: string): string {
  const path = relative(directory, file).split(sep).join('/');
  return path.startsWith('.') ? path : `./${path}`;
}
