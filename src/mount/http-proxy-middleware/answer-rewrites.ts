import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Options } from './options.ts';
import type { ProxyTarget } from './proxy-target.ts';

/** Changes the headers of an answer in place. */
export type AnswerRewrite = (
  headers: IncomingHttpHeaders,
  status: number,
  request: IncomingMessage,
  target: ProxyTarget,
) => void;

/** What the options say about the headers of answers; undefined when they say nothing. */
export function compileAnswerRewrites<TReq extends IncomingMessage, TRes extends ServerResponse>(
  options: Options<TReq, TRes>,
): AnswerRewrite | undefined {
  const rewrites = [
    locationRewrite(options),
    cookieRewrite('domain', options.cookieDomainRewrite),
    cookieRewrite('path', options.cookiePathRewrite),
  ].filter((rewrite) => rewrite !== undefined);
  if (rewrites.length === 0) return undefined;
  return (...answer) => {
    for (const rewrite of rewrites) rewrite(...answer);
  };
}

const redirects: ReadonlySet<number> = new Set([201, 301, 302, 303, 307, 308]);

function locationRewrite<TReq extends IncomingMessage, TRes extends ServerResponse>({
  hostRewrite,
  autoRewrite,
  protocolRewrite,
}: Options<TReq, TRes>): AnswerRewrite | undefined {
  if (hostRewrite === undefined && autoRewrite !== true && protocolRewrite === undefined) return undefined;
  return (headers, status, request, target) => {
    const { location } = headers;
    if (location === undefined || !redirects.has(status) || !URL.canParse(location, target.origin)) return;
    const url = new URL(location, target.origin);
    if (url.host !== target.host) return;
    const host = hostRewrite ?? (autoRewrite === true ? request.headers.host : undefined);
    if (host !== undefined) url.host = host;
    if (protocolRewrite !== undefined) url.protocol = protocolRewrite;
    const withoutScheme = location.startsWith('//') && protocolRewrite === undefined;
    headers.location = withoutScheme ? url.href.slice(url.protocol.length) : url.href;
  };
}

function cookieRewrite(
  attribute: 'domain' | 'path',
  rule: false | string | Readonly<Record<string, string>> | undefined,
): AnswerRewrite | undefined {
  if (rule === undefined || rule === false) return undefined;
  const table = new Map(Object.entries(typeof rule === 'string' ? { '*': rule } : rule));
  const pattern = new RegExp(`(;\\s*${attribute}=)([^;]+)`, 'i');
  return (headers) => {
    headers['set-cookie'] &&= headers['set-cookie'].map((cookie) =>
      cookie.replace(pattern, (whole, before: string, value: string) => {
        const next = table.get(value) ?? table.get('*');
        if (next === undefined) return whole;
        return next === '' ? '' : before + next;
      }),
    );
  };
}
