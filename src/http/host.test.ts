import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseHost } from './host.ts';

describe('parseHost', () => {
  it('F47: reads names, addresses and ports', () => {
    const cases: Record<string, [host: string, port?: number]> = {
      'api.example.com': ['api.example.com'],
      'localhost:3000': ['localhost', 3000],
      '127.0.0.1:1': ['127.0.0.1', 1],
      'a:65535': ['a', 65535],
      'my_service-1': ['my_service-1'],
      'xn--bcher-kva.example': ['xn--bcher-kva.example'],
      '[::1]': ['[::1]'],
      '[2001:DB8::1]:8080': ['[2001:db8::1]', 8080],
    };
    for (const [value, [host, port]] of Object.entries(cases))
      assert.deepEqual(parseHost(value), { host, port }, value);
  });

  it('F47: gives one spelling to equal hosts', () => {
    assert.equal(parseHost('API.Example.COM')?.host, 'api.example.com');
    assert.equal(parseHost('a.')?.host, 'a');
    assert.deepEqual(parseHost('A.B.:80'), { host: 'a.b', port: 80 });
    assert.equal(parseHost('[0:0:0:0:0:0:0:1]')?.host, '[::1]');
    assert.equal(parseHost('[::FFFF:1.2.3.4]')?.host, '[::ffff:102:304]');
  });

  it('F47: refuses whatever two readers could take for two hosts', () => {
    const refused = [
      ...words("a,b a;b a/b a\\b a?b a#b user@a u:p@a @ http://a a%2eb . .. .a a.. a..b .:80 :80 : * a'b a!"),
      ...words('a: a:0 a:00 a:080 a:65536 a:99999 a:100000 a:-1 a:+1 a:1e3 a:80:80 a:b ::1 1::2 2001:db8::1'),
      ...words('[ ] [] [::1 ::1] [::1]x [::1]: [::1]:0 [::1]. [1.2.3.4] [::1%25lo] [::1%lo] [v1.a] [[::1]]'),
      ...words('[:1] [1:2] [::1]@a a[::1] [::1]:80/ [::1]x80 a[b a]b'),
      '',
      ' ',
      'a b',
      ' a',
      'a ',
      'a, b',
      'bücher.example',
      'aİ',
      'a\u0000',
      'a\r\nb',
      'a\tb',
      'a: 80',
      'a:80 ',
    ];
    for (const value of refused) assert.equal(parseHost(value), undefined, JSON.stringify(value));
  });

  it('F47: accepts 255 octets and no more', () => {
    assert.equal(parseHost(`${'a'.repeat(255)}.:65535`)?.host.length, 255);
    assert.equal(parseHost('a'.repeat(256)), undefined);
    assert.equal(parseHost('a'.repeat(4096)), undefined);
  });

  it('agrees with the WHATWG URL parser on what it accepts', () => {
    const label = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_-]{0,6}$/).filter((text) => !/^xn--/i.test(text));
    const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
    const host = fc.oneof(
      name,
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
    );
    fc.assert(
      fc.property(host, fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined }), (text, port) => {
        const value = port === undefined ? text : `${text}:${port}`;
        const url = new URL(`ws://${value}`);
        assert.deepEqual(parseHost(value), { host: url.hostname, port });
      }),
    );
  });

  it('never throws, and what it returns reads the same again', () => {
    const char = fc.constantFrom(...'aA0.:[]-_@/,% \x00é1f'.split(''));
    fc.assert(
      fc.property(fc.string({ unit: char, maxLength: 12 }), (value) => {
        const parsed = parseHost(value);
        if (parsed === undefined) return;
        assert.deepEqual(parseHost(parsed.host), { host: parsed.host, port: undefined });
      }),
      { numRuns: 5000 },
    );
  });
});

/** The words of a text, to keep long lists of samples readable. */
function words(text: string): string[] {
  return text.split(' ');
}
