import { parseHost } from '../http/host.ts';
import { GatewayError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { compileTemplate, TemplateError, type VariablePart } from './template.ts';
import { pathText, queryText } from './template-encoding.ts';
import { templateVariables, type TemplateVariable } from './template-variables.ts';

/** A URL or a path with variables in it, compiled when a configuration is loaded. */
export interface UrlTemplate {
  readonly source: string;
  /** The text itself, when there is no variable in it; undefined otherwise. */
  readonly constant: string | undefined;
  /** Whether the template writes a query of its own. */
  readonly hasQuery: boolean;
  /** Whether the template writes a fragment. */
  readonly hasFragment: boolean;
  /**
   * The URL for one exchange: ASCII, every variable encoded for the place where it stands. Its path never contains `//`
   * or a dot segment, whatever the variables hold, and the host is the written one or the request's.
   * @throws GatewayError `bad_path` when a variable makes a dot segment, `bad_path` or `bad_request` for controls,
   *   `bad_host` when the host of a request that names none is asked for.
   */
  render(exchange: Exchange): string;
}

type Place = 'authority' | 'path' | 'query' | 'fragment';

interface UrlPart {
  readonly place: Place;
  readonly part: string | VariablePart;
}

/** What a path template may use: what is known before the first policy runs. */
const pathVariables: readonly TemplateVariable[] = [
  'params',
  'request.path',
  'request.method',
  'request.host',
  'client.scheme',
  'client.ip',
  'route.name',
];

/**
 * Compiles the path that a target is asked for instead of the received one, e.g. `/v2/users/${params.id}`.
 * The result is a path without query, encoded, without `//` and dot segments.
 * @throws TemplateError as `compileTemplate`, and when the template is no path.
 */
export function compilePathTemplate(source: string, paramNames: readonly string[]): UrlTemplate {
  if (!startsAsPath(source))
    throw new TemplateError('a path starts with a slash', `write /${source.replace(/^[/\\]+/, '')}`);
  const template = compileUrlTemplate(source, paramNames, pathVariables);
  if (template.hasQuery || template.hasFragment) {
    throw new TemplateError(
      'a path contains no ? and no #',
      'leave the query out: it is passed on as received',
    );
  }
  return template;
}

/**
 * Compiles a URL to send a client to: `https://host/path`, `http://host/path`, or a path on the same host.
 * @throws TemplateError as `compileTemplate`; when it is neither of these; when a variable other than `request.host`
 *   would decide the host; when the fixed text is not valid in a URL (RFC 3986 §2).
 */
export function compileUrlTemplate(
  source: string,
  paramNames: readonly string[],
  allowed: readonly TemplateVariable[] = templateVariables,
): UrlTemplate {
  const template = compileTemplate(source, paramNames, allowed);
  const scheme = /^https?:\/\//.exec(source)?.[0] ?? '';
  if (scheme === '' && !startsAsPath(source)) {
    throw new TemplateError(
      `"${source}" is neither a URL nor a path`,
      'start with https://, http:// or a single slash; a variable may follow',
    );
  }
  const parts = placeParts(template.parts, scheme);
  const hasQuery = parts.some(({ place }) => place === 'query');
  const hasFragment = parts.some(({ place }) => place === 'fragment');
  if (template.constant !== undefined) {
    const constant = scheme + joinParts(parts);
    return { source, constant, hasQuery, hasFragment, render: () => constant };
  }
  return {
    source,
    constant: undefined,
    hasQuery,
    hasFragment,
    render: (exchange) => scheme + joinParts(parts, exchange),
  };
}

function startsAsPath(source: string): boolean {
  return /^\/(?![/\\])/.test(source) || source.startsWith('${request.path}');
}

/** Cuts the literals where the path, the query and the fragment start, so that each part has one place. */
function placeParts(parts: readonly (string | VariablePart)[], scheme: string): UrlPart[] {
  const placed: UrlPart[] = [];
  let place: Place = scheme === '' ? 'path' : 'authority';
  let skip = scheme.length;
  for (const part of parts) {
    if (typeof part !== 'string') {
      if (place === 'authority') place = authorityVariable(part);
      placed.push({ place, part });
      continue;
    }
    for (const piece of part.slice(skip).split(/(?=[/?#])/)) {
      place = placeAfter(place, piece);
      if (piece !== '') placed.push({ place, part: checkLiteral(piece) });
    }
    skip = 0;
  }
  if (scheme !== '') checkHost(placed);
  return placed;
}

function placeAfter(place: Place, piece: string): Place {
  if (place === 'fragment') return place;
  if (piece.startsWith('#')) return 'fragment';
  if (place === 'query' || piece.startsWith('?')) return 'query';
  return piece.startsWith('/') ? 'path' : place;
}

/** The host decides who gets the client, so nothing that a client can put into a link may have a say in it. */
function authorityVariable(part: VariablePart): Place {
  if (part.variable === 'request.host') return 'authority';
  if (part.variable === 'request.path') return 'path';
  throw new TemplateError(
    `\${${part.name}} would choose the host that clients are sent to`,
    'write the host out or use ${request.host}, and put a slash before the variable',
  );
}

/** The host as written must be one, whatever stands in for `${request.host}`. */
function checkHost(parts: readonly UrlPart[]): void {
  const authority = parts.filter(({ place }) => place === 'authority').map(({ part }) => part);
  const host = authority.map((part) => (typeof part === 'string' ? part : 'host')).join('');
  if (parseHost(host) !== undefined) return;
  throw new TemplateError(
    host === '' ? 'the URL names no host' : `"${host}" is not a host`,
    'write https://example.com/…: a host name or an address, and a port if need be',
  );
}

function checkLiteral(text: string): string {
  const bad = /[^!-~]|["<>\\^`{|}]|%(?![0-9A-Fa-f]{2})/u.exec(text)?.[0];
  if (bad !== undefined) {
    throw new TemplateError(
      `${JSON.stringify(bad)} cannot stand in a URL`,
      `write ${bad === '%' ? '%25' : encodeURIComponent(bad.toWellFormed())} instead`,
    );
  }
  return text;
}

function joinParts(parts: readonly UrlPart[], exchange?: Exchange): string {
  let authority = '';
  let path = '';
  let rest = '';
  for (const { place, part } of parts) {
    const text =
      typeof part === 'string' ? part : exchange === undefined ? '' : placedText(place, part, exchange);
    if (place === 'authority') authority += text;
    else if (place === 'path') path += text;
    else rest += text;
  }
  return authority + settlePath(path, exchange === undefined) + rest;
}

/** The value of a variable, encoded for its place. */
function placedText(place: Place, part: VariablePart, exchange: Exchange): string {
  const value = part.read(exchange);
  if (place === 'authority') return hostText(value);
  return place === 'path' ? pathText(value, part, exchange) : queryText(value, part);
}

function hostText(host: string): string {
  // `https:///x` reads as `https://x` in browsers: without a host, the path would become one.
  if (host === '') throw new GatewayError('bad_host', 'the request names no host, and the answer needs one');
  return host;
}

/**
 * Merges slashes, so that `//evil.example` cannot come up at the start, and refuses dot segments (RFC 3986 §3.3). The `*`
 * of `OPTIONS *` gets a slash before it, or it would be read as the end of the host.
 */
function settlePath(path: string, fixed: boolean): string {
  const rooted = path === '' || path.startsWith('/') ? path : `/${path}`;
  const merged = rooted.includes('//') ? rooted.replace(/\/{2,}/g, '/') : rooted;
  if (!/(?:^|\/)(?:\.|%2e){1,2}(?=\/|$)/i.test(merged)) return merged;
  if (fixed)
    throw new TemplateError('a path cannot contain . or .. segments', 'write the path that they lead to');
  throw new GatewayError('bad_path', 'a variable made a dot segment of the path');
}
