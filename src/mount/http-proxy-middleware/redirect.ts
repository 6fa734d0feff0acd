import { RequestDraft } from './proxy-request.ts';
import { readProxyTarget, type ProxyTarget } from './proxy-target.ts';

/** The request that follows a redirect. */
export interface Hop {
  readonly target: ProxyTarget;
  readonly draft: RequestDraft;
  readonly body: Buffer;
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * What a redirect asks for (RFC 9110 §15.4). Credentials stay with the host that they were sent to.
 * @param body the request's; undefined when it is not known in whole.
 * @returns undefined where it is the client's to follow.
 */
export function nextHop(
  draft: RequestDraft,
  from: ProxyTarget,
  status: number,
  location: string,
  body: Buffer | undefined,
): Hop | undefined {
  const base = `${from.origin}${draft.path}`;
  if (!redirects.has(status) || !URL.canParse(location, base)) return undefined;
  const url = new URL(location, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  const keepsMethod = status === 307 || status === 308;
  if (keepsMethod && body === undefined) return undefined;
  const target = readProxyTarget(url.origin);
  const method = keepsMethod || draft.method === 'HEAD' ? draft.method : 'GET';
  const next = new RequestDraft(method, url.pathname + url.search, target.secure, target.hostname, {});
  for (const [name, value] of Object.entries(draft.getHeaders())) {
    if (target.origin !== from.origin && (name === 'authorization' || name === 'cookie')) continue;
    if (!keepsMethod && name.startsWith('content-')) continue;
    next.setHeader(name, value);
  }
  next.setHeader('host', target.host);
  return { target, draft: next, body: keepsMethod && body !== undefined ? body : Buffer.alloc(0) };
}
