import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { canonicalPath, hasEncodedSeparator } from './path.ts';

/** Whatever a client may write into a path, and a good deal that it may not. */
const rawPath = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('/', '.', '..', '%2e', '%2E', '//', '/./', '/../', '/.') },
      {
        weight: 3,
        arbitrary: fc.constantFrom('a', 'B', '7', '-', '_', '~', ';', '=', '@', ':', '!', '$', '&', '+'),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom('%41', '%7e', '%2f', '%5C', '%00', '%25', '%3F', '%23', '%20', '%3b'),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          '%c3%a9',
          '%E2%82%AC',
          '%f0%9f%98%80',
          '%c3',
          '%a9',
          '%ed%a0%80',
          '%c0%af',
        ),
      },
      { weight: 1, arbitrary: fc.constantFrom('"', '<', '>', '[', ']', '^', '`', '{', '|', '}', "'") },
      {
        weight: 1,
        arbitrary: fc.constantFrom('%', '%2', '%zz', '%0a', '%7f', ' ', '\\', '#', '?', '\x7f', '\x00', 'é'),
      },
      {
        weight: 1,
        arbitrary: fc.integer({ min: 0, max: 255 }).map((octet) => `%${octet.toString(16).padStart(2, '0')}`),
      },
    ),
    { maxLength: 14 },
  )
  .map((parts) => `/${parts.join('')}`);

describe('canonicalPath', () => {
  it('returns an ordinary path as it is', () => {
    const paths = [
      '/',
      '/users',
      '/users/1/',
      '/a.b/.well-known/...',
      '/~me/(x)/a=b;c=d,e',
      "/it's@home:8+1!$&*",
      '/.a/..b',
    ];
    for (const path of paths) assert.equal(canonicalPath(path), path);
  });

  it('F42: merges slashes and resolves dot segments, once', () => {
    const cases = {
      '//admin': '/admin',
      '///': '/',
      '/a//b': '/a/b',
      '/a/.': '/a/',
      '/a/..': '/',
      '/.': '/',
      '/..': '/',
      '/../../etc/passwd': '/etc/passwd',
      '/a/b/../c/./d': '/a/c/d',
      '/a/%2e%2E/b': '/b',
      '/a/.%2e/b': '/b',
      '/a/%2e': '/a/',
      '/a//../b': '/a/b',
      '/a/b/c/./../../g': '/a/g',
      '/.../..a/a../.%2e.': '/.../..a/a../...',
    };
    for (const [raw, canonical] of Object.entries(cases)) assert.equal(canonicalPath(raw), canonical, raw);
  });

  it('F43: gives equal paths one spelling, and tells case and normalisation forms apart', () => {
    assert.equal(canonicalPath('/%61dmin'), '/admin');
    assert.equal(canonicalPath('/admi%6E'), '/admin');
    assert.equal(canonicalPath('/%7euser/%2D%5f%2e'), '/~user/-_.');
    assert.equal(canonicalPath('/ADMIN'), '/ADMIN');
    assert.equal(canonicalPath('/caf%c3%a9'), '/caf%C3%A9');
    assert.notEqual(canonicalPath('/caf%C3%A9'), canonicalPath('/cafe%CC%81'));
    // Full-width letters are other letters.
    assert.equal(canonicalPath('/%ef%bd%81dmin'), '/%EF%BD%81dmin');
  });

  it('F45: keeps an encoded question mark, number sign and semicolon encoded, and refuses them raw where they end a path', () => {
    assert.equal(canonicalPath('/a%3fb%23c%3bd;e'), '/a%3Fb%23c%3Bd;e');
    assert.equal(canonicalPath('/a#b'), undefined);
    assert.equal(canonicalPath('/a?b'), undefined);
  });

  it('F41: refuses what can be read in two ways', () => {
    const refused = [
      ...words('a * ? http://a/ /\\a /% /%2 /a%2/ /%zz /%u002f /%2g /%+f /%-1 /%0x /%0d%0a /%0a /%7f /%01'),
      ...words(
        '/%1F /%09 /%c0%af /%c0%ae /%e0%80%af /%f0%80%80%af /%ed%a0%80 /%f4%90%80%80 /%f8%88%80%80%80',
      ),
      ...words('/%ff /%80 /%c3 /%c3a9 /%c3/%a9 /%e2%82 /%e2%82%41 /%c3.%a9 /%c3{%a9 /%c3%2f'),
      '',
      '/a b',
      '/a\tb',
      '/a\r\nb',
      '/a\u0000',
      '/\x7f',
      '/\x80',
      '/é',
      '/š',
      '/∕',
      '/% 2',
    ];
    for (const raw of refused) assert.equal(canonicalPath(raw), undefined, JSON.stringify(raw));
  });

  it('F41: takes escapes for UTF-8 exactly where decodeURIComponent does', () => {
    const near = (...octets: number[]) => octets.flatMap((octet) => [octet - 1, octet, octet + 1]);
    const leads = [...near(0x80, 0xc0, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xf8), 0xc7, 0xe5, 0xf2, 0xff];
    const continuations = near(0x80, 0x90, 0xa0, 0xbf);
    let accepted = 0;
    for (const lead of leads) {
      for (const second of continuations) {
        for (const rest of [
          [],
          ...near(0x80, 0xbf).flatMap((third) => [[third], [third, 0x80], [third, 0xbf], [0x80, third]]),
        ]) {
          const raw = `/${[lead, second, ...rest].map((octet) => `%${octet.toString(16)}`).join('')}`;
          const expected = referencePath(raw);
          assert.equal(canonicalPath(raw), expected, raw);
          if (expected !== undefined) accepted++;
        }
      }
    }
    assert.ok(accepted > 500, `${accepted} were accepted`);
  });

  it('F41: keeps encoded separators encoded and never decodes twice', () => {
    assert.equal(canonicalPath('/a%2fb%5cc%00'), '/a%2Fb%5Cc%00');
    assert.equal(canonicalPath('/a%252Fb'), '/a%252Fb');
    assert.equal(canonicalPath('/%25%32%46'), '/%252F');
    assert.equal(canonicalPath('/..%2f..%2fetc'), '/..%2F..%2Fetc');
    assert.equal(canonicalPath('/%252e%252e/a'), '/%252e%252e/a');
  });

  it('encodes the characters that a path may not hold but clients send', () => {
    assert.equal(canonicalPath('/a[0]{x}|"<>^`'), '/a%5B0%5D%7Bx%7D%7C%22%3C%3E%5E%60');
    assert.equal(canonicalPath('/a%5b0%5d%7bx%7d%7c%22%3c%3e%5e%60'), canonicalPath('/a[0]{x}|"<>^`'));
  });

  it('takes paths of any length in linear time', () => {
    assert.equal(canonicalPath('/'.repeat(8192)), '/');
    assert.equal(canonicalPath('/..'.repeat(3000)), '/');
    assert.equal(canonicalPath(`${'/a'.repeat(4000)}${'/..'.repeat(4000)}`), '/');
    assert.equal(canonicalPath('/%41'.repeat(3000)), '/A'.repeat(3000));
    assert.equal(hasEncodedSeparator(`/%${'25'.repeat(500_000)}2f`), true);
  });

  it('F42: is idempotent, and gives valid RFC 3986 paths without dot segments and empty segments', () => {
    let accepted = 0;
    fc.assert(
      fc.property(rawPath, (raw) => {
        const path = canonicalPath(raw);
        if (path === undefined) return;
        accepted++;
        assert.equal(canonicalPath(path), path);
        assert.match(path, /^(?:\/(?:[\w.~!$&'()*+,;=:@-]|%[0-9A-F]{2})*)+$/);
        assert.doesNotMatch(
          path,
          /\/\.{0,2}\/|\/\.{1,2}$|%(?:4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9AE]|3[0-9]|2[DE]|5F)/,
        );
      }),
      { numRuns: 3000 },
    );
    assert.ok(accepted > 500, `${accepted} paths were accepted`);
  });

  it('agrees with a reference built on the WHATWG URL parser and decodeURIComponent', () => {
    let accepted = 0;
    fc.assert(
      fc.property(rawPath, (raw) => {
        const expected = referencePath(raw);
        assert.equal(canonicalPath(raw), expected);
        if (expected !== undefined) accepted++;
      }),
      { numRuns: 5000 },
    );
    assert.ok(accepted > 1000, `${accepted} paths were accepted`);
  });
});

describe('hasEncodedSeparator', () => {
  it('F41: finds separators at any depth of encoding', () => {
    const hidden = [
      ...words('/a%2Fb /a%5Cb /a%00 /a%252Fb /a%252fb /a%25252f /a%255c /a%255C /a%2500 /%25%2532%2546'),
      ...words('/%25%252532%2546 /a%C3%A9%2F'),
    ];
    for (const path of hidden) assert.equal(hasEncodedSeparator(path), true, path);
  });

  it('F41: finds dot segments that only a second decoding shows', () => {
    for (const path of ['/a/%252e%252e/b', '/%252e', '/a/.%252E', '/%25252e%25252e/']) {
      assert.equal(hasEncodedSeparator(path), true, path);
    }
  });

  it('lets other escapes pass', () => {
    const harmless = [
      ...words('/ /a/b /a%20b /100%25 /%25 /%2525 /%252 /%25zz /a%25/2F /%252%2Cf /%3F%23 /..a%25 /a.%252e'),
      ...words('/...%252e'),
    ];
    for (const path of harmless) assert.equal(hasEncodedSeparator(path), false, path);
  });

  it('agrees with decoding again and again', () => {
    const parts = fc.constantFrom(
      '%',
      '25',
      '2f',
      '2F',
      '5c',
      '00',
      '32',
      '46',
      '2e',
      '/',
      'a',
      '2',
      '5',
      '.',
    );
    let found = 0;
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 16 }), (text) => {
        const path = canonicalPath(`/${text.join('')}`);
        if (path === undefined) return;
        const expected = separatorAppears(path);
        if (expected) found++;
        assert.equal(hasEncodedSeparator(path), expected, path);
      }),
      { numRuns: 5000 },
    );
    assert.ok(found > 50, `${found} paths hid a separator`);
  });
});

function referencePath(raw: string): string | undefined {
  if (!/^\/[\x21-\x22\x24-\x3e\x40-\x5b\x5d-\x7e]*$/.test(raw) || /%(?![0-9a-f]{2})/i.test(raw))
    return undefined;
  try {
    if (/[\x01-\x1f\x7f]/.test(decodeURIComponent(raw))) return undefined;
  } catch {
    return undefined;
  }
  return new URL(`http://host${raw}`).pathname
    .replace(/[^\w/.~!$&'()*+,;=:@%-]/g, (char) => encodeURIComponent(char))
    .replace(/%../g, (escape) => {
      const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
      return /[\w.~-]/.test(char) ? char : escape.toUpperCase();
    })
    .replace(/\/+/g, '/');
}

function separatorAppears(path: string): boolean {
  for (let text = path; ;) {
    if (/%(?:2f|5c|00)/i.test(text)) return true;
    const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    if (decoded === text) return /\/\.{1,2}(?:\/|$)/.test(text);
    text = decoded;
  }
}

/** The words of a text, to keep long lists of samples readable. */
function words(text: string): string[] {
  return text.split(' ');
}
