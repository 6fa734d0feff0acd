import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { workFolder } from '../../test/kit/waygate-command.ts';
import { readExpectations } from './expectations-file.ts';

/** What is wrong with a file of expectations: line, column, what was found, and the remedy. */
async function mistakes(t: TestContext, content: string, name = 'waygate.test.yaml'): Promise<string[]> {
  const folder = workFolder(t, { [name]: content });
  return mistakesIn(join(folder, name));
}

async function mistakesIn(file: string): Promise<string[]> {
  const read = await readExpectations(file);
  const all = 'mistakes' in read ? read.mistakes : read.locate(read.findings);
  return all.map(({ line, column, found, remedy }) => `${line ?? ''}:${column ?? ''} ${found} = ${remedy}`);
}

const good = '- { name: a, request: GET /, expect: { status: 200 } }';

test('a file without mistakes has none', async (t) => {
  assert.deepEqual(await mistakes(t, `tests:\n${good}\n`), []);
  assert.deepEqual(
    await mistakes(
      t,
      '{"tests":[{"name":"a","request":"GET /","expect":{"route":null}}]}',
      'waygate.test.json',
    ),
    [],
  );
});

test('a file that cannot be read says why', async (t) => {
  const folder = workFolder(t, { 'empty.yaml': '', 'only.yaml': '# nothing\n', 'list.yaml': '- a\n' });
  mkdirSync(join(folder, 'folder.yaml'));
  assert.deepEqual(await mistakesIn(join(folder, 'nix.yaml')), [
    ': the file does not exist = check the path',
  ]);
  assert.deepEqual(await mistakesIn(join(folder, 'folder.yaml')), [
    ': the file is a directory = name a file in it',
  ]);
  for (const name of ['empty.yaml', 'only.yaml'])
    assert.match(String(await mistakesIn(join(folder, name))), /^1:1 the file is empty = write tests:/);
  assert.match(
    String(await mistakesIn(join(folder, 'list.yaml'))),
    /^1:1 expected keys and values, found a list/,
  );
});

test('a file without tests is a mistake', async (t) => {
  assert.match(
    String(await mistakes(t, 'time: 2026-01-01T00:00:00Z\n')),
    /^1:1 "tests" is missing = write tests:/,
  );
  assert.match(String(await mistakes(t, 'tests: []\n')), /^1:8 there are no tests = /);
  assert.match(String(await mistakes(t, 'tests: 1\n')), /^1:8 expected a list of tests, found 1 = /);
});

test('all mistakes come at once, each with its place', async (t) => {
  const found = await mistakes(
    t,
    `issuer: [https://a]
issuers: [login]
targets: { api: { status: 99 }, web: gone }
time: today
tests:
  - name: a
    request: /users
    expect: { rute: a, status: '200', body: '/(/', headers: { x y: 1 }, consumer: { a: b } }
  - name: a
    expect: {}
  - request: get /x
    repeat: 0
    expect: { upstream: {} }
  - name: ''
    request: { path: users, token: { exp: soon }, ip: localhost, headers: { a: "b\\n" }, body: 5 }
    steps: [{ request: GET / }]
  - name: c
    steps: []
`,
  );
  assert.deepEqual(
    found.map((mistake) => mistake.replace(/ = .*/s, '')),
    [
      '1:1 unknown key "issuer"',
      '2:11 "login" is not a URL',
      '3:27 99 is out of range',
      '3:38 "gone" is not allowed here',
      '4:7 "today" is no time',
      '7:14 "/users" has no method',
      '8:15 unknown key "rute"',
      `8:32 "200" is not a whole number`,
      '8:45 this is not a regular expression: unterminated group',
      '8:63 "x y" is not a header name',
      '8:83 expected a text, found keys and values',
      '9:5 the test has no request',
      '9:11 the name "a" stands twice',
      '10:13 nothing is expected',
      '11:5 "name" is missing',
      '11:14 "get" is not written as methods are',
      '12:13 0 is out of range',
      '13:25 nothing is expected of the upstream request',
      '14:11 the name is empty',
      '15:5 request and steps stand in the same test',
      '15:22 "users" is neither a path nor a URL',
      '15:43 "soon" is no time of a token',
      '15:55 "localhost" is not an IP address',
      '15:80 "b\\n" is no value of a header',
      '15:95 expected a text, a list or keys and values, found 5',
      '16:5 the test expects nothing',
      '18:12 the list is empty',
    ],
  );
});

test('a regular expression in braces is told to need quotes', async (t) => {
  const [mistake] = await mistakes(t, 'tests:\n- { name: a, request: GET /, expect: { body: /[a-z]/ } }\n');
  assert.match(mistake ?? '', /^2:\d+ .* = put the regular expression in quotes: '\/…\/'$/);
});

test('a request is a line or its parts, and mistakes in it say how it is written', async (t) => {
  const remedies = async (request: string): Promise<string> =>
    String(await mistakes(t, `tests: [{ name: a, request: ${request}, expect: { status: 200 } }]`)).replace(
      /.* = /s,
      '',
    );
  assert.equal(await remedies('/users'), 'write GET /users');
  assert.equal(await remedies('pots /users'), 'write POST');
  assert.equal(await remedies('GET users'), 'write it with a slash: /users');
  assert.equal(await remedies('GET /a b'), 'write a method and a path, such as GET /orders/7?full=1');
  assert.match(await remedies('7'), /such as GET \/orders\/7\?full=1, or \{ method, path, headers, … \}$/);
  assert.equal(
    await remedies('{ method: GET }'),
    'write path: with its query, such as path: /orders/7?full=1',
  );
  assert.equal(await remedies('{ pat: / }'), 'did you mean "path"?');
  for (const right of ['GET /', 'OPTIONS *', 'GET https://a.example/x?y', '{ path: / }'])
    assert.equal(await remedies(right), '', right);
});
