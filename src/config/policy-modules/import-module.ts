import { registerHooks } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModuleSource } from './find-module.ts';
import { oneLine, type ModuleProblem } from './module-problem.ts';

/** What a module exports, by name, or why it could not be imported. One that exports `then` says itself what that is. */
export type ImportedModule =
  { readonly ok: true; readonly exports: unknown } | (ModuleProblem & { readonly ok: false });

/** How often a module could not be imported, by its URL: Node remembers a failure as well, and would only repeat it. */
const failures = new Map<string, number>();

/**
 * Imports a module from the octets that were read, for its file may be another by now. The same octets are imported once in a
 * thread; Node never forgets them, so each change costs some kilobytes. What the module imports in turn is Node's own business:
 * it is read once.
 * @param folder of the configuration, to name places from.
 * @param patience milliseconds: a module that waits for ever must not hang a reload.
 */
export async function importModule(
  source: ModuleSource,
  folder: string,
  patience: number,
): Promise<ImportedModule> {
  const known = `${source.url}?waygate=${source.digest.slice(0, 16)}`;
  const failed = failures.get(known) ?? 0;
  const url = failed === 0 ? known : `${known}-${failed}`;
  const hooks = registerHooks({
    load(asked, context, next) {
      if (asked !== url) return next(asked, context);
      // What Node takes a file for is in package.json and in the text; once known, nothing needs to be on the disk any more.
      const format = source.format ?? next(asked, context).format;
      source.format = format ?? undefined;
      return { format, source: source.octets, shortCircuit: true };
    },
  });
  try {
    const exports: unknown = await withTimeout(import(url), patience);
    return { ok: true, exports };
  } catch (error) {
    if (!(error instanceof Late)) failures.set(known, failed + 1);
    return { ok: false, ...importProblem(error, source, folder, patience) };
  } finally {
    hooks.deregister();
  }
}

/** An import that takes too long. */
class Late extends Error {
  override readonly name = 'Late';
}

function withTimeout(loading: Promise<unknown>, patience: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Late()), patience);
    loading.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function importProblem(
  error: unknown,
  source: ModuleSource,
  folder: string,
  patience: number,
): ModuleProblem {
  if (error instanceof Late)
    return {
      found: `the module is not imported after ${patience / 1000} s`,
      remedy: 'wait for nothing outside of functions: what takes time belongs into onRequest',
    };
  const { code, message, stack } = partsOf(error);
  const place = placeIn(stack, source, folder);
  const reason = oneLine(withoutPlaces(message, folder));
  const found = (what: string): string =>
    `the module ${what}: ${reason}${place === undefined ? '' : ` (${place})`}`;
  switch (code) {
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return {
        found: found('needs a compiler'),
        remedy:
          'Node only takes types out: write an object in place of an enum, and fields in place of parameter properties; "erasableSyntaxOnly" in tsconfig.json finds them all',
      };
    case 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING':
      return {
        found: found('imports TypeScript below node_modules, which Node does not run'),
        remedy: 'let that package ship JavaScript, built with tsc for example',
      };
    case 'ERR_MODULE_NOT_FOUND':
      return { found: found('imports what is not there'), remedy: remedyForMissing(message) };
    default:
      return error instanceof SyntaxError
        ? {
            found: found('cannot be read'),
            remedy:
              place === undefined
                ? `mend it: node --check ${shownFile(source.url, folder)} shows the place`
                : 'mend it',
          }
        : { found: found('throws while it is imported'), remedy: 'mend it' };
  }
}

function remedyForMissing(message: string): string {
  const [, missing] = /^Cannot find package '([^']+)'/.exec(message) ?? [];
  if (missing === undefined) return 'check the import: files are named with their end, such as ./tenants.ts';
  const [, name = missing] = /^((?:@[^/]+\/)?[^/]+)/.exec(missing) ?? [];
  return `install it beside the module: npm install ${name}`;
}

/** Anything may be thrown, and may throw in turn when it is looked at. */
function partsOf(error: unknown): {
  readonly code: unknown;
  readonly message: string;
  readonly stack: string;
} {
  try {
    if (!(error instanceof Error)) return { code: undefined, message: String(error), stack: '' };
    const { message, stack, code }: { message: unknown; stack?: unknown; code?: unknown } = error;
    return { code, message: String(message), stack: String(stack) };
  } catch {
    return { code: undefined, message: 'something that cannot be shown', stack: '' };
  }
}

const fileUrl = /file:\/\/[^\s'")]+?\.[mc]?[jt]s(?:\?[^\s:'")]*)?/;

/** The first place in the stack that is in a file. Node names the module itself by its path where it takes it for CommonJS, or has to find out. */
function placeIn(stack: string, { file, url }: ModuleSource, folder: string): string | undefined {
  const match = new RegExp(`(${fileUrl.source}|${RegExp.escape(file)})(:\\d+(?::\\d+)?)`).exec(stack);
  if (match === null) return undefined;
  const [, where = '', position = ''] = match;
  return `${shownFile(where === file ? url : where, folder)}${position}`;
}

/** The message, in which files have the names that a reader knows them by. */
function withoutPlaces(message: string, folder: string): string {
  return message.replaceAll(new RegExp(fileUrl.source, 'g'), (url) => shownFile(url, folder));
}

function shownFile(url: string, folder: string): string {
  try {
    const path = relative(folder, fileURLToPath(url.replace(/\?.*$/, '')));
    return path.startsWith('..') ? fileURLToPath(url.replace(/\?.*$/, '')) : path;
  } catch {
    return url;
  }
}
