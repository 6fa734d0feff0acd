import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { clientFromElements, clientFromForwarded, formatForwarded, parseForwarded } from './forwarded.ts';
import { IpSet, normalizeIp } from './ip.ts';

const trusted = new IpSet(['10.0.0.0/8', 'fd00::/8', '127.0.0.1']);
const peer = '10.0.0.1';

describe('clientFromForwarded', () => {
  it('F57: is the peer when that is not trusted, whatever it sends', () => {
    assert.equal(clientFromForwarded(['1.1.1.1'], '198.51.100.7', trusted), '198.51.100.7');
    assert.equal(clientFromForwarded(['1.1.1.1'], '::ffff:198.51.100.7', trusted), '198.51.100.7');
    assert.equal(clientFromForwarded([], peer, trusted), peer);
    assert.equal(clientFromForwarded(['1.1.1.1'], '', trusted), '');
  });

  it('F57: is the right-most address that is not trusted', () => {
    assert.equal(clientFromForwarded(['1.1.1.1, 198.51.100.7'], peer, trusted), '198.51.100.7');
    assert.equal(
      clientFromForwarded(['1.1.1.1, 198.51.100.7, 10.0.0.2,10.0.0.3'], peer, trusted),
      '198.51.100.7',
    );
    assert.equal(
      clientFromForwarded(['1.1.1.1,198.51.100.7', ' 10.0.0.2 ', '\t10.0.0.3'], peer, trusted),
      '198.51.100.7',
    );
    assert.equal(clientFromForwarded(['198.51.100.7'], '::ffff:10.0.0.1', trusted), '198.51.100.7');
  });

  it('F57: is the left-most when all are trusted', () => {
    assert.equal(clientFromForwarded(['10.0.0.3, 10.0.0.2'], peer, trusted), '10.0.0.3');
    assert.equal(clientFromForwarded(['fd00::1'], '127.0.0.1', trusted), 'fd00::1');
  });

  it('F57: stops at junk, where the last trusted hop stands for the client', () => {
    for (const junk of [
      'unknown',
      '_hidden',
      'x',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.4:x',
      '1.2.3.4:',
      '[::1]:',
      '[::1]x',
      '[]',
      '1.2.3.4:123456',
      '"1.2.3.4"',
      '<script>',
      '[::1',
      '[1.2.3.4]',
      '\u0000',
      '::1]:80',
      '1.1.1.1 2.2.2.2',
      '%',
    ]) {
      assert.equal(clientFromForwarded([`198.51.100.7, ${junk}, 10.0.0.2`], peer, trusted), '10.0.0.2', junk);
      assert.equal(clientFromForwarded([junk], peer, trusted), peer, junk);
    }
  });

  it('F57: reads ports, brackets, zones, mapped addresses and every spelling', () => {
    const cases = {
      '198.51.100.7:4711': '198.51.100.7',
      '198.51.100.7:1': '198.51.100.7',
      '[2001:DB8::1]:4711': '2001:db8::1',
      '[2001:db8::1]': '2001:db8::1',
      '2001:db8::1': '2001:db8::1',
      'fe80::1%eth0': 'fe80::1',
      '[fe80::1%eth0]:80': 'fe80::1',
      '::ffff:198.51.100.7': '198.51.100.7',
    };
    for (const [text, ip] of Object.entries(cases))
      assert.equal(clientFromForwarded([`1.1.1.1, ${text}`], peer, trusted), ip, text);
  });

  it('F57: skips empty parts and reads 1000 entries', () => {
    assert.equal(
      clientFromForwarded([',, 198.51.100.7 ,,10.0.0.2, ,', '', ',', ' '], peer, trusted),
      '198.51.100.7',
    );
    assert.equal(
      clientFromForwarded([`198.51.100.7${', 10.0.0.2'.repeat(1000)}`], peer, trusted),
      '198.51.100.7',
    );
    assert.equal(clientFromForwarded(Array<string>(1000).fill('10.0.0.2'), peer, trusted), '10.0.0.2');
    assert.equal(clientFromForwarded([','.repeat(100_000)], peer, trusted), peer);
  });

  it('F57: agrees with the definition, for any lines', () => {
    const part = fc.oneof(
      fc.constantFrom(
        '',
        ' ',
        'unknown',
        'x',
        '10.0.0.2',
        ' 10.9.9.9',
        'fd00::1',
        '198.51.100.7',
        '2001:db8::1',
        '::ffff:10.0.0.4',
      ),
      fc
        .string({ unit: fc.constantFrom(...'1.:[]f, "%'.split('')), maxLength: 10 })
        .map((text) => text.replaceAll(',', '')),
    );
    const lines = fc.array(
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join(',')),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(lines, fc.constantFrom(peer, '198.51.100.9', '::ffff:127.0.0.1'), (xff, from) => {
        let expected = normalizeIp(from);
        for (const text of xff
          .join(',')
          .split(',')
          .map((entry) => entry.trim())
          .filter((entry) => entry !== '')
          .toReversed()) {
          if (expected === undefined || !trusted.has(expected)) break;
          // Ports and brackets are another test's business.
          if (/[[\]]|^[^:]*:[^:]*$/.test(text)) return;
          const ip = normalizeIp(text);
          if (ip === undefined) break;
          expected = ip;
        }
        assert.equal(clientFromForwarded(xff, from, trusted), expected);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parseForwarded', () => {
  it('reads the examples of RFC 7239 §4', () => {
    const nothing = { for: undefined, by: undefined, host: undefined, proto: undefined };
    assert.deepEqual(parseForwarded(['for="_gazonk"', 'For="[2001:db8:cafe::17]:4711"']), [
      { ...nothing, for: '_gazonk' },
      { ...nothing, for: '[2001:db8:cafe::17]:4711' },
    ]);
    assert.deepEqual(
      parseForwarded(['for=192.0.2.60;proto=http;by=203.0.113.43', 'for=192.0.2.43, for=198.51.100.17']),
      [
        { ...nothing, for: '192.0.2.60', proto: 'http', by: '203.0.113.43' },
        { ...nothing, for: '192.0.2.43' },
        { ...nothing, for: '198.51.100.17' },
      ],
    );
  });

  it('reads quoted strings, with separators and escapes in them', () => {
    assert.deepEqual(
      parseForwarded(['for="a,b;c=\\"d\\\\";host="x:1"']).map((element) => [element?.for, element?.host]),
      [['a,b;c="d\\', 'x:1']],
    );
  });

  it('is tolerant where nothing can be misread: spaces, empty parts, unknown parameters, unquoted colons', () => {
    const [element, ...rest] = parseForwarded([' ;FOR=198.51.100.7:80 ; secret=x;; proto=https ,,', '']);
    assert.deepEqual([element?.for, element?.proto, rest.length], ['198.51.100.7:80', 'https', 0]);
    assert.equal(parseForwarded(['for=[::1]:80'])[0]?.for, '[::1]:80');
  });

  it('leaves a hole where an element is malformed', () => {
    const malformed = [
      'for',
      'for=',
      '=a',
      'for=a b',
      'for =a',
      'for= a',
      'for=1.1.1.1;for=2.2.2.2',
      'for=a"b"',
      'for="a"b',
      'f r=a',
      'for=a/b',
      'for="a',
      '"',
      'for="a\\"',
      'é=1',
      'for=a\x00',
    ];
    for (const text of malformed) assert.deepEqual(parseForwarded([text]), [undefined], text);
    assert.deepEqual(
      parseForwarded(['junk, for=1.1.1.1']).map((element) => element?.for),
      [undefined, '1.1.1.1'],
    );
    assert.deepEqual(parseForwarded(['for="1.1.1.1, for=198.51.100.7']), [undefined]);
    assert.deepEqual(parseForwarded(['for=1.1.1.1, for="x']), [undefined]);
  });

  it('F62: takes names of object members as unknown parameters', () => {
    const [element] = parseForwarded(['__proto__=x;constructor=y;for=1.1.1.1']);
    assert.deepEqual(element, { for: '1.1.1.1', by: undefined, host: undefined, proto: undefined });
    assert.equal(Object.getPrototypeOf(element), Object.prototype);
  });
});

describe('clientFromElements', () => {
  const client = (line: string, from = peer) => clientFromElements(parseForwarded([line]), from, trusted);

  it('F57: walks from the right to the first address that is not trusted, and believes its element', () => {
    const found = client(
      'for=1.1.1.1;proto=http, for="[2001:db8::1]:80";proto=https, for=10.0.0.2;proto=http',
    );
    assert.equal(found.ip, '2001:db8::1');
    assert.equal(found.element?.proto, 'https');
  });

  it('F57: believes nothing of a peer that is not trusted', () => {
    assert.deepEqual(client('for=1.1.1.1;proto=https', '198.51.100.7'), {
      ip: '198.51.100.7',
      element: undefined,
    });
    assert.equal(client('for=1.1.1.1', '::ffff:198.51.100.7').ip, '198.51.100.7');
    assert.equal(client('for=1.1.1.1', '::ffff:10.0.0.1').ip, '1.1.1.1');
    assert.equal(client('for=1.1.1.1', '').ip, '');
  });

  it('F57: stops at junk, also at an open quote that would swallow what a proxy added', () => {
    assert.deepEqual(client('for=1.1.1.1, junk'), { ip: peer, element: undefined });
    assert.equal(client('for=1.1.1.1, junk, for=10.0.0.2').ip, '10.0.0.2');
    assert.equal(client('for=1.1.1.1, for=unknown, for=10.0.0.2').ip, '10.0.0.2');
    assert.equal(client('for=1.1.1.1, proto=https').ip, peer);
    assert.equal(client('for=1.1.1.1;x=", for=198.51.100.7').ip, peer);
    assert.equal(client('for=1.1.1.1;x=", for="[2001:db8::1]"').ip, peer);
  });
});

describe('formatForwarded', () => {
  it('quotes what RFC 7239 wants quoted', () => {
    assert.equal(
      formatForwarded({ for: '192.0.2.1', host: 'api.example.com', proto: 'https' }),
      'for=192.0.2.1;host=api.example.com;proto=https',
    );
    assert.equal(
      formatForwarded({ for: '2001:db8::1', by: 'fd00::2', host: '[::1]:8080', proto: 'http' }),
      'for="[2001:db8::1]";by="[fd00::2]";host="[::1]:8080";proto=http',
    );
    assert.equal(
      formatForwarded({ for: 'unknown', by: '_edge', host: 'a"b\\c', proto: 'http' }),
      'for=unknown;by=_edge;host="a\\"b\\\\c";proto=http',
    );
  });

  it('F63: leaves out a host that would break the line, and an empty one', () => {
    for (const host of ['a\r\nb', 'a\x00', '', '\u0142'])
      assert.equal(formatForwarded({ for: '192.0.2.1', host, proto: 'http' }), 'for=192.0.2.1;proto=http');
  });

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6()),
        fc.string({ unit: fc.constantFrom(...'aB1.:[]"\\,;= _'.split('')), minLength: 1 }),
        (ip, host) => {
          const [element, ...rest] = parseForwarded([
            formatForwarded({ for: ip, by: ip, host, proto: 'https' }),
          ]);
          assert.equal(rest.length, 0);
          assert.equal(element?.host, host);
          assert.equal(element?.proto, 'https');
          assert.equal(clientFromElements([element], peer, trusted).ip, normalizeIp(ip));
        },
      ),
      { numRuns: 500 },
    );
  });
});
