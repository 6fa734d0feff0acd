import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Options, PathRewrite } from './options.ts';
import { UnsupportedError } from './unsupported-error.ts';

/** Makes the path for the target of the request's; undefined leaves it as it is. */
export type Rewriter<TReq extends IncomingMessage, TRes extends ServerResponse> = (
  path: string,
  request: TReq,
  response: TRes | undefined,
  options: Options<TReq, TRes>,
) => string | undefined | Promise<string | undefined>;

/**
 * Compiles `pathRewrite`.
 * @throws UnsupportedError for what is no rewriting; SyntaxError for what is no regular expression.
 */
export function compilePathRewrite<TReq extends IncomingMessage, TRes extends ServerResponse>(
  rewrite: PathRewrite<TReq, TRes> | undefined,
): Rewriter<TReq, TRes> | undefined {
  if (rewrite === undefined || rewrite === null) return undefined;
  if (typeof rewrite === 'function') return rewrite;
  if (typeof rewrite !== 'object' || Array.isArray(rewrite))
    throw new UnsupportedError(
      'this pathRewrite',
      "write an object such as { '^/old': '/new' }, or a function",
    );
  const rules = Object.entries(rewrite).map(([source, to]) => ({ from: new RegExp(source), to }));
  if (rules.length === 0) return undefined;
  return (path) => {
    const rule = rules.find(({ from }) => from.test(path));
    return rule === undefined ? undefined : path.replace(rule.from, rule.to);
  };
}
