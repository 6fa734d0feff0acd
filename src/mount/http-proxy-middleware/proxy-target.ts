import { foundIn } from '../../core/found-in.ts';
import { UnsupportedError } from './unsupported-error.ts';

/** A target in parts. */
export interface TargetParts {
  readonly protocol?: string;
  readonly host?: string;
  readonly hostname?: string;
  readonly port?: number | string;
  readonly pathname?: string;
}

/** A target as a program writes it. */
export type TargetInput = string | URL | TargetParts;

/** Where requests go. */
export interface ProxyTarget {
  /** As listeners are told of it: a text has become a URL. */
  readonly input: URL | TargetParts;
  /** The URL of an upstream's target: `http://127.0.0.1:3001`. */
  readonly origin: string;
  /** What the target calls itself: host, and port where it is not the usual one. */
  readonly host: string;
  /** The same without the port, and without brackets. */
  readonly hostname: string;
  /** Put in front of the path; '' is nothing. */
  readonly path: string;
  /** Put in front of the query, without its `?`; '' is nothing. */
  readonly query: string;
  readonly secure: boolean;
}

const partNames = new Set([
  'protocol',
  'host',
  'hostname',
  'port',
  'pathname',
  'href',
  'search',
  'hash',
  'path',
]);

/**
 * Reads a target.
 * @throws UnsupportedError for what cannot be one here.
 */
export function readProxyTarget(input: TargetInput): ProxyTarget {
  const url = input instanceof URL ? input : typeof input === 'string' ? parsed(input, input) : urlOf(input);
  const protocol = url.protocol.replace(/^ws/, 'http');
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new UnsupportedError(`the target ${url.href}`, 'write an http:, https:, ws: or wss: URL');
  if (url.username !== '' || url.password !== '')
    throw new UnsupportedError('a password in the URL of a target', 'write the option auth');
  // The unspecified address is nowhere to send to; programs mean themselves.
  const hostname = url.hostname === '[::]' ? '[::1]' : url.hostname;
  const usual = protocol === 'https:' ? '443' : '80';
  const host = url.port === '' || url.port === usual ? hostname : `${hostname}:${url.port}`;
  return {
    input: typeof input === 'string' ? url : input,
    origin: `${protocol}//${host}`,
    host,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    path: url.pathname === '/' ? '' : url.pathname,
    query: url.search.slice(1),
    secure: protocol === 'https:',
  };
}

function parsed(text: string, written: unknown): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new UnsupportedError(`the target ${foundIn(written)}`, "write a URL such as 'http://localhost:3001'");
}

function urlOf(parts: TargetParts): URL {
  if (typeof parts !== 'object' || parts === null || Array.isArray(parts))
    throw new UnsupportedError(`the target ${foundIn(parts)}`, "write a URL such as 'http://localhost:3001'");
  for (const [name, value] of Object.entries(parts)) {
    if (value === undefined || value === null) continue;
    if (partNames.has(name) && (typeof value === 'string' || (name === 'port' && typeof value === 'number')))
      continue;
    if (partNames.has(name))
      throw new UnsupportedError(`"${name}" of a target as ${foundIn(value)}`, 'write a text');
    if (name === 'socketPath')
      throw new UnsupportedError('a target with a socketPath', 'let the service listen on a port');
    throw new UnsupportedError(
      `"${name}" of a target`,
      'write an upstream with `tls` in a configuration, and mount it with waygate/express',
    );
  }
  const { protocol = 'http:', hostname, host, port, pathname = '/' } = parts;
  const authority = hostname ?? host ?? 'localhost';
  const bracketed =
    authority.includes(':') && !/\]|^[^:]*:\d+$/.test(authority) ? `[${authority}]` : authority;
  const withPort =
    port === undefined || port === '' || /:\d+$/.test(bracketed) ? bracketed : `${bracketed}:${port}`;
  return parsed(
    `${protocol.replace(/:$/, '')}://${withPort}${pathname.startsWith('/') ? '' : '/'}${pathname}`,
    parts,
  );
}

/** The path and query for a target. @param url of the request. */
export function joinTarget(
  target: ProxyTarget,
  url: string,
  {
    prependPath = true,
    ignorePath = false,
  }: { readonly prependPath?: boolean | undefined; readonly ignorePath?: boolean | undefined },
): string {
  const at = url.indexOf('?');
  const ownPath = ignorePath ? '' : at === -1 ? url : url.slice(0, at);
  const ownQuery = ignorePath || at === -1 ? '' : url.slice(at + 1);
  const base = prependPath ? target.path : '';
  const slashed = ownPath === '' || ownPath.startsWith('/') ? ownPath : `/${ownPath}`;
  const query = [prependPath ? target.query : '', ownQuery].filter((part) => part !== '').join('&');
  const asked = query !== '' || (at !== -1 && !ignorePath);
  // Only the bare root leaves the base as it stands; `/?x=1` is a path of its own.
  const path = base !== '' && slashed === '/' && at === -1 ? base : joinPaths(base, slashed);
  return asked ? `${path}?${query}` : path;
}

function joinPaths(base: string, path: string): string {
  if (base === '') return path === '' ? '/' : path;
  if (path === '') return base;
  return base.endsWith('/') ? base + path.slice(1) : base + path;
}
