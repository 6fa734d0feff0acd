import assert from 'node:assert/strict';
import { BlockList, isIP } from 'node:net';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { ipNetworkOf, IpSet, normalizeIp } from './ip.ts';

describe('normalizeIp', () => {
  it('F93: gives every spelling of an address the same text', () => {
    const cases = {
      '192.0.2.1': '192.0.2.1',
      '::ffff:192.0.2.1': '192.0.2.1',
      '::ffff:1.2.3.255': '1.2.3.255',
      '::ffff:255.254.0.9': '255.254.0.9',
      '1::ffff:1.2.3.4': '1::ffff:102:304',
      '::fffe:1.2.3.4': '::fffe:102:304',
      '::FFFF:c000:201': '192.0.2.1',
      '0:0:0:0:0:ffff:c000:0201': '192.0.2.1',
      '2001:DB8:0:0:0:0:0:1': '2001:db8::1',
      '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
      '2001:0:0:1:0:0:0:1': '2001:0:0:1::1',
      '2001:db8::0:0:1': '2001:db8::1',
      '1:0:0:2:2:0:0:3': '1::2:2:0:0:3',
      '::': '::',
      '1::': '1::',
      '::192.0.2.1': '::c000:201',
      '64:ff9b::192.0.2.1': '64:ff9b::c000:201',
      'fe80::1%eth0': 'fe80::1',
      'FE80::1%25en-0.1': 'fe80::1',
    };
    for (const [text, ip] of Object.entries(cases)) assert.equal(normalizeIp(text), ip, text);
  });

  it('refuses what is no address, and IPv4 spellings that some read in octal or hex', () => {
    const refused = [
      ...words('1:2:3:4:5:6:7:8: ::1: 11.2.3. 10..2.3 1:2:3:4:5:6:7:8:: ::ffff:1.2.3.4. 1.2.3.4.'),
      ...words('1 1.2.3 1.2.3.4.5 01.2.3.4 1.2.3.04 1.2.3.256 0x7f.0.0.1 1..2.3 .1.2.3.4 1.2.3.4. 1.2.3.-4'),
      ...words('1.2.3.4%eth0 1.2.3.4:80 2130706433 unknown a.b.c.d : ::: 1 1:2 ::1:: 1::2::3 :1 1:'),
      ...words('1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1::2:3:4:5:6:7:8 12345:: g:: [::1] ::1% ::1%% ::1/64'),
      ...words('1.2.3.4:: ::1.2.3 ::1.2.3.4.5 ::1.2.3.4:5 ::01.2.3.4 1:2:3:4:5:6:7:1.2.3.4'),
      '',
      ' ',
      '1.2.3.4 ',
      ' 1.2.3.4',
      '١.2.3.4',
      '::1%a b',
      '::1 ',
    ];
    for (const text of refused) assert.equal(normalizeIp(text), undefined, text);
  });

  it('accepts exactly what the system accepts', () => {
    const part = fc.constantFrom(
      ':',
      '::',
      '.',
      '0',
      '1',
      'ffff',
      'fe80',
      '255',
      '256',
      '12345',
      'g',
      '1.2.3.4',
      '00ab',
    );
    const text = fc.oneof(
      fc.array(part, { maxLength: 17 }).map((parts) => parts.join('')),
      fc.ipV4(),
      fc.ipV6(),
      fc
        .tuple(
          fc.array(fc.constantFrom('1', '0', 'ab'), { maxLength: 9 }),
          fc.array(fc.constantFrom('2', '1.2.3.4'), { maxLength: 8 }),
        )
        .map(([left, right]) => `${left.join(':')}::${right.join(':')}`),
    );
    fc.assert(
      fc.property(text, (candidate) =>
        assert.equal(normalizeIp(candidate) !== undefined, isIP(candidate) !== 0, candidate),
      ),
      { numRuns: 3000 },
    );
  });

  it('spells IPv6 as the WHATWG URL parser does, and is idempotent', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const ip = normalizeIp(text) ?? assert.fail(text);
        assert.equal(normalizeIp(ip), ip);
        if (ip.includes(':')) assert.equal(`[${ip}]`, new URL(`http://[${text}]`).hostname);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('IpSet', () => {
  it('holds addresses and blocks of both families', () => {
    const set = new IpSet([
      '10.0.0.0/8',
      '10.1.0.0/16',
      '192.0.2.1',
      '0.0.0.0/32',
      '255.255.255.255',
      'fd00::/8',
      '2001:db8::1',
      '::/128',
    ]);
    const inside = [
      '10.0.0.0',
      '10.255.255.255',
      '192.0.2.1',
      '::ffff:10.1.2.3',
      '0.0.0.0',
      '255.255.255.255',
      'fdff::',
      'fd00::%x',
      '2001:DB8:0::1',
      '::',
    ];
    const outside = [
      '9.255.255.255',
      '11.0.0.0',
      '192.0.2.0',
      '192.0.2.2',
      'fcff:ffff::',
      'fe00::',
      '2001:db8::2',
      '::1',
      '',
      'junk',
      '10.0.0.1/8',
    ];
    for (const ip of inside) assert.equal(set.has(ip), true, ip);
    for (const ip of outside) assert.equal(set.has(ip), false, ip);
    assert.equal(new IpSet([]).has('10.0.0.1'), false);
  });

  it('keeps the families apart, and takes an IPv4-mapped block as IPv4', () => {
    assert.equal(new IpSet(['::/0']).has('10.0.0.1'), false);
    assert.equal(new IpSet(['::/0']).has('fe80::1'), true);
    assert.equal(new IpSet(['0.0.0.0/0']).has('::1'), false);
    assert.equal(new IpSet(['0.0.0.0/0']).has('::ffff:1.2.3.4'), true);
    const mapped = new IpSet(['::ffff:10.0.0.0/104']);
    assert.equal(mapped.has('10.9.9.9'), true);
    assert.equal(mapped.has('11.0.0.0'), false);
    assert.equal(new IpSet(['::ffff:0:0/96']).has('1.2.3.4'), true);
    assert.equal(new IpSet(['::fffe:0:0/95']).has('1.2.3.4'), false);
  });

  it('says what is wrong with an entry, and what to write', () => {
    const messages = {
      'example.com': /"example.com" is not an IP address or CIDR block such as/,
      '': /"" is not an IP address/,
      '10.0.0.0/33': /"10.0.0.0\/33" needs a prefix length from 0 to 32/,
      '10.0.0.0/': /prefix length from 0 to 32/,
      '10.0.0.0/08': /prefix length/,
      '10.0.0.0/8/8': /prefix length/,
      '::/129': /prefix length from 0 to 128/,
      '::/-1': /prefix length/,
      '10.1.2.3/8': /write 10.0.0.0\/8 for the whole network/,
      '2001:db8::1/32': /write 2001:db8::\/32 for the whole network/,
      'fe80::1%eth0': /is not an IP address/,
      '[::1]': /is not an IP address/,
      ' 10.0.0.1': /is not an IP address/,
    };
    for (const [cidr, message] of Object.entries(messages)) {
      assert.throws(
        () => new IpSet(['127.0.0.1', cidr]),
        (error) => error instanceof RangeError && message.test(error.message),
        cidr,
      );
    }
  });

  it('agrees with net.BlockList', () => {
    // Few bits vary, so that addresses fall into blocks and on their edges.
    const ipv4 = fc
      .tuple(
        fc.constantFrom(10, 11),
        fc.constantFrom(0, 1, 128, 255),
        fc.constantFrom(0, 255),
        fc.constantFrom(0, 1, 127, 128, 255),
      )
      .map((parts) => parts.join('.'));
    const ipv6 = fc
      .tuple(
        fc.constantFrom('fd00', 'fe80', '0'),
        fc.constantFrom('0', '1', '8000', 'ffff'),
        fc.constantFrom('0', 'ffff'),
      )
      .map(([a, b, c]) => `${a}:${b}:${c}::${c}`);
    const block = fc.oneof(
      fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })),
      fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })),
    );
    fc.assert(
      fc.property(
        fc.array(block, { maxLength: 8 }),
        fc.array(fc.oneof(ipv4, ipv6), { minLength: 4, maxLength: 20 }),
        (blocks, addresses) => {
          // A list for each family: one list would apply its IPv6 blocks to IPv4 addresses too.
          const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
          const cidrs = blocks.map(([ip, prefix]) => {
            lists[familyOf(ip)].addSubnet(ip, prefix, familyOf(ip));
            return `${network(ip, prefix)}/${prefix}`;
          });
          const set = new IpSet(cidrs);
          for (const ip of addresses) {
            assert.equal(
              set.has(ip),
              lists[familyOf(ip)].check(ip, familyOf(ip)),
              `${ip} in ${cidrs.join(' ')}`,
            );
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('ipNetworkOf', () => {
  it('F93: one subscriber is one key: an IPv4 address, or an IPv6 network', () => {
    assert.equal(ipNetworkOf('192.0.2.1', 64), '192.0.2.1');
    assert.equal(ipNetworkOf('::ffff:192.0.2.1', 64), '192.0.2.1');
    assert.equal(ipNetworkOf('2001:db8:1:2:3:4:5:6', 64), '2001:db8:1:2::/64');
    assert.equal(ipNetworkOf('2001:DB8:1:2::%eth0', 64), '2001:db8:1:2::/64');
    assert.equal(ipNetworkOf('2001:db8:1:23ff::', 56), '2001:db8:1:2300::/56');
    assert.equal(ipNetworkOf('2001:db8::1', 128), '2001:db8::1/128');
    assert.equal(ipNetworkOf('2001:db8::1', 0), '::/0');
    assert.equal(ipNetworkOf('junk', 64), 'junk');
    for (const prefix of [-1, 129, 1.5, Number.NaN])
      assert.throws(() => ipNetworkOf('::1', prefix), RangeError);
  });
});

function familyOf(ip: string): 'ipv4' | 'ipv6' {
  return ip.includes(':') ? 'ipv6' : 'ipv4';
}

/** The first address of a block, by arithmetic on one big number. */
function network(ip: string, prefix: number): string {
  const v6 = ip.includes(':');
  const bits = v6 ? 128n : 32n;
  const [left = '', right] = ip.split('::');
  const head = left.split(':');
  const tail = right === undefined ? [] : right.split(':');
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  const parts = v6 ? groups.map((group) => BigInt(`0x${group}`)) : ip.split('.').map(BigInt);
  const value = parts.reduce((sum, part) => sum * (v6 ? 65536n : 256n) + part, 0n);
  const shift = bits - BigInt(prefix);
  const first = (value >> shift) << shift;
  const out = parts.map(
    (_, i) => (first >> (BigInt(parts.length - 1 - i) * (v6 ? 16n : 8n))) & (v6 ? 65535n : 255n),
  );
  return v6 ? out.map((group) => group.toString(16)).join(':') : out.join('.');
}

/** The words of a text, to keep long lists of samples readable. */
function words(text: string): string[] {
  return text.split(' ');
}
