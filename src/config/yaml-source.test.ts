import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TextLines } from './text-lines.ts';
import { readYaml, type Source } from './yaml-source.ts';

const read = (text: string): Source => readYaml(text, new TextLines(text));

describe('readYaml', () => {
  test('gives plain values', () => {
    const { value, findings } = read(
      'a: [1, 0x10, 1.5, true, null, ~, yes, 010, "x", \'y\']\nb: { 200: c, true: d }\n',
    );
    assert.deepEqual(findings, []);
    assert.deepEqual(value, {
      a: [1, 16, 1.5, true, null, null, 'yes', 10, 'x', 'y'],
      b: { 200: 'c', true: 'd' },
    });
  });

  test('gives the value of an anchor wherever it is used', () => {
    assert.deepEqual(read('a: &x { b: 1 }\nc: [*x, *x]').value, { a: { b: 1 }, c: [{ b: 1 }, { b: 1 }] });
  });

  test('an anchor that is set again is the later one from there on', () => {
    assert.deepEqual(read('a: &x 1\nb: *x\nc: &x 2\nd: *x').value, { a: 1, b: 1, c: 2, d: 2 });
  });

  const text =
    'a: 1\nlist:\n  - x: 10\n    y: ""\n  - &two { z: [1, 22] }\n  -\nalias: *two\n"quoted key": 3\nempty:\n';
  const places: readonly (readonly [
    path: readonly (string | number)[],
    at: 'value' | 'key',
    rest: string,
  ])[] = [
    [[], 'value', 'a: 1'],
    [['a'], 'value', '1\nlist'],
    [['a'], 'key', 'a: 1'],
    [['list'], 'key', 'list:'],
    [['list'], 'value', '- x: 10'],
    [['list', 0], 'value', 'x: 10'],
    [['list', 0, 'x'], 'value', '10'],
    [['list', 1, 'z', 1], 'value', '22'],
    [['list', 0, 'missing'], 'value', 'x: 10'],
    [['missing', 0, 'deep'], 'value', 'a: 1'],
    [['alias', 'z', 1], 'value', '22'],
    [['alias'], 'value', '*two'],
    [['quoted key'], 'key', '"quoted key"'],
    [['empty'], 'value', 'empty:'],
  ];
  for (const [path, at, rest] of places) {
    test(`finds the ${at} of ${JSON.stringify(path)}`, () => {
      const offset = read(text).offsetOf(path, at);
      assert.ok(text.slice(offset).startsWith(rest), JSON.stringify(text.slice(offset, offset + 10)));
    });
  }

  test('a header is found in whatever case its name is written', () => {
    const headers = 'headers: { X-Beta: { regex: "[" } }';
    assert.equal(read(headers).offsetOf(['headers', 'x-beta', 'regex'], 'value'), headers.indexOf('"["'));
  });

  test('64 levels are read and 65 are not', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    assert.deepEqual(read(nested(64)).findings, []);
    assert.match(read(nested(65)).findings[0]?.found ?? '', /nested deeper/);
  });

  test('whatever the text, it gives values or says what is wrong, and where', () => {
    const pieces = fc.constantFrom(
      ...[
        'a',
        ':',
        ' ',
        '\n',
        '- ',
        '  ',
        '\t',
        '{',
        '}',
        '[',
        ']',
        ',',
        '"',
        "'",
        '&x ',
        '*x',
        '!t ',
        '!!str ',
        '? ',
        '|',
        '>',
        '#',
        '---',
        '...',
        '%YAML 1.1',
        '\\',
        '${A}',
        '<<',
        '__proto__',
        '1',
        '~',
        '@',
        '\r\n',
        'é',
      ],
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((all) => all.join('')),
        ),
        (source) => {
          const { value, findings, offsetOf } = read(source);
          for (const { offset, found, remedy } of findings) {
            assert.ok(offset >= 0 && offset <= source.length);
            assert.ok(found.length > 0 && remedy.length > 0);
          }
          assert.ok(offsetOf(['a', 0, 'a'], 'key') <= source.length);
          assert.equal(
            Object.getPrototypeOf(value ?? {}) === Object.prototype ||
              typeof value !== 'object' ||
              Array.isArray(value),
            true,
          );
        },
      ),
      { numRuns: 3000 },
    );
  });
});
