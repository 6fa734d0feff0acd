import { formatIpv6, parseIpv6 } from './ip-address.ts';

/** A host as the router compares it. */
export interface HostAndPort {
  /** In lower case, without trailing dot; an IPv6 address in brackets and in its canonical spelling. */
  readonly host: string;
  /** From 1 to 65535; undefined when none was named. */
  readonly port: number | undefined;
}

/** The longest host, in octets: a DNS name cannot be longer. */
const MAX_HOST = 255;

/** What a character does in a registered name: 0 refused, 1 stands for itself, 2 upper case, 3 dot, 4 colon. */
const kinds = new Uint8Array(256);
for (const char of 'abcdefghijklmnopqrstuvwxyz0123456789-_') kinds[char.charCodeAt(0)] = 1;
for (let code = 0x41; code <= 0x5a; code++) kinds[code] = 2;
kinds[0x2e] = 3;
kinds[0x3a] = 4;

/**
 * Reads a Host value, or the authority of a request target (RFC 9110 §7.2, RFC 3986 §3.2.2).
 *
 * Stricter than the grammar, because everybody downstream must read the same host: names are letters, digits, `-`,
 * `_` and dots (an internationalised name comes as punycode), without empty labels, percent-encoding or userinfo;
 * IPv6 only in brackets and without zone; a port of plain digits from 1 to 65535, without leading zeros.
 *
 * @returns undefined when the value is to be refused.
 */
export function parseHost(value: string): HostAndPort | undefined {
  if (value.charCodeAt(0) === 0x5b) return parseBracketed(value);
  let end = value.length;
  let port: number | undefined;
  let upper = false;
  let previous = 3;
  for (let i = 0; i < end; i++) {
    const kind = kinds[value.charCodeAt(i)];
    if (kind === 1) {
      previous = 1;
    } else if (kind === 2) {
      upper = true;
      previous = 1;
    } else if (kind === 3) {
      // Two dots in a row, or one at the beginning.
      if (previous === 3) return undefined;
      previous = 3;
    } else if (kind === 4) {
      port = parsePort(value, i + 1);
      if (port === undefined) return undefined;
      end = i;
    } else {
      return undefined;
    }
  }
  if (end === 0) return undefined;
  // `api.example.com.` is the same name, spelled as fully qualified.
  if (previous === 3) end--;
  if (end > MAX_HOST) return undefined;
  const host = end === value.length ? value : value.slice(0, end);
  return { host: upper ? host.toLowerCase() : host, port };
}

function parseBracketed(value: string): HostAndPort | undefined {
  const close = value.indexOf(']');
  if (close === -1) return undefined;
  const groups = parseIpv6(value.slice(1, close));
  if (groups === undefined) return undefined;
  const host = `[${formatIpv6(groups)}]`;
  if (close + 1 === value.length) return { host, port: undefined };
  if (value.charCodeAt(close + 1) !== 0x3a) return undefined;
  const port = parsePort(value, close + 2);
  return port === undefined ? undefined : { host, port };
}

function parsePort(value: string, start: number): number | undefined {
  const length = value.length - start;
  if (length < 1 || length > 5 || value.charCodeAt(start) === 0x30) return undefined;
  let port = 0;
  for (let i = start; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x30 || code > 0x39) return undefined;
    port = port * 10 + code - 0x30;
  }
  return port <= 65535 ? port : undefined;
}
