import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { filesNamedIn, substitute, type FileText, type Substituted } from './substitute.ts';

const files = new Map<string, FileText>([
  ['/run/token', { text: 'from the file' }],
  ['/run/none', { problem: 'does not exist', remedy: 'check the path' }],
]);
const env = {
  NAME: 'value',
  EMPTY: '',
  _1: 'one',
  DB_PASSWORD: 'hunter2',
  NESTED: '${NAME}',
  TEMPLATE: '${client.ip}',
};
const run = (document: unknown): Substituted => substitute(document, { env, files });

describe('substitute', () => {
  const replaced = [
    ['${NAME}', 'value'],
    ['a ${NAME} b ${_1}', 'a value b one'],
    ['${EMPTY}', ''],
    ['${EMPTY:-default}', 'default'],
    ['${MISSING:-default}', 'default'],
    ['${MISSING:-}', ''],
    ['${NAME:-default}', 'value'],
    ['${MISSING:-a:-b c}', 'a:-b c'],
    ['${file:/run/token}', 'from the file'],
    ['${file: /run/token }', 'from the file'],
    ['$${NAME}', '${NAME}'],
    ['$$${NAME}', '$${NAME}'],
    ['$NAME', '$NAME'],
    ['{NAME}', '{NAME}'],
    ['$', '$'],
    ['', ''],
  ] as const;
  for (const [written, value] of replaced) {
    test(`makes ${JSON.stringify(value)} of ${JSON.stringify(written)}`, () => {
      const { value: all, findings } = run({ a: [written] });
      assert.deepEqual(findings, []);
      assert.deepEqual(all, { a: [value] });
    });
  }

  test('what comes from outside is not looked at again', () => {
    assert.deepEqual(run('${NESTED}').value, '${NAME}');
  });

  test('keys stay as they are', () => {
    assert.deepEqual(run({ '${NAME}': 1 }).value, { '${NAME}': 1 });
  });

  const refused = [
    ['${MISSING}', /MISSING is not set/],
    ['${NAM}', /NAM is not set/],
    ['${toString}', /cannot be replaced/],
    ['${name}', /cannot be replaced/],
    ['${client.ip}', /cannot be replaced/],
    ['${}', /cannot be replaced/],
    ['${NAME-default}', /cannot be replaced/],
    ['${NAME:default}', /cannot be replaced/],
    ['${NAME', /no closing/],
    ['${NAME ${NAME}', /no closing/],
    ['${file:}', /names no file/],
    ['${file:/run/none}', /"\/run\/none" does not exist/],
    ['${file:/never/read}', /was not read/],
  ] as const;
  for (const [written, found] of refused) {
    test(`refuses ${written}`, () => {
      const { findings } = run({ via: written });
      assert.equal(findings.length >= 1, true);
      assert.match(findings[0]?.found ?? '', found);
      assert.deepEqual(findings[0]?.path, ['via']);
    });
  }

  test('a name that an object inherits is not a variable', () => {
    assert.match(run('${__PROTO__}').findings[0]?.found ?? '', /is not set/);
    assert.match(
      substitute('${CONSTRUCTOR}', {
        env: Object.create({ CONSTRUCTOR: 'x' }) as Record<string, string>,
        files,
      }).findings[0]?.found ?? '',
      /is not set/,
    );
  });

  for (const place of ['policies', 'rewrite'] as const) {
    test(`in ${place}, variables of a request are left to the template, and so is $\${`, () => {
      const text = '${NAME} ${client.ip} $${NAME} $${client.ip} ${';
      const route = { [place]: place === 'policies' ? [{ headers: { x: text } }] : text };
      const { value, findings } = run({ routes: [route] });
      assert.deepEqual(findings, []);
      assert.ok(JSON.stringify(value).includes('value ${client.ip} $${NAME} $${client.ip} ${'));
    });
  }

  test('tells where each value came from', () => {
    const { substitutions } = run({
      a: { b: ['x ${NAME}'] },
      c: '${DB_PASSWORD}',
      d: '${MISSING:-shown}',
      e: '${file:/run/token}',
    });
    assert.deepEqual(substitutions, [
      {
        path: ['a', 'b', 0],
        written: 'x ${NAME}',
        value: 'x value',
        whole: false,
        pieces: [{ written: '${NAME}', value: 'value', secret: false, visible: false }],
      },
      {
        path: ['c'],
        written: '${DB_PASSWORD}',
        value: 'hunter2',
        whole: true,
        pieces: [{ written: '${DB_PASSWORD}', value: 'hunter2', secret: true, visible: false }],
      },
      {
        path: ['d'],
        written: '${MISSING:-shown}',
        value: 'shown',
        whole: true,
        pieces: [{ written: '${MISSING:-shown}', value: 'shown', secret: false, visible: true }],
      },
      {
        path: ['e'],
        written: '${file:/run/token}',
        value: 'from the file',
        whole: true,
        pieces: [{ written: '${file:/run/token}', value: 'from the file', secret: true, visible: false }],
      },
    ]);
  });

  test('what is neither a list nor a plain object is left alone', () => {
    const date = new Date(0);
    assert.deepEqual(run({ a: date, b: null, c: undefined, d: 1 }).value, {
      a: date,
      b: null,
      c: undefined,
      d: 1,
    });
  });
});

test('filesNamedIn finds each file once, also in templates', () => {
  const document = {
    a: '${file:/a}',
    b: ['${file:/a} ${file:./b}'],
    policies: [{ x: '${file:c} $${file:no}' }],
  };
  assert.deepEqual([...filesNamedIn(document)], ['/a', './b', 'c']);
});
