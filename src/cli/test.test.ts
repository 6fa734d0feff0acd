import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { waygate, workFolder } from '../../test/kit/waygate-command.ts';

const shop = `upstreams: { api: http://api.internal:3001 }
policies: [request-id]
routes:
  - { name: api, path: /api, upstream: api, policies: [{ body-limit: { size: 1kb } }] }
  - { name: admin, path: /admin, upstream: api, policies: [{ ip-filter: { allow: [10.0.0.0/8] } }] }
`;

const good = 'tests: [{ name: the api answers, request: GET /api, expect: { status: 200 } }]\n';
const wrong = `tests:
  - name: the api answers
    request: GET /api?token=hush
    expect: { status: 404, policies: [body-limit] }
`;

const escape = /\x1b\[/;

test('what is as expected exits with 0, and says how much is covered', async (t) => {
  const folder = workFolder(t, { 'waygate.yaml': shop, 'waygate.test.yaml': good });
  assert.deepEqual(await waygate(folder, ['test']), {
    code: 0,
    out: `waygate.test.yaml, about waygate.yaml
  ✓ the api answers

1 test, all passed
Coverage of waygate.yaml: 60 %, 3 of 5 routes and policies
`,
    err: '',
  });
});

test('what is not exits with 1, and shows the difference with its line and without secrets', async (t) => {
  const folder = workFolder(t, { 'waygate.yaml': shop, 'waygate.test.yaml': wrong });
  assert.deepEqual(await waygate(folder, ['test']), {
    code: 1,
    out: `waygate.test.yaml, about waygate.yaml
  ✗ the api answers
      GET /api?token=***  waygate.test.yaml:3
      policies  waygate.test.yaml:4
        expected  body-limit
        found     request-id, body-limit
      status  waygate.test.yaml:4
        expected  404
        found     200
      It took the route api, met request-id, body-limit; GET /api?token=*** left for api; the service answered 200.

1 test, 1 failed
Coverage of waygate.yaml: 60 %, 3 of 5 routes and policies
`,
    err: '',
  });
});

test('mistakes of expectations and of the configuration are shown as check shows them', async (t) => {
  const folder = workFolder(t, {
    'waygate.yaml': shop,
    'waygate.test.yaml': good.replace('status', 'statsu'),
    'broken.yaml': shop.replace('upstream: api', 'upstream: ap'),
    'broken.waygate.test.yaml': `configuration: broken.yaml\n${good}`,
  });
  const { code, out, err } = await waygate(folder, ['test']);
  assert.deepEqual([code, err], [1, '']);
  assert.match(out, /^broken\.yaml:4:\d+ {2}there is no upstream "ap"\n[^]* = did you mean "api"\?$/m);
  assert.match(out, /^waygate\.test\.yaml:1:\d+ {2}unknown key "statsu"\n[^]* = did you mean "status"\?$/m);
  assert.match(out, /^0 tests, 2 files could not be run$/m);
});

describe('coverage', () => {
  test('lists what no test meets with --coverage', async (t) => {
    const folder = workFolder(t, { 'waygate.yaml': shop, 'waygate.test.yaml': good });
    const { code, out } = await waygate(folder, ['test', '--coverage']);
    assert.equal(code, 0);
    assert.match(out, /– no test takes the route admin, and none meets its policies: ip-filter\n/);
  });

  test('fails below --min-coverage, and lists it then', async (t) => {
    const folder = workFolder(t, { 'waygate.yaml': shop, 'waygate.test.yaml': good });
    assert.equal((await waygate(folder, ['test', '--min-coverage', '60'])).code, 0);
    const { code, out } = await waygate(folder, ['test', '--min-coverage', '61']);
    assert.equal(code, 1);
    assert.match(
      out,
      /– no test takes the route admin[^]*✗ That is less of waygate\.yaml than --min-coverage 61 asks for\.\n$/,
    );
  });

  test('is that of all files about a configuration together', async (t) => {
    const folder = workFolder(t, {
      'waygate.yaml': shop,
      'a.waygate.test.yaml': good,
      'b.waygate.test.yaml': good.replace('GET /api', '{ path: /admin, ip: 10.0.0.1 }'),
    });
    const { code, out } = await waygate(folder, ['test', '--min-coverage', '100']);
    assert.equal(code, 0, out);
    assert.match(out, /^Coverage of waygate\.yaml: 100 %, 5 of 5 routes and policies\n$/m);
  });
});

describe('the files', () => {
  test('are those that are named so here, in a folder, or that are given', async (t) => {
    const folder = workFolder(t, { 'waygate.yaml': shop, 'other.yaml': good, 'waygate.test.txt': 'no' });
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub', 'x.waygate.test.yml'), `configuration: ../waygate.yaml\n${good}`);
    const given = await waygate(folder, ['test', 'sub', 'other.yaml', 'sub/x.waygate.test.yml']);
    assert.equal(given.code, 0, given.out);
    assert.match(given.out, /^2 tests, all passed$/m);
    const none = await waygate(folder, ['test']);
    assert.equal(none.code, 1);
    assert.match(none.err, /There are no expectations in .*: no file is named waygate\.test\.yaml/);
  });

  test('that are not there are mistakes', async (t) => {
    const { code, out } = await waygate(workFolder(t), ['test', 'nix.yaml']);
    assert.equal(code, 1);
    assert.match(out, /^nix\.yaml {2}the file does not exist$/m);
  });
});

test('--filter runs some of the tests, but never none', async (t) => {
  const folder = workFolder(t, { 'waygate.yaml': shop, 'waygate.test.yaml': good });
  assert.equal((await waygate(folder, ['test', '--filter', 'API'])).code, 0);
  const { code, err } = await waygate(folder, ['test', '--filter', 'nobody']);
  assert.equal(code, 1);
  assert.match(err, /No test has "nobody" in its name/);
});

test('--json prints the result for machines, and nothing else', async (t) => {
  const folder = workFolder(t, {
    'waygate.yaml': shop,
    'waygate.test.yaml': wrong,
    'broken.waygate.test.yaml': 'tests: []',
  });
  const { code, out, err } = await waygate(folder, ['test', '--json'], { FORCE_COLOR: '1' });
  assert.deepEqual([code, err], [1, '']);
  assert.doesNotMatch(out, /hush/);
  const { ok, files, coverage } = JSON.parse(out) as {
    ok: boolean;
    files: { tests?: { failure: unknown }[] }[];
    coverage: Record<string, { percent: number }>;
  };
  assert.equal(ok, false);
  assert.deepEqual(files[0], {
    file: 'broken.waygate.test.yaml',
    mistakes: [
      {
        file: 'broken.waygate.test.yaml',
        line: 1,
        column: 8,
        path: ['tests'],
        found: 'there are no tests',
        remedy: 'write at least one, or delete the file',
      },
    ],
  });
  assert.deepEqual(files[1]?.tests?.[0]?.failure, {
    request: 'GET /api?token=***',
    line: 3,
    differences: [
      { path: ['policies'], expected: 'body-limit', found: 'request-id, body-limit', line: 4 },
      { path: ['status'], expected: '404', found: '200', line: 4 },
    ],
    problems: [],
    seen: {
      route: 'api',
      policies: ['request-id', 'body-limit'],
      answeredBy: 'target',
      status: 200,
      sent: [{ request: 'GET /api?token=***', upstream: 'api' }],
    },
  });
  assert.equal(coverage['waygate.yaml']?.percent, 60);
});

test('colours come to a terminal only', async (t) => {
  const folder = workFolder(t, { 'waygate.yaml': shop, 'waygate.test.yaml': wrong });
  assert.doesNotMatch((await waygate(folder, ['test'])).out, escape);
  assert.match((await waygate(folder, ['test'], { FORCE_COLOR: '1' })).out, escape);
});

test('what a file or a service says cannot move the cursor', async (t) => {
  const folder = workFolder(t, {
    'waygate.yaml': shop,
    'waygate.test.yaml': `targets: { api: { body: "\\e[2J\\u202e" } }
tests: [{ name: "a\\eb", request: GET /api, expect: { body: '/^\\d+$/' } }]
`,
  });
  const { out } = await waygate(folder, ['test']);
  assert.doesNotMatch(out, /[\x1b\u202e]/);
  assert.match(out, /expected {2}\/\^\\d\+\$\/\n +found {5}\\x1b\[2J\\u202e\n/);
});

test('arguments that make no sense exit with 2', async (t) => {
  const folder = workFolder(t, { 'waygate.yaml': shop, 'waygate.test.yaml': good });
  for (const args of [['--min-coverage', '101'], ['--min-coverage', 'all'], ['--nope'], ['--filter']])
    assert.equal((await waygate(folder, ['test', ...args])).code, 2, args.join(' '));
});

test('waygate schema --expectations prints the schema that the package has', async (t) => {
  const { code, out } = await waygate(workFolder(t), ['schema', '--expectations']);
  assert.equal(code, 0);
  const { default: own } = (await import('../../schema/waygate-test.schema.json', {
    with: { type: 'json' },
  })) as {
    default: unknown;
  };
  assert.deepEqual(JSON.parse(out), own);
});
