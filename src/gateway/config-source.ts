import { resolve } from 'node:path';
import type { LoadOptions, LoadResult } from '../config/load-config.ts';
import { loadConfig, readConfig } from '../config/load-config.ts';
import { maxFileBytes } from '../config/source-text.ts';

/** Where configurations come from. Asked again at each reload. */
export type ConfigSource = () => Promise<LoadResult>;

/** A configuration in a file. */
export function fileSource(file: string, options: LoadOptions): ConfigSource {
  const path = resolve(file);
  return async () => {
    // A module is imported, not read: what it is now has to be known before, so that a later change is seen as one.
    if (/\.[mc]?[jt]s$/i.test(path)) await options.readFile?.(path, maxFileBytes).catch(() => undefined);
    return loadConfig(file, options);
  };
}

/** A configuration given as an object; read again at each reload, so that it may have been changed in place. */
export function objectSource(input: () => unknown, options: LoadOptions): ConfigSource {
  return () => readConfig(input(), options);
}
