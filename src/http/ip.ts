import { formatIpv4, formatIpv6, mappedIpv4, parseIpv4, parseIpv6 } from './ip-address.ts';

/**
 * The one spelling of an address: IPv4 dotted, IPv6 as RFC 5952 writes it, IPv4-mapped IPv6 as IPv4, without zone.
 *
 * @returns undefined when the text is no address. Brackets, ports and surrounding space make it none.
 */
export function normalizeIp(text: string): string | undefined {
  // What Node reports for an IPv4 peer is canonical already; the reader accepts no second spelling.
  if (parseIpv4(text) !== -1) return text;
  const groups = parseIpv6(withoutZone(text));
  if (groups === undefined) return undefined;
  const ipv4 = mappedIpv4(groups);
  return ipv4 === -1 ? formatIpv6(groups) : formatIpv4(ipv4);
}

/**
 * The network that an address belongs to, as a key to count by: an IPv4 address by itself, an IPv6 address as its
 * first bits, e.g. `2001:db8::/64`, for one subscriber commands a whole network.
 *
 * @param ip an address in any spelling; text that is none is returned as it is.
 * @param v6Prefix how many bits of an IPv6 address count, 0 to 128.
 * @throws RangeError when `v6Prefix` is not such a number.
 */
export function ipNetworkOf(ip: string, v6Prefix: number): string {
  if (!Number.isInteger(v6Prefix) || v6Prefix < 0 || v6Prefix > 128) {
    throw new RangeError(`An IPv6 prefix length is a whole number from 0 to 128, not ${v6Prefix}`);
  }
  if (parseIpv4(ip) !== -1) return ip;
  const groups = parseIpv6(withoutZone(ip));
  if (groups === undefined) return ip;
  const ipv4 = mappedIpv4(groups);
  if (ipv4 !== -1) return formatIpv4(ipv4);
  return `${formatIpv6(groups.map((group, i) => group & groupMask(i, v6Prefix)))}/${v6Prefix}`;
}

/** One network, as its first and last address. */
interface Network {
  readonly first: readonly number[];
  readonly last: readonly number[];
}

/**
 * A set of addresses, given as addresses and CIDR blocks. IPv4 and IPv6 are apart: `::/0` holds no IPv4 address, and
 * an IPv4-mapped one counts as IPv4.
 */
export class IpSet {
  /** Sorted and disjoint: starts in `#first4`, ends in `#last4`. */
  readonly #first4: readonly number[];
  readonly #last4: readonly number[];
  readonly #networks6: readonly Network[];

  /**
   * @param cidrs such as `10.0.0.0/8`, `127.0.0.1`, `fd00::/8`.
   * @throws RangeError that names the first entry that is no address or block, and what to write instead.
   */
  constructor(cidrs: readonly string[]) {
    const networks = cidrs.map(parseCidr);
    const networks4 = disjoint(networks.filter((network) => network.first.length === 1));
    this.#first4 = networks4.map((network) => network.first[0] ?? 0);
    this.#last4 = networks4.map((network) => network.last[0] ?? 0);
    this.#networks6 = disjoint(networks.filter((network) => network.first.length === 8));
  }

  /**
   * Whether the address is in the set.
   * @param ip in any spelling; text that is no address is in no set.
   */
  has(ip: string): boolean {
    const ipv4 = parseIpv4(ip);
    if (ipv4 !== -1) return this.#has4(ipv4);
    const groups = parseIpv6(withoutZone(ip));
    if (groups === undefined) return false;
    const mapped = mappedIpv4(groups);
    return mapped === -1 ? this.#has6(groups) : this.#has4(mapped);
  }

  #has4(ip: number): boolean {
    const at = lastIndexWhere(this.#first4.length, (i) => (this.#first4[i] ?? 0) <= ip);
    return at !== -1 && ip <= (this.#last4[at] ?? -1);
  }

  #has6(groups: readonly number[]): boolean {
    const networks = this.#networks6;
    const at = lastIndexWhere(networks.length, (i) => compare(networks[i]?.first, groups) <= 0);
    return at !== -1 && compare(groups, networks[at]?.last) <= 0;
  }
}

/** Reads one entry. IPv4 networks have addresses of one number, IPv6 networks of eight groups. */
function parseCidr(text: string): Network {
  const slash = text.indexOf('/');
  const address = slash === -1 ? text : text.slice(0, slash);
  const ipv4 = parseIpv4(address);
  const groups = ipv4 === -1 ? parseIpv6(address) : undefined;
  if (ipv4 === -1 && groups === undefined) {
    throw new RangeError(
      `"${text}" is not an IP address or CIDR block such as 10.0.0.0/8, 192.0.2.1 or fd00::/8`,
    );
  }
  const bits = groups === undefined ? 32 : 128;
  const prefix = slash === -1 ? bits : parsePrefix(text.slice(slash + 1), bits);
  if (prefix === -1) {
    throw new RangeError(`"${text}" needs a prefix length from 0 to ${bits} behind the slash`);
  }
  if (groups === undefined) return network4(text, ipv4, prefix);
  const mapped = mappedIpv4(groups);
  if (mapped !== -1 && prefix >= 96) return network4(text, mapped, prefix - 96);
  const first = groups.map((group, i) => group & groupMask(i, prefix));
  if (compare(first, groups) !== 0) throw hostBits(text, `${formatIpv6(first)}/${prefix}`);
  return { first, last: first.map((group, i) => group | (~groupMask(i, prefix) & 0xffff)) };
}

function network4(text: string, ip: number, prefix: number): Network {
  const size = 2 ** (32 - prefix);
  const first = ip - (ip % size);
  if (first !== ip) throw hostBits(text, `${formatIpv4(first)}/${prefix}`);
  return { first: [first], last: [first + size - 1] };
}

/** `10.1.2.3/8` is either a whole network or a forgotten `/32`: for a list of whom to trust, nobody should guess. */
function hostBits(text: string, network: string): RangeError {
  return new RangeError(`"${text}" has bits set behind its prefix: write ${network} for the whole network`);
}

function parsePrefix(text: string, bits: number): number {
  if (!/^(0|[1-9][0-9]{0,2})$/.test(text)) return -1;
  const prefix = Number(text);
  return prefix <= bits ? prefix : -1;
}

/** The bits of group `index` (0 to 7) that a prefix covers. */
function groupMask(index: number, prefix: number): number {
  const bits = Math.min(16, Math.max(0, prefix - index * 16));
  return (0xffff << (16 - bits)) & 0xffff;
}

/** Sorts networks and drops those inside another. CIDR blocks are either nested or disjoint. */
function disjoint(networks: readonly Network[]): Network[] {
  const sorted = networks.toSorted((a, b) => compare(a.first, b.first) || compare(b.last, a.last));
  const kept: Network[] = [];
  for (const network of sorted) {
    const previous = kept.at(-1);
    if (previous === undefined || compare(network.first, previous.last) > 0) kept.push(network);
  }
  return kept;
}

function compare(a: readonly number[] = [], b: readonly number[] = []): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The last index below `length` where a predicate holds that is true up to a point and false from there; or −1. */
function lastIndexWhere(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** `fe80::1%eth0` names the address `fe80::1` on one link (RFC 4007 §11); an empty zone makes the text no address. */
function withoutZone(text: string): string {
  const percent = text.indexOf('%');
  if (percent === -1) return text;
  return /^[\w.~-]+$/.test(text.slice(percent + 1).replace(/^25/, '')) ? text.slice(0, percent) : '';
}
