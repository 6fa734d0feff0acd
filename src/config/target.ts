import { BlockList, isIP } from 'node:net';
import { withRemedy } from '../core/remedy.ts';
import { foundIn } from '../core/found-in.ts';

/** One address of an upstream. */
export interface TargetAddress {
  /** The origin in canonical spelling, without a trailing slash; the default port is left out. */
  readonly url: string;
  readonly protocol: 'http' | 'https';
  /** In lower case; IPv6 without brackets, as `net.connect` takes it. */
  readonly host: string;
  readonly port: number;
}

/** Reads the URL of a target, or says what is wrong with it. Which addresses are allowed is judged elsewhere. */
export function readTarget(value: string): TargetAddress | { readonly mistake: string } {
  const remedy = 'write a URL such as http://localhost:3001';
  if (/^unix:|^\//i.test(value)) {
    return {
      mistake: withRemedy(
        `${foundIn(value)} is a Unix socket, which an upstream cannot be`,
        `${remedy}; let the service listen on 127.0.0.1`,
      ),
    };
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    const meant = /^[\w.-]+(:\d+)?\/?$/.test(value) ? `write http://${value}` : remedy;
    return { mistake: withRemedy(`${foundIn(value)} has no http:// or https:// in front`, meant) };
  }
  if (scheme !== 'http' && scheme !== 'https') {
    return {
      mistake: withRemedy(
        `"${scheme}:" is not a scheme for a target`,
        `write http:// or https://, such as http://localhost:3001`,
      ),
    };
  }
  const url = URL.canParse(value) && !/[\s\\\u0000-\u001f]/.test(value) ? new URL(value) : undefined;
  if (url === undefined) return { mistake: withRemedy(`${foundIn(value)} is not a valid URL`, remedy) };
  if (url.username !== '' || url.password !== '' || value.includes('@')) {
    return {
      mistake: withRemedy(
        'the URL of a target carries a user name or password',
        'leave them out, and set an Authorization header with the headers policy',
      ),
    };
  }
  if (url.pathname !== '/' || /[?#]/.test(value)) {
    return {
      mistake: withRemedy(
        `the URL of a target has more than an address: ${foundIn(`${url.pathname}${url.search}${url.hash}`)}`,
        `write ${url.origin} here, and stripPrefix or rewrite on the route`,
      ),
    };
  }
  if (url.port === '0')
    return {
      mistake: withRemedy('a target cannot have port 0', 'write the port that the service listens on'),
    };
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port);
  return { url: url.origin, protocol: scheme, host: bare(url.hostname), port };
}

/** Whether the address is link-local, cloud metadata or unspecified: what a request from outside must never reach. */
export function isForbiddenAddress(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return metadataNames.has(host.replace(/\.$/, ''));
  return forbidden.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/** Whether the host is this machine's loopback, by address or by name. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return /^(.+\.)?localhost\.?$/i.test(host);
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

const metadataNames = new Set(['metadata', 'metadata.google.internal', 'metadata.goog', 'instance-data']);

/** A `BlockList` judges an IPv4-mapped IPv6 address (::ffff:a.b.c.d) by its IPv4 rules. */
const forbidden = new BlockList();
forbidden.addSubnet('0.0.0.0', 8, 'ipv4');
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addAddress('255.255.255.255', 'ipv4');
forbidden.addAddress('100.100.100.200', 'ipv4');
forbidden.addAddress('168.63.129.16', 'ipv4');
forbidden.addAddress('::', 'ipv6');
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addAddress('fd00:ec2::254', 'ipv6');
// 169.254.0.0/16 behind NAT64 (RFC 6052) and 6to4 (RFC 3056).
forbidden.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
forbidden.addSubnet('2002:a9fe::', 32, 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}
