import type { IncomingMessage } from 'node:http';
import type { Filter } from './options.ts';
import { compileGlob } from './path-glob.ts';
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
  const rules = globs.map((glob) => {
    const excludes = glob.startsWith('!');
    return { excludes, pattern: compileGlob(excludes ? glob.slice(1) : glob) };
  });
  const byExclusionAlone = rules.every(({ excludes }) => excludes);
  return (request) => {
    const path = pathOf(request);
    // What a glob takes in, a later one may take out, and the other way round.
    let taken = byExclusionAlone;
    for (const { excludes, pattern } of rules)
      if (taken === excludes && pattern.test(path)) taken = !excludes;
    return taken;
  };
}

/** Whether a text is a glob for http-proxy-middleware, rather than the beginning of a path. */
function isGlob(pattern: string): boolean {
  return /^!|[*\\]|\[[^\]]+\]|\{[^}]+\}|[@?!+]\(.*\)|\([^|)]+\|[^)]+\)|[\].+)]\?/.test(pattern);
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return new URL(url, 'http://0.0.0.0').pathname;
}
