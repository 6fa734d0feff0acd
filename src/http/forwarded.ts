import { isToken, trimOws } from './field.ts';
import { normalizeIp, type IpSet } from './ip.ts';

/** One hop of a `Forwarded` field (RFC 7239 §5). Values are unquoted, not otherwise checked. */
export interface ForwardedElement {
  /** Who asked: an address, with or without port and brackets, `unknown`, or a name that begins with `_`. */
  readonly for: string | undefined;
  readonly by: string | undefined;
  /** The Host that the hop received. */
  readonly host: string | undefined;
  /** The scheme that the hop received, e.g. `https`. */
  readonly proto: string | undefined;
}

/** The client that a `Forwarded` field names. */
export interface ForwardedClient {
  /** In canonical spelling. */
  readonly ip: string;
  /** The element that named it, whose `proto` and `host` are to be believed; undefined when it is the peer itself. */
  readonly element: ForwardedElement | undefined;
}

/**
 * The right-most address that is not a trusted proxy's, from the peer backwards through `X-Forwarded-For`. The walk
 * ends early at whatever is no address (`unknown`, junk): then the last trusted hop stands for the client, since all
 * further left may be made up. Empty parts are skipped (RFC 9110 §5.6.1.2). Never throws.
 *
 * @param xForwardedFor the values of all lines of that name, in order.
 * @param peer the address of the connection's other end.
 * @returns the address in canonical spelling.
 */
export function clientFromForwarded(xForwardedFor: readonly string[], peer: string, trusted: IpSet): string {
  let client = normalizeIp(peer) ?? peer;
  if (!trusted.has(client)) return client;
  for (let i = xForwardedFor.length - 1; i >= 0; i--) {
    const line = xForwardedFor[i] ?? '';
    for (let end = line.length, comma = end; comma !== -1; end = comma) {
      comma = end === 0 ? -1 : line.lastIndexOf(',', end - 1);
      const part = trimOws(line, comma + 1, end);
      if (part === '') continue;
      const ip = ipOfNode(part);
      if (ip === undefined) return client;
      client = ip;
      if (!trusted.has(ip)) return client;
    }
  }
  return client;
}

/**
 * As {@link clientFromForwarded}, for the elements of `Forwarded`. An element that is malformed or has no `for` ends
 * the walk.
 *
 * @param elements what {@link parseForwarded} gives.
 */
export function clientFromElements(
  elements: readonly (ForwardedElement | undefined)[],
  peer: string,
  trusted: IpSet,
): ForwardedClient {
  let client: ForwardedClient = { ip: normalizeIp(peer) ?? peer, element: undefined };
  for (let i = elements.length - 1; i >= 0 && trusted.has(client.ip); i--) {
    const element = elements[i];
    const ip = element?.for === undefined ? undefined : ipOfNode(element.for);
    if (ip === undefined) break;
    client = { ip, element };
  }
  return client;
}

/**
 * Reads the `Forwarded` field (RFC 7239 §4).
 *
 * An element that is malformed comes out as undefined, in its place, so that a walk from the right can stop there. A
 * line whose quotes do not match is one malformed element: where its parts end cannot be told. Addresses with a colon
 * are accepted unquoted too, as many proxies write them.
 *
 * @param lines the values of all lines of that name, in order.
 */
export function parseForwarded(lines: readonly string[]): (ForwardedElement | undefined)[] {
  const elements: (ForwardedElement | undefined)[] = [];
  for (const line of lines) {
    const parts = splitOutsideQuotes(line, ',');
    if (parts === undefined) elements.push(undefined);
    else for (const part of parts) if (part !== '') elements.push(parseElement(part));
  }
  return elements;
}

/**
 * Writes one element of `Forwarded`, quoting what RFC 7239 §4 and §6 want quoted: IPv6 addresses go into brackets.
 *
 * @param element `for` and `by` are addresses in canonical spelling, `unknown`, or names that begin with `_`; `host`
 *   is a Host value as received. A `host` that no quoted string can hold is left out.
 */
export function formatForwarded(element: {
  readonly for: string;
  readonly by?: string | undefined;
  readonly host: string;
  readonly proto: string;
}): string {
  let text = `for=${formatNode(element.for)}`;
  if (element.by !== undefined) text += `;by=${formatNode(element.by)}`;
  if (/^[\t\x20-\x7e\x80-\xff]+$/.test(element.host)) text += `;host=${quoteUnlessToken(element.host)}`;
  return `${text};proto=${quoteUnlessToken(element.proto)}`;
}

function parseElement(text: string): ForwardedElement | undefined {
  const values = new Map<string, string>();
  for (const pair of splitOutsideQuotes(text, ';') ?? []) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = pair.slice(0, Math.max(equals, 0)).toLowerCase();
    const value = parseValue(pair.slice(equals + 1));
    // A parameter must not occur twice in an element (RFC 7239 §4).
    if (!isToken(name) || value === undefined || values.has(name)) return undefined;
    values.set(name, value);
  }
  return {
    for: values.get('for'),
    by: values.get('by'),
    host: values.get('host'),
    proto: values.get('proto'),
  };
}

/** A token or quoted string; unquoted, `:`, `[` and `]` pass as well. */
function parseValue(text: string): string | undefined {
  if (text.startsWith('"')) {
    const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(text)?.[1];
    return quoted?.replace(/\\(.)/gs, '$1');
  }
  return /^[\w!#$%&'*+.^`|~:[\]-]+$/.test(text) ? text : undefined;
}

/** The trimmed parts between separators that stand outside quoted strings; undefined when a quote is left open. */
function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] | undefined {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') quoted = !quoted;
    else if (quoted && char === '\\') i++;
    else if (!quoted && char === separator) {
      parts.push(trimOws(text, start, i));
      start = i + 1;
    }
  }
  if (quoted) return undefined;
  parts.push(trimOws(text, start));
  return parts;
}

/** The canonical address of a node, which may carry a port (RFC 7239 §6); undefined when it is not an address. */
function ipOfNode(text: string): string | undefined {
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    const address = text.slice(1, Math.max(close, 1));
    return address.includes(':') && isPortOrNothing(text, close + 1) ? normalizeIp(address) : undefined;
  }
  const colon = text.indexOf(':');
  if (colon === -1 || text.includes(':', colon + 1)) return normalizeIp(text);
  return isPortOrNothing(text, colon) ? normalizeIp(text.slice(0, colon)) : undefined;
}

/** A port is a number of up to five digits, or hidden behind a name (RFC 7239 §6). */
function isPortOrNothing(text: string, at: number): boolean {
  return at === text.length || /^:(?:[0-9]{1,5}|_[\w.-]+)$/.test(text.slice(at));
}

function formatNode(node: string): string {
  return node.includes(':') ? `"[${node}]"` : quoteUnlessToken(node);
}

function quoteUnlessToken(text: string): string {
  return isToken(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}
