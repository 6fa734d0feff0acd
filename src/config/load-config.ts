import { dirname, extname, resolve } from 'node:path';
import type { PolicyDefinition } from '../core/policy.ts';
import type { RegExpVerdicts } from './checks/regular-expressions.ts';
import type { Finding } from './finding.ts';
import { type ImportedSource, importSource } from './import-source.ts';
import { jsonMistake } from './json-source.ts';
import { Locator, type Origin } from './locator.ts';
import type { Mistake } from './mistake.ts';
import { plainCopy } from './plain-copy.ts';
import { readPlainJson } from './plain-json.ts';
import { readPlainYaml } from './plain-yaml.ts';
import type { FindModule } from './policy-modules/find-module.ts';
import { readDocument, withoutReplaced } from './read-document.ts';
import { fileProblem, readFileFromDisk, type ReadFile } from './read-file.ts';
import type { Config } from './schema.ts';
import { secretTexts } from './secrets.ts';
import { decodeSource, maxFileBytes } from './source-text.ts';
import { TextLines } from './text-lines.ts';
import { readYaml, type Source } from './yaml-source.ts';

/** What a configuration is loaded with. */
export interface LoadOptions {
  /** What may stand in a list of policies, beside what the modules of the configuration bring. */
  readonly policies: readonly PolicyDefinition[];
  /** What may stand there together with these policies of modules; `policies` and these when left out. */
  readonly withPolicies?: (own: readonly PolicyDefinition[]) => readonly PolicyDefinition[];
  /** Finds modules with policies; on the disk unless told otherwise. */
  readonly findModule?: FindModule;
  /** How long such a module may take to be imported, in milliseconds; 30 s when left out. */
  readonly importPatience?: number;
  /** Where `${NAME}` looks. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a file; from the disk unless told otherwise. */
  readonly readFile?: ReadFile;
  /** Imports a module; from the disk unless told otherwise. */
  readonly importModule?: (path: string) => Promise<ImportedSource>;
  /** What is known about regular expressions; kept by a caller that loads again, so that each is judged once. */
  readonly verdicts?: RegExpVerdicts;
}

/** A configuration, or every mistake in it. */
export type LoadResult =
  | {
      readonly ok: true;
      readonly config: Config;
      /** What may stand in its lists of policies. */
      readonly policies: readonly PolicyDefinition[];
      /** Those of them that its modules have brought: other ones are another configuration. */
      readonly ownPolicies: readonly PolicyDefinition[];
      /** What to watch, as absolute paths: the file itself, each that a value was taken from, and modules with policies. */
      readonly files: readonly string[];
      /** Texts that came from `${file:…}` or from variables with secret names; to be masked wherever the configuration is shown. */
      readonly secrets: readonly string[];
      /** Finds the lines of mistakes that were seen later, as in the options of policies. */
      locate(findings: readonly Finding[]): Mistake[];
    }
  | {
      readonly ok: false;
      readonly mistakes: readonly Mistake[];
      readonly files: readonly string[];
      /** As far as it could be read: what may stand in its lists of policies. */
      readonly policies?: readonly PolicyDefinition[];
    };

/**
 * Loads a configuration from YAML, JSON or a TypeScript or JavaScript module. Whatever is in the file, nothing is
 * thrown: everything that is wrong comes back at once, in the order of the file.
 *
 * @param file its name; `.json` is read as JSON, `.ts`, `.mts`, `.js` and `.mjs` are imported, all others are YAML.
 */
export async function loadConfig(file: string, options: LoadOptions): Promise<LoadResult> {
  const path = resolve(file);
  const extension = extname(path).toLowerCase();
  if (/^\.[mc]?[tj]s$/.test(extension)) {
    const imported = await (options.importModule ?? importSource)(path);
    if (imported.ok) return readObject(file, imported.value, options, path, [path]);
    const { line, column, found, remedy } = imported;
    return {
      ok: false,
      mistakes: [{ file, line, column, path: [], found, remedy, excerpt: undefined }],
      files: [path],
    };
  }
  let bytes: Uint8Array;
  try {
    bytes = await (options.readFile ?? readFileFromDisk)(path, maxFileBytes);
  } catch (error) {
    // What a relative name begins at, nobody sees in a program that was started from elsewhere.
    const { problem, remedy } = fileProblem(error, path === file ? undefined : path);
    const found = `the file ${problem}`;
    return {
      ok: false,
      mistakes: [new Locator({ file }, []).one({ path: [], found, remedy })],
      files: [path],
    };
  }
  const decoded = decodeSource(bytes);
  if (!decoded.ok) {
    const { line, column, found, remedy } = decoded;
    return {
      ok: false,
      mistakes: [{ file, line, column, path: [], found, remedy, excerpt: undefined }],
      files: [path],
    };
  }
  return readText(file, decoded.text, extension === '.json', options, path);
}

/**
 * Reads a configuration that is there as an object already.
 * @param options as for `loadConfig`, and the folder that file names are relative to.
 */
export function readConfig(
  value: unknown,
  options: LoadOptions & { readonly name?: string; readonly folder?: string },
): Promise<LoadResult> {
  const { name = 'configuration', folder = '.' } = options;
  return readObject(name, value, options, resolve(folder, 'configuration'), []);
}

async function readObject(
  file: string,
  value: unknown,
  options: LoadOptions,
  path: string,
  ownFiles: readonly string[],
): Promise<LoadResult> {
  const copy = plainCopy(value);
  if (copy.findings.length > 0)
    return { ok: false, mistakes: new Locator({ file }, []).all(copy.findings), files: ownFiles };
  return readFrom({ file }, copy.value, options, path, ownFiles);
}

function readText(
  file: string,
  text: string,
  json: boolean,
  options: LoadOptions,
  path: string,
): Promise<LoadResult> | LoadResult {
  const plain = json ? readPlainJson(text) : readPlainYaml(text);
  if (plain !== undefined) return readFrom(laterOrigin(file, text), plain, options, path);
  const lines = new TextLines(text);
  const notJson = json && text.trim() !== '' ? jsonMistake(text) : undefined;
  const source = notJson === undefined ? readYaml(text, lines) : undefined;
  const findings = notJson === undefined ? (source?.findings ?? []) : [notJson];
  const origin: Origin = { file, lines, offsetOf: source?.offsetOf };
  if (source === undefined || (findings.length > 0 && source.value === undefined)) {
    return { ok: false, mistakes: new Locator(origin, []).all(findings), files: [path] };
  }
  return readFrom(origin, source.value, options, path, [path], findings);
}

/** The way back into a text that was read without looking at places: it is read again when there is a mistake to place. */
function laterOrigin(file: string, text: string): Origin {
  const lines = new TextLines(text);
  let source: Source | undefined;
  return {
    file,
    lines,
    offsetOf: (path, at) => (source ??= readYaml(text, lines)).offsetOf(path, at),
  };
}

async function readFrom(
  origin: Origin,
  value: unknown,
  options: LoadOptions,
  path: string,
  ownFiles: readonly string[] = [path],
  earlier: readonly Finding[] = [],
): Promise<LoadResult> {
  const { policies, env, readFile = readFileFromDisk, verdicts = new Map(), importPatience } = options;
  const { withPolicies = (own) => [...policies, ...own], findModule = moduleFinderLater(readFile) } = options;
  if (value === null || value === undefined) {
    const found = 'the configuration is empty';
    const remedy = 'write at least routes:, or let "waygate init" write a file to start from';
    return {
      ok: false,
      mistakes: [new Locator(origin, []).one({ path: [], found, remedy })],
      files: ownFiles,
    };
  }
  const reading = await readDocument(value, {
    ...{ policies, withPolicies, findModule, importPatience, env, readFile, verdicts },
    folder: dirname(path),
  });
  const locator = (): Locator => Locator.for(origin, value, reading.substitutions);
  const files = [...new Set([...ownFiles, ...reading.files])];
  if (reading.config === undefined || earlier.length > 0) {
    return {
      ok: false,
      mistakes: locator().all([...earlier, ...withoutReplaced(reading.findings, earlier)]),
      files,
      policies: reading.policies,
    };
  }
  const secrets = secretTexts(reading.substitutions);
  const { config, policies: all, ownPolicies } = reading;
  return {
    ...{ ok: true, config, policies: all, ownPolicies, files, secrets },
    locate: (findings) => locator().all(findings),
  };
}

/** Most configurations name no module, and need not wait for what finds them. */
function moduleFinderLater(readFile: ReadFile): FindModule {
  return async (specifier, folder) => {
    const { moduleFinder } = await import('./policy-modules/find-module.ts');
    return moduleFinder(readFile)(specifier, folder);
  };
}
