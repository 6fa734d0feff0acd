import { resolve } from 'node:path';
import type { ImportedSource } from '../config/import-source.ts';
import { importSource } from '../config/import-source.ts';
import type { LoadOptions, LoadResult } from '../config/load-config.ts';
import { loadConfig, readConfig } from '../config/load-config.ts';
import { plainCopy } from '../config/plain-copy.ts';
import type { FindModule, ModuleSource } from '../config/policy-modules/find-module.ts';
import type { ReadFile } from '../config/read-file.ts';
import { maxFileBytes } from '../config/source-text.ts';

/** Where configurations come from. Asked again at each reload. */
export type ConfigSource = () => Promise<LoadResult>;

/** A configuration in a file. */
function fileSource(file: string, options: LoadOptions): ConfigSource {
  const path = resolve(file);
  return async () => {
    // A module is imported, not read: what it is now has to be known before, so that a later change is seen as one.
    if (/\.[mc]?[jt]s$/i.test(path)) await options.readFile?.(path, maxFileBytes).catch(() => undefined);
    return loadConfig(file, options);
  };
}

/** A configuration given as an object; read again at each reload, so that it may have been changed in place. */
function objectSource(input: () => unknown, options: LoadOptions): ConfigSource {
  return () => readConfig(input(), options);
}

/**
 * Everything that a configuration was made of: whoever reads it makes the same configuration, whatever has become of the
 * files meanwhile. Plain data that can be sent to another thread.
 */
export interface ConfigMaterial {
  /** The name of its file, or undefined where it was given as an object. */
  readonly file: string | undefined;
  /** That object, or what the file exports where it is a module. */
  readonly value: unknown;
  /** The files that were read, or the codes of why not. */
  readonly files: ReadonlyMap<string, Uint8Array | string>;
  /** The modules with policies, by the names that the configuration has for them. */
  readonly modules: ReadonlyMap<string, ModuleSource>;
  readonly env: LoadOptions['env'];
  readonly verdicts: ReadonlyMap<string, string | undefined>;
}

/** Loads a configuration, and keeps what it was made of. */
export class RecordingSource {
  readonly #file: string | undefined;
  readonly #input: () => unknown;
  readonly #options: LoadOptions;
  readonly #source: ConfigSource;
  #value: unknown;
  #files = new Map<string, Uint8Array | string>();
  #modules = new Map<string, ModuleSource>();

  /**
   * @param file its name, or undefined where `input` gives the configuration itself.
   * @param options as for `loadConfig`; files are read and modules imported through them.
   */
  constructor(
    file: string | undefined,
    input: () => unknown,
    options: LoadOptions & {
      readonly readFile: ReadFile;
      readonly verdicts: Map<string, string | undefined>;
    },
  ) {
    this.#file = file;
    this.#input = input;
    const readFile: ReadFile = async (path, limit) => {
      try {
        const bytes = await options.readFile(path, limit);
        this.#files.set(path, bytes);
        return bytes;
      } catch (error) {
        this.#files.set(path, error instanceof Error && 'code' in error ? String(error.code) : 'unknown');
        throw error;
      }
    };
    const importModule = async (path: string): Promise<ImportedSource> => {
      const imported = await importSource(path);
      if (imported.ok) this.#value = imported.value;
      return imported;
    };
    const findModule: FindModule = async (specifier, folder) => {
      // Most configurations name no module, and need not wait for what finds them.
      const { moduleFinder } = await import('../config/policy-modules/find-module.ts');
      // Not through our own reading: the octets are kept with the module.
      const found = await moduleFinder(options.readFile)(specifier, folder);
      if ('octets' in found) this.#modules.set(specifier, found);
      return found;
    };
    this.#options = { ...options, readFile, importModule, findModule };
    this.#source =
      file === undefined
        ? objectSource(() => (this.#value = this.#input()), this.#options)
        : fileSource(file, this.#options);
  }

  load(): Promise<LoadResult> {
    this.#value = undefined;
    this.#files = new Map();
    this.#modules = new Map();
    return this.#source();
  }

  /** What the last configuration was made of. */
  get material(): ConfigMaterial {
    const { env, verdicts = new Map() } = this.#options;
    return {
      file: this.#file,
      value: plainCopy(this.#value).value,
      files: this.#files,
      modules: this.#modules,
      env: { ...env },
      verdicts,
    };
  }
}

/** Makes the configuration again that this material is of; nothing is read. */
export function loadMaterial(
  { file, value, files, modules, env, verdicts }: ConfigMaterial,
  policies: Pick<LoadOptions, 'policies' | 'withPolicies'>,
): Promise<LoadResult> {
  const options: LoadOptions = {
    ...policies,
    env,
    verdicts: new Map(verdicts),
    readFile: async (path) => {
      const content = files.get(path) ?? 'ENOENT';
      if (typeof content === 'string') throw Object.assign(new Error(content), { code: content });
      return content;
    },
    importModule: async () => ({ ok: true, value }),
    findModule: async (specifier) =>
      modules.get(specifier) ?? {
        found: 'it was not loaded',
        remedy: 'report this: it is a mistake of Waygate',
      },
  };
  return file === undefined ? readConfig(value, options) : loadConfig(file, options);
}
