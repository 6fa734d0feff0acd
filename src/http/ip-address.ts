/**
 * IP addresses between text and 16-bit groups: 2 numbers for IPv4, 8 for IPv6. Both readers are strict: no octal, no
 * short forms, no surrounding space.
 */

/** Reads dotted decimal into a number, or −1. Leading zeros are refused, for some read them as octal. */
export function parseIpv4(text: string): number {
  const length = text.length;
  if (length < 7 || length > 15) return -1;
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      if (octet === -1 || ++dots > 3) return -1;
      value = value * 256 + octet;
      octet = -1;
    } else if (code >= 0x30 && code <= 0x39) {
      if (octet === 0) return -1;
      octet = octet === -1 ? code - 0x30 : octet * 10 + code - 0x30;
      if (octet > 255) return -1;
    } else {
      return -1;
    }
  }
  return dots === 3 && octet !== -1 ? value * 256 + octet : -1;
}

/** Dotted decimal of a number from 0 to 2^32 − 1. */
export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** Reads any spelling of RFC 4291 §2.2, without zone and brackets, into eight groups; undefined when it is none. */
export function parseIpv6(text: string): number[] | undefined {
  // The longest spelling: six groups of four digits and a dotted IPv4 address.
  if (text.length < 2 || text.length > 45) return undefined;
  const groups: number[] = [];
  let gap = -1;
  let i = 0;
  if (text.charCodeAt(0) === 0x3a) {
    if (text.charCodeAt(1) !== 0x3a) return undefined;
    gap = 0;
    i = 2;
  }
  while (i < text.length) {
    let end = text.indexOf(':', i);
    if (end === -1) end = text.length;
    if (end === i) {
      // An empty group inside: the second colon of `::`, allowed once.
      if (gap !== -1) return undefined;
      gap = groups.length;
      i++;
      continue;
    }
    if (end === text.length && text.includes('.', i)) {
      const ipv4 = parseIpv4(text.slice(i));
      if (ipv4 === -1) return undefined;
      groups.push(ipv4 >>> 16, ipv4 & 0xffff);
      i = end;
      break;
    }
    const group = parseGroup(text, i, end);
    if (group === -1) return undefined;
    groups.push(group);
    i = end + 1;
    // A single colon at the end.
    if (i === text.length) return undefined;
  }
  if (gap === -1) return groups.length === 8 ? groups : undefined;
  // `::` stands for at least one group (RFC 4291 §2.2).
  if (groups.length > 7) return undefined;
  return [...groups.slice(0, gap), ...Array<number>(8 - groups.length).fill(0), ...groups.slice(gap)];
}

/** The spelling of RFC 5952 §4, in hex throughout. */
export function formatIpv6(groups: readonly number[]): string {
  let gap = -1;
  let gapLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > gapLength) {
      gap = i;
      gapLength = end - i;
    }
    if (end > i) i = end;
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return gap === -1 ? hex(0, 8) : `${hex(0, gap)}::${hex(gap + gapLength, 8)}`;
}

/** The IPv4 address in an IPv4-mapped one (`::ffff:a.b.c.d`, RFC 4291 §2.5.5.2), or −1. */
export function mappedIpv4(groups: readonly number[]): number {
  for (let i = 0; i < 5; i++) if (groups[i] !== 0) return -1;
  return groups[5] === 0xffff ? (groups[6] ?? 0) * 65536 + (groups[7] ?? 0) : -1;
}

function parseGroup(text: string, start: number, end: number): number {
  if (end - start > 4) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    const lower = code | 0x20;
    if (code >= 0x30 && code <= 0x39) value = value * 16 + code - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) value = value * 16 + lower - 0x57;
    else return -1;
  }
  return value;
}
