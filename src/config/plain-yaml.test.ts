import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readPlainJson } from './plain-json.ts';
import { readPlainYaml } from './plain-yaml.ts';
import { TextLines } from './text-lines.ts';
import { readYaml } from './yaml-source.ts';

/** What the library says: the value, or undefined for a text with mistakes. */
function byLibrary(text: string): unknown {
  const { value, findings } = readYaml(text, new TextLines(text));
  return findings.length > 0 ? undefined : value;
}

/** Texts that are left to the library are right; those that are read have to be read as it reads them. */
function assertSame(text: string): boolean {
  const value = readPlainYaml(text);
  if (value !== undefined) assert.deepStrictEqual(value, byLibrary(text), JSON.stringify(text));
  return value !== undefined;
}

function files(folder: string, extension: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension) && !name.includes('node_modules'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}

const root = join(import.meta.dirname, '../..');

const plain = `
# a comment
---
listen: 127.0.0.1:3000 # where
log:
  level: info
  access: "off"

upstreams:
  users: http://localhost:3001#x
  orders:
    targets:
    - http://localhost:3002
    - { url: 'http://[::1]:3003', weight: 2 }   # it's big
    retries: { attempts: 0, budget: 0.2 }
routes:
  - path: /users/:id
    method: [ GET, POST ]
    upstream: users
    timeouts: {}
    policies: []
  - path: { regex: "/v[0-9]+/.*" }
    headers:
      x-kind: it's a "text" with a, b [c]
      x-none:
    upstream: orders
  -   upstream: users
      stripPrefix: true
      rewrite: /v2/\${params.id} and more
trustedProxies: [10.0.0.0/8, 10.0.0.1, ~]
`;

describe('readPlainYaml', () => {
  test('reads what configurations are mostly made of', () => {
    assert.ok(assertSame(plain));
    assert.ok(assertSame(plain.replaceAll('\n', '\r\n')));
    assert.ok(!assertSame(plain.replace('a, b [c]', 'a, b: [c]')), 'a colon in a text');
  });

  test('reads the examples and what is without mistakes among the cases', () => {
    const texts = [...files(join(root, 'examples'), '.yaml'), ...files(join(root, 'test/config'), '.yaml')];
    const read = texts.filter(assertSame);
    assert.ok(read.length > 20, `${read.length} of ${texts.length}`);
  });

  const notRead = {
    'a tab': 'a:\t1',
    'an anchor': 'a: &x 1',
    'an alias': 'a: *x',
    'a tag': 'a: !!str 1',
    'a merge key': 'a: 1\n<<: { b: 1 }',
    'a key that stands twice': 'a: 1\nb: 2\na: 3',
    'a key that stands twice between braces': 'a: { b: 1, b: 2 }',
    'a key that JavaScript knows': '__proto__: 1',
    'a key that is null': 'null: 1',
    'a text on several lines': 'a: b\n  c',
    'a text on several lines in a list': '- b\n  c',
    'a block of text': 'a: |\n  b',
    'a second document': 'a: 1\n---\nb: 1',
    'the end of a document': 'a: 1\n...\n',
    'a directive': '%YAML 1.2\n---\na: 1',
    'an octal number': 'a: 0o17',
    'a number with a zero in front': 'a: 017',
    'an exponent': 'a: 1e3',
    'a hexadecimal number': 'a: 0xff',
    'a number that is none': 'a: .nan',
    'a long number': 'a: 12345678901234567890',
    'indentation that fits nothing': 'a:\n    b: 1\n  c: 2',
    'an indented beginning': ' a: 1\nb: 2',
    'a list at the top': '- a: 1',
    nothing: '',
    'only comments': '# a\n',
    'a quote that is not closed': 'a: "b',
    'something behind a quote': "a: 'b' c",
    'an escape': 'a: "\\n"',
    'a bracket that is not closed': 'a: [1, 2',
    'a trailing comma': 'a: [1, 2,]',
    'a comment without a space': 'a: [1]#b',
    'a mapping in one line': 'a: b: c',
    'a question mark': '? a\n: b',
    'a list in a list': 'a:\n  - - b',
    'a dash alone': 'a:\n  -\n    b: 1',
    'a negative number': 'a: -1',
    'a value without a space': 'a: { b:1 }',
    'an at sign': 'a: @b',
    'very deep brackets': `a: ${'['.repeat(80)}${']'.repeat(80)}`,
    'very deep indentation': Array.from({ length: 80 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
  };
  for (const [what, text] of Object.entries(notRead)) {
    test(`leaves ${what} to the library`, () => {
      assert.equal(readPlainYaml(text), undefined);
    });
  }

  test('reads nothing otherwise than the library, whatever is in a text', () => {
    const piece = fc.constantFrom(
      ...[
        'a',
        'b',
        'c.d',
        '/x',
        '1',
        '0.5',
        '-',
        '- ',
        ': ',
        ':',
        ', ',
        ',',
        '[',
        ']',
        '{',
        '}',
        ' ',
        '  ',
        '\n',
        '\n  ',
        '\n- ',
      ],
      ...[
        '\n  - ',
        '\n    ',
        '"',
        "'",
        "''",
        '\\',
        '#',
        ' # c',
        '---',
        '...',
        '~',
        'null',
        'true',
        'No',
        '0x1',
        '.5',
        '1.',
        '+1',
      ],
      ...[
        '${A}',
        '*',
        '&a',
        '!',
        '|',
        '>',
        '%',
        '@',
        '`',
        '?',
        '\r\n',
        '\t',
        '\u00a0',
        'ä',
        '$',
        '(',
        '=',
        '^',
        '<<',
        '01',
        '1e3',
      ],
      ...['a: ', 'b: ', '\na: ', '\nb:', '\n  c: ', '\n  d:', 'a:\n', 'a: 1\n', '__proto__: '],
    );
    let read = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        if (assertSame(pieces.join(''))) read++;
        if (assertSame(`a: ${pieces.join('')}`)) read++;
      }),
      { numRuns: 4000 },
    );
    assert.ok(read > 50, `only ${read} were read`);
  });

  test('reads nothing otherwise than the library, whatever is changed in a file', () => {
    const change = fc.constantFrom(
      '',
      ' ',
      '  ',
      '\n',
      '\n ',
      '-',
      '- ',
      ':',
      ': ',
      '#',
      ' #',
      ',',
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      '1',
      'a',
      '~',
    );
    assert.ok(readPlainYaml(plain) !== undefined);
    let read = 0;
    const edit = fc.tuple(fc.nat(plain.length), fc.nat(2), change);
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let text = plain;
        for (const [at, length, put] of edits) text = text.slice(0, at) + put + text.slice(at + length);
        if (assertSame(text)) read++;
      }),
      { numRuns: 2000 },
    );
    assert.ok(read > 50, `only ${read} were read`);
  });
});

describe('readPlainJson', () => {
  test('reads nothing otherwise than the library', () => {
    let read = 0;
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 2, '\t'), (json, indent) => {
        const text = JSON.stringify({ json }, undefined, indent);
        const value = readPlainJson(text);
        if (value === undefined) return;
        read++;
        assert.deepStrictEqual(value, byLibrary(text), text);
      }),
      { numRuns: 1000 },
    );
    assert.ok(read > 500, `only ${read} were read`);
  });

  test('tells texts with a colon behind them from keys', () => {
    const text = '{"a:": "b\\\\", "c\\"": [":", "d" ], "e\\\\\\"" \n: ":"}';
    assert.deepEqual(readPlainJson(text), JSON.parse(text));
  });

  const notRead = {
    'a key that stands twice': '{"a":1,"b":{"c":1,"c":2}}',
    'a key that stands twice in another spelling': '{"a":1,"\\u0061":2}',
    'a key that JavaScript knows': '{"a":{"__proto__":1}}',
    'a text alone': '"a"',
    'a comment': '{"a":1} // b',
    'great depth': `${'['.repeat(80)}${']'.repeat(80)}`,
    'a long key': `{"${'k'.repeat(2000)}":1}`,
  };
  for (const [what, text] of Object.entries(notRead)) {
    test(`leaves ${what} to the library`, () => {
      assert.equal(readPlainJson(text), undefined);
    });
  }
});
