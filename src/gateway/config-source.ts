import type { LoadOptions, LoadResult } from '../config/load-config.ts';
import { loadConfig, readConfig } from '../config/load-config.ts';

/** Where configurations come from. Asked again at each reload. */
export type ConfigSource = () => Promise<LoadResult>;

/** A configuration in a file. */
export function fileSource(file: string, options: LoadOptions): ConfigSource {
  return () => loadConfig(file, options);
}

/** A configuration given as an object; read again at each reload, so that it may have been changed in place. */
export function objectSource(input: () => unknown, options: LoadOptions): ConfigSource {
  return () => readConfig(input(), options);
}
