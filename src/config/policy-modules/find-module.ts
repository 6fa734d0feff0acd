import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fileProblem, type ReadFile } from '../read-file.ts';
import { maxFileBytes } from '../source-text.ts';
import { oneLine, type ModuleProblem } from './module-problem.ts';
import { isPath, isTypeScript, specifierProblem } from './module-specifier.ts';

/** A module as it was read: whoever imports it from this gets the same, whatever has become of its file meanwhile. */
export interface ModuleSource {
  /** The file to watch, as an absolute path: as it was named, with the links on the way to it. */
  readonly file: string;
  /** The file itself, as Node knows it: what the module imports counts from there. */
  readonly url: string;
  readonly octets: Uint8Array;
  /** The digest of the octets. */
  readonly digest: string;
  /** What Node takes it for, such as `module-typescript`; undefined until it has been imported for the first time. */
  format: string | undefined;
}

/** Finds the module that a configuration names. @param folder of the configuration. */
export type FindModule = (
  specifier: string,
  folder: string,
) => Promise<ModuleSource | (ModuleProblem & { readonly file?: string })>;

/** Finds and reads modules as Node would: paths from the folder, packages by their `exports` from there upwards. */
export function moduleFinder(readFile: ReadFile): FindModule {
  return async (specifier, folder) => {
    const problem = specifierProblem(specifier, folder);
    if (problem !== undefined) return problem;
    const file = isPath(specifier) ? resolve(folder, specifier) : packageFile(specifier, folder);
    if (typeof file !== 'string') return file;
    try {
      const octets = await readFile(file, maxFileBytes);
      if (octets.length > maxFileBytes)
        return {
          found: `the file of ${name(specifier)} is larger than 5 MB`,
          remedy: 'write less, or check the name',
          file,
        };
      const path = await realpath(file);
      if (isTypeScript(path) && /[/\\]node_modules[/\\]/.test(path))
        return { ...belowNodeModules(specifier), file };
      return moduleSource(file, pathToFileURL(path).href, octets);
    } catch (error) {
      const { problem: what, remedy } = fileProblem(error);
      return { found: `the file of ${name(specifier)} ${what}`, remedy, file };
    }
  };
}

/** A module out of what was read. */
function moduleSource(file: string, url: string, octets: Uint8Array, format?: string): ModuleSource {
  return { file, url, octets, digest: createHash('sha256').update(octets).digest('hex'), format };
}

/** Node strips no types there, for packages are to be published as JavaScript. */
function belowNodeModules(specifier: string): ModuleProblem {
  return {
    found: `${name(specifier)} is TypeScript below node_modules, which Node does not run`,
    remedy:
      'let the package ship JavaScript, built with tsc for example, or name a path outside of node_modules',
  };
}

/** Asks Node for the file of a package, as if a module in the folder had imported it. */
function packageFile(specifier: string, folder: string): string | ModuleProblem {
  const question = `waygate-policy-module:${encodeURIComponent(specifier)}`;
  const parentURL = pathToFileURL(join(folder, 'configuration')).href;
  const hooks = registerHooks({
    resolve: (asked, context, next) =>
      asked === question ? next(specifier, { ...context, parentURL }) : next(asked, context),
  });
  try {
    return fileURLToPath(import.meta.resolve(question));
  } catch (error) {
    return resolutionProblem(error, specifier);
  } finally {
    hooks.deregister();
  }
}

function resolutionProblem(error: unknown, specifier: string): ModuleProblem {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const [, packageName = specifier] = /^((?:@[^/]+\/)?[^/]+)/.exec(specifier) ?? [];
  if (code === 'ERR_MODULE_NOT_FOUND')
    return {
      found: `there is no package ${name(specifier)} that the folder of the configuration can use`,
      remedy: `install it: npm install ${packageName.slice(0, 200)}; a path begins with ./`,
    };
  if (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED')
    return {
      found: `the package ${name(packageName)} does not export ${name(specifier)}`,
      remedy: 'name what stands under "exports" in its package.json',
    };
  const reason = error instanceof Error ? error.message : String(error);
  return {
    found: `${name(specifier)} cannot be found: ${oneLine(reason)}`,
    remedy: 'check the name and the package',
  };
}

function name(specifier: string): string {
  return JSON.stringify(specifier.slice(0, 200));
}
