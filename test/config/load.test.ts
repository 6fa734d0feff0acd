import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, test } from 'node:test';
import type { RegExpVerdicts } from '../../src/config/checks/regular-expressions.ts';
import { loadConfig, readConfig, type LoadResult } from '../../src/config/load-config.ts';
import type { Mistake } from '../../src/config/mistake.ts';
import type { Config } from '../../src/config/schema.ts';
import { builtInPolicies } from '../../src/gateway/built-in-policies.ts';
import { createConfigFolder } from '../kit/config-folder.ts';

const policies = builtInPolicies;

function load(file: string, env: Record<string, string> = {}): Promise<LoadResult> {
  return loadConfig(file, { policies, env });
}

function read(value: unknown, env: Record<string, string> = {}): Promise<LoadResult> {
  return readConfig(value, { policies, env });
}

function configOf(result: LoadResult): Config {
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.mistakes));
  return result.config;
}

function mistakesOf(result: LoadResult): readonly Mistake[] {
  assert.ok(!result.ok, 'it was taken for right');
  return result.mistakes;
}

describe('a configuration file', () => {
  const same = {
    listen: 0,
    upstreams: { a: 'http://127.0.0.1:3001' },
    routes: [{ path: '/a', upstream: 'a' }],
  };
  const spellings = {
    'waygate.yaml':
      'listen: 0\nupstreams:\n  a: http://127.0.0.1:3001\nroutes:\n  - path: /a\n    upstream: a\n',
    'waygate.yml':
      '\ufefflisten: 0\r\nupstreams: {a: "http://127.0.0.1:3001"}\r\nroutes: [{path: /a, upstream: a}]',
    'waygate.json': JSON.stringify(same, null, '\t'),
    'waygate.conf': JSON.stringify(same),
    'waygate.config.ts': `const listen: number = 0;\nexport default { ...${JSON.stringify(same)}, listen };\n`,
    'waygate.config.mjs': `export default ${JSON.stringify(same)};\n`,
  };
  for (const [name, text] of Object.entries(spellings)) {
    test(`may be ${name}`, async (t) => {
      const file = createConfigFolder(t).write(name, text);
      const result = await load(file);
      assert.deepEqual(configOf(result), configOf(await read(same)));
      assert.deepEqual(result.files, [file]);
    });
  }

  test('is watched, with each file that a value is taken from, also while that is missing', async (t) => {
    const folder = createConfigFolder(t);
    folder.write('token', '0123456789abcdef\n');
    const text = 'admin: { token: "${file:token}" }\nvia: ${file:./via}\nroutes: []\n';
    const file = folder.write('waygate.yaml', text);
    const failed = await load(file);
    assert.equal(mistakesOf(failed).length, 1);
    assert.deepEqual(failed.files, [file, folder.file('token'), folder.file('via')]);
    folder.write('via', 'here');
    const result = await load(file);
    assert.equal(configOf(result).via, 'here');
    assert.equal(configOf(result).admin?.token, '0123456789abcdef');
    assert.ok(result.ok);
    assert.deepEqual([...result.secrets].toSorted(), ['0123456789abcdef', 'here']);
  });

  test('is shown in mistakes as it was named', async (t) => {
    const file = relative(process.cwd(), createConfigFolder(t).write('waygate.yaml', 'routes: 1'));
    assert.equal(mistakesOf(await load(file))[0]?.file, file);
  });

  test('names the files of authorities relative to itself', async (t) => {
    const folder = createConfigFolder(t);
    folder.write('key.pem', '');
    const certificate = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=test',
      '-keyout',
      folder.file('key.pem'),
    ];
    execFileSync('openssl', [...certificate, '-out', folder.file('ca.pem')], { stdio: 'ignore' });
    const text = 'upstreams: { a: { targets: [https://127.0.0.1], tls: { ca: ca.pem } } }\nroutes: []\n';
    const file = folder.write('waygate.yaml', text);
    const result = await load(file);
    assert.equal(configOf(result).upstreams['a']?.tls.ca, folder.file('ca.pem'));
    assert.deepEqual(result.files, [file, folder.file('ca.pem')]);
  });

  test('places mistakes that are found later, as in the options of policies', async (t) => {
    const text = 'policies:\n  - respond: { status: 204, body: x }\nroutes: []\n';
    const result = await load(createConfigFolder(t).write('waygate.yaml', text));
    assert.ok(result.ok);
    const path = [...(result.config.policies[0]?.path ?? []), 'status'];
    const [mistake] = result.locate([{ path, found: 'no', remedy: 'yes' }]);
    assert.deepEqual(
      [mistake?.line, mistake?.column, mistake?.excerpt],
      [2, 24, '  - respond: { status: 204, body: x }'],
    );
  });
});

describe('a configuration file that is not there', () => {
  const gone: readonly (readonly [what: string, make: (path: string) => void, found: RegExp])[] = [
    ['is missing', () => {}, /does not exist/],
    ['is a directory', (path) => mkdirSync(path), /is a directory/],
    ['is a link to nowhere', (path) => symlinkSync('/nowhere/at/all', path), /does not exist/],
    ['is a link to itself', (path) => symlinkSync(path, path), /link in a loop/],
    ['is a device', (path) => symlinkSync('/dev/zero', path), /not a regular file/],
  ];
  for (const [what, make, found] of gone) {
    for (const name of ['waygate.yaml', 'waygate.config.ts']) {
      test(`because it ${what} (${name})`, async (t) => {
        const file = createConfigFolder(t).file(name);
        make(file);
        const mistakes = mistakesOf(await load(file));
        assert.equal(mistakes.length, 1);
        assert.match(mistakes[0]?.found ?? '', found);
      });
    }
  }

  test('because somebody gave it a name that no file can have', async () => {
    assert.match(mistakesOf(await load('a\0b.yaml'))[0]?.found ?? '', /NUL/);
    assert.match(mistakesOf(await load(`${'x'.repeat(5000)}.yaml`))[0]?.found ?? '', /too long a name/);
  });

  test('is there again when a link is swapped', async (t) => {
    const folder = createConfigFolder(t);
    symlinkSync(folder.write('one', 'via: one\nroutes: []'), folder.file('waygate.yaml'));
    assert.equal(configOf(await load(folder.file('waygate.yaml'))).via, 'one');
    unlinkSync(folder.file('waygate.yaml'));
    symlinkSync(folder.write('two', 'via: two\nroutes: []'), folder.file('waygate.yaml'));
    assert.equal(configOf(await load(folder.file('waygate.yaml'))).via, 'two');
  });
});

describe('a text from outside', () => {
  test('becomes a number or a truth value where one is asked for, and stays a text elsewhere', async () => {
    const env = {
      PORT: '9902',
      YES: 'true',
      HALF: '0.5',
      ZERO: '0',
      THREE: '3',
      STATUS: '308',
      TEXT: '12345',
    };
    const document = {
      listen: '${PORT}',
      admin: { port: '${ADMIN_PORT:-9903}', token: '${TEXT}-and-then-some' },
      timeouts: { exchange: '${ZERO}', keepAlive: '${N:-5}s' },
      limits: { connections: '${THREE}', headerCount: '${THREE}' },
      upstreams: { a: { targets: [{ url: 'http://127.0.0.1:3001', weight: '${THREE}' }] } },
      log: { query: '${YES}' },
      overload: { memory: '${HALF}' },
      via: '${TEXT}',
      routes: [
        { path: '/a', upstream: 'a', headers: { 'x-version': '${TEXT}', 'x-b': { present: '${YES}' } } },
        { path: '/b', policies: [{ redirect: { to: '/a', status: '${STATUS}' } }] },
      ],
    };
    const config = configOf(await read(document, env));
    assert.deepEqual(config.listen, [{ host: undefined, port: 9902 }]);
    assert.deepEqual(config.admin, { host: '127.0.0.1', port: 9903, token: '12345-and-then-some' });
    assert.deepEqual([config.timeouts.exchange, config.timeouts.keepAlive], [0, 5000]);
    assert.deepEqual([config.limits.connections, config.limits.headerCount], [3, 3]);
    assert.equal(config.upstreams['a']?.targets[0]?.weight, 3);
    assert.deepEqual([config.log.query, config.overload.memory, config.via], [true, 0.5, '12345']);
    assert.deepEqual(config.routes[0]?.headers, [
      { name: 'x-version', match: { type: 'exact', value: '12345' } },
      { name: 'x-b', match: { type: 'present' } },
    ]);
    assert.equal(Reflect.get(config.routes[1]?.policies[0]?.options ?? {}, 'status'), 308);
  });

  test('does not become a number where it only contains one, or looks like one to a machine', async () => {
    for (const PORT of ['0x50', '1e3', ' 80', '80 ', '+80', '080', '']) {
      assert.equal(mistakesOf(await read({ admin: { port: '${PORT}' }, routes: [] }, { PORT })).length, 1);
    }
  });

  test('is a variable of a request only where a template may stand', async () => {
    const config = configOf(
      await read({
        upstreams: { a: 'http://127.0.0.1:3001' },
        routes: [{ path: '/users/:id', upstream: 'a', rewrite: '/v2/${params.id}' }],
      }),
    );
    assert.equal(config.routes[0]?.rewrite, '/v2/${params.id}');
  });
});

describe('a configuration in a program', () => {
  test('is read anew after it was changed', async (t) => {
    const folder = createConfigFolder(t);
    for (const via of ['one', 'two', 'three']) {
      const file = folder.write('waygate.config.ts', `export default { via: '${via}', routes: [] };\n`);
      assert.equal(configOf(await load(file)).via, via);
    }
  });

  const broken: readonly (readonly [what: string, text: string, found: RegExp, line: number | undefined])[] =
    [
      ['throws', '\nthrow new Error("no database");\n', /cannot be loaded: no database/, 2],
      ['has no default export', 'export const config = {};\n', /no default export/, undefined],
      [
        'exports a function',
        'export default () => ({});\n',
        /expected keys and values, found a function/,
        undefined,
      ],
      ['exports nothing', 'export default undefined;\n', /is empty/, undefined],
      ['does not parse', 'export default {\n  routes: [\n', /cannot be loaded/, undefined],
      [
        'imports what is not there',
        "import './nowhere.ts';\nexport default {};\n",
        /cannot be loaded/,
        undefined,
      ],
      [
        'has types that cannot be left out',
        'enum A { b }\nexport default { routes: [] };\n',
        /cannot be loaded/,
        undefined,
      ],
      ['throws what is no error', 'throw 1;\n', /cannot be loaded: 1/, undefined],
      [
        'contains itself',
        'const a: object[] = [];\na.push(a);\nexport default { routes: a };\n',
        /contains itself/,
        undefined,
      ],
      [
        'has a getter that throws',
        'export default { get routes() { throw new Error("got"); } };\n',
        /cannot be read: got/,
        undefined,
      ],
    ];
  for (const [what, text, found, line] of broken) {
    test(`that ${what} is a mistake`, async (t) => {
      const mistakes = mistakesOf(await load(createConfigFolder(t).write('waygate.config.ts', text)));
      assert.equal(mistakes.length, 1, JSON.stringify(mistakes));
      assert.match(mistakes[0]?.found ?? '', found);
      assert.doesNotMatch(mistakes[0]?.found ?? '', /load=|\n/);
      if (line !== undefined) assert.equal(mistakes[0]?.line, line);
    });
  }

  test('has its mistakes placed by keys', async () => {
    const mistakes = mistakesOf(await read({ routes: [{ path: '/a', upstrem: 'a' }] }));
    assert.deepEqual(
      mistakes.map(({ file, line, path }) => ({ file, line, path })),
      [
        { file: 'configuration', line: undefined, path: ['routes', 0, 'upstrem'] },
        { file: 'configuration', line: undefined, path: ['routes', 0] },
      ],
    );
  });

  test('takes undefined for not given, and is copied', async () => {
    const input = { via: undefined, admin: undefined, routes: [] };
    const config = configOf(await read(input));
    assert.equal(config.via, 'waygate');
    assert.ok(!Object.isFrozen(input));
  });

  test('cannot reach the prototype of objects', async () => {
    const evil: unknown = JSON.parse(
      '{"__proto__":{"polluted":1},"routes":[],"timeouts":{"__proto__":{"polluted":1}}}',
    );
    assert.equal(mistakesOf(await read(evil)).length, 2);
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });

  const others: readonly (readonly [what: string, value: unknown])[] = [
    ['undefined', undefined],
    ['null', null],
    ['a number', 1],
    ['a text', 'routes: []'],
    ['a list', []],
    ['a date', new Date(0)],
    ['a map', new Map([['routes', []]])],
    ['a symbol', Symbol('s')],
    ['a big number', 10n],
  ];
  for (const [what, value] of others) {
    test(`that is ${what} is a mistake`, async () => {
      assert.ok(mistakesOf(await read(value)).length > 0);
    });
  }
});

test('a regular expression is judged once, however often the configuration is loaded', async () => {
  const verdicts: RegExpVerdicts = new Map();
  const document = {
    upstreams: { a: 'http://127.0.0.1:3001' },
    routes: [{ path: { regex: '/v[0-9]+' }, upstream: 'a' }],
  };
  configOf(await readConfig(document, { policies, env: {}, verdicts }));
  assert.deepEqual([...verdicts], [['/v[0-9]+', undefined]]);
  verdicts.set('/v[0-9]+', 'as remembered\nremedy');
  const [mistake] = mistakesOf(await readConfig(document, { policies, env: {}, verdicts }));
  assert.equal(mistake?.found, 'as remembered');
});
