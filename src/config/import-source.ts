import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fileProblem, readFileFromDisk } from './read-file.ts';
import { maxFileBytes } from './source-text.ts';

/** How long a module may take to be imported, in milliseconds: one that waits for ever must not hang a reload. */
const timeout = 30_000;

/** What a module exports as its configuration, or why there is none. */
export type ImportedSource =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly line?: number;
      readonly column?: number;
      readonly found: string;
      readonly remedy: string;
    };

/**
 * Imports a configuration module and returns its default export. The module is read anew each time, which Node never
 * forgets: some kilobytes stay for each reload. What the module itself imports is not read again.
 */
export async function importSource(path: string): Promise<ImportedSource> {
  try {
    // Node itself would import a device to its end, which may never come.
    const { length } = await readFileFromDisk(path, maxFileBytes);
    if (length > maxFileBytes)
      return failed('the file is larger than 5 MB', 'write less, or check that this is the right file');
  } catch (error) {
    const { problem, remedy } = fileProblem(error, path);
    return failed(`the file ${problem}`, remedy);
  }
  const url = pathToFileURL(path);
  url.searchParams.set('load', randomUUID());
  try {
    const module = await withTimeout(import(url.href));
    if (typeof module === 'object' && module !== null && 'default' in module)
      return { ok: true, value: module.default };
    return failed('the module has no default export', 'write export default defineGateway({ … })');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const [line, column] = placeIn(error, [url.href, path]);
    const found = `the module cannot be loaded: ${firstLine(reason).replaceAll(url.search, '')}`;
    return {
      ...failed(found, remedyFor(reason, path)),
      ...(line !== undefined && { line, column: column ?? 1 }),
    };
  }
}

function withTimeout(loading: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it is not done after ${timeout / 1000} s`)), timeout);
    loading.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Node takes a module for CommonJS where the nearest package.json says so, as the one of `npm init` does. */
function remedyFor(reason: string, path: string): string {
  if (!/^(?:Cannot use import statement outside a module|Unexpected token 'export')/.test(reason.trimStart()))
    return 'mend the module';
  const name = basename(path);
  return `write "type": "module" into package.json, or name the file ${name.replace(/\.[cm]?([jt]s)$/i, '.m$1')}`;
}

/** The first place in the stack that lies in the module itself, which Node names by its path where it takes it for CommonJS. */
function placeIn(error: unknown, names: readonly string[]): (number | undefined)[] {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const place = new RegExp(
    `(?:${names.map((name) => RegExp.escape(name)).join('|')}):(\\d+)(?::(\\d+))?`,
  ).exec(stack);
  return [place?.[1], place?.[2]].map((text) => (text === undefined ? undefined : Number(text)));
}

function firstLine(text: string): string {
  return text.trimStart().split('\n', 1)[0] ?? '';
}

function failed(found: string, remedy: string): ImportedSource & { ok: false } {
  return { ok: false, found, remedy };
}
