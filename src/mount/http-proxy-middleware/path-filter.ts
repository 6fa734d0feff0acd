import type { IncomingMessage } from 'node:http';
import { posix } from 'node:path';
import type { Filter } from './options.ts';
import { UnsupportedError } from './unsupported-error.ts';

/** Whether a request is proxied. */
export type PathTest<TReq extends IncomingMessage> = (request: TReq) => boolean;

/**
 * Compiles `pathFilter`.
 * @throws UnsupportedError for what is no filter.
 */
export function compilePathFilter<TReq extends IncomingMessage>(
  filter: Filter<TReq> | undefined,
): PathTest<TReq> {
  if (filter === undefined) return () => true;
  if (typeof filter === 'function') return (request) => Boolean(filter(pathOf(request), request));
  const patterns: readonly unknown[] = typeof filter === 'string' ? [filter] : filter;
  if (!Array.isArray(patterns) || !patterns.every((pattern) => typeof pattern === 'string'))
    throw new UnsupportedError(
      'this pathFilter',
      'write a path such as "/api", a list of paths, or a function',
    );
  const globs = patterns.filter(isGlob);
  if (globs.length === 0)
    return (request) => {
      const path = pathOf(request);
      return patterns.some((prefix) => path.startsWith(prefix));
    };
  if (globs.length < patterns.length)
    throw new UnsupportedError(
      'a pathFilter of paths and of globs',
      'write all of them as globs, such as "/api/**" for "/api"',
    );
  return (request) => matchesGlobs(pathOf(request), globs);
}

/** A path is matched when one of the patterns takes it in and none behind that takes it out; exclusions alone take in all else. */
function matchesGlobs(path: string, globs: readonly string[]): boolean {
  let taken = globs.every((glob) => glob.startsWith('!'));
  for (const glob of globs) {
    if (!glob.startsWith('!')) taken ||= matches(path, glob);
    else if (matches(path, glob.slice(1))) taken = false;
  }
  return taken;
}

/** `/api/**` is for `/api` too. */
function matches(path: string, glob: string): boolean {
  return (
    posix.matchesGlob(path, glob) || (glob.endsWith('/**') && posix.matchesGlob(path, glob.slice(0, -3)))
  );
}

function isGlob(pattern: string): boolean {
  return /^!|[*?]|\[[^\]]+\]|\{[^}]+\}|[@+]\([^)]+\)|\([^|)]+\|[^)]+\)/.test(pattern);
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return new URL(url, 'http://0.0.0.0').pathname;
}
