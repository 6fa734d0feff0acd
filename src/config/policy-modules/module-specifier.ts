import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { extname, isAbsolute, resolve } from 'node:path';
import type { ModuleProblem } from './module-problem.ts';

/** Whether a module is named by its path, and not by the package that has it. */
export function isPath(specifier: string): boolean {
  return /^\.{1,2}[/\\]/.test(specifier) || isAbsolute(specifier);
}

/** Whether the name of a file promises TypeScript. */
export function isTypeScript(path: string): boolean {
  return /\.[mc]?ts$/i.test(path);
}

/**
 * What is wrong with the name of a module, as far as the name alone shows it. Only files and packages on this machine are
 * imported.
 * @param folder of the configuration, from which paths count.
 */
export function specifierProblem(specifier: string, folder: string): ModuleProblem | undefined {
  const shown = JSON.stringify(specifier.slice(0, 200));
  if (!specifier.isWellFormed())
    return { found: `${shown} has half of a character in it`, remedy: 'leave it out' };
  if (/[\u0000-\u001f\u007f]/.test(specifier) || specifier.trim() !== specifier)
    return {
      found: `${shown} has white space around it or control characters in it`,
      remedy: 'leave them out',
    };
  if (isPath(specifier)) return pathProblem(specifier, shown, folder);
  if (/^file:/i.test(specifier))
    return { found: `${shown} is a URL`, remedy: 'write the path: ./policies/tenant.ts, or /path/to/it' };
  if (/^node:/i.test(specifier) || isBuiltin(specifier))
    return { found: `${shown} is a module of Node itself`, remedy: 'name a module of your own' };
  if (/^[a-z][a-z0-9+.-]*:/i.test(specifier))
    return {
      found: `${shown} is no file of this machine: code from elsewhere is not run`,
      remedy: 'keep the module in a file, or install the package that has it',
    };
  if (existsSync(resolve(folder, specifier)) && extname(specifier) !== '')
    return {
      found: `${shown} would be a package, but there is a file of that name`,
      remedy: `write ./${specifier}`,
    };
  if (!/^(?:@[^/@\\\s#]+\/)?[^/@\\\s#.][^/\\\s#]*(?:\/[^\\\s#]+)*$/.test(specifier))
    return {
      found: `${shown} is neither a path nor the name of a package`,
      remedy: 'begin a path with ./ or /; a package is waygate-policy-tenant or @scope/name',
    };
  return undefined;
}

function pathProblem(specifier: string, shown: string, folder: string): ModuleProblem | undefined {
  if (/\.[mc]?[tj]s$/i.test(specifier)) return undefined;
  const meant = ['.ts', '.js', '.mts', '.mjs', '/index.ts', '/index.js']
    .map((ending) => specifier.replace(/[/\\]$/, '') + ending)
    .find((name) => existsSync(resolve(folder, name)));
  return {
    found: `${shown} does not name a module: its end is not .ts or .js`,
    remedy:
      meant === undefined
        ? 'write the whole name of the file, such as ./policies/tenant.ts'
        : `write ${meant}`,
  };
}
