import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { listen } from '../../test/kit/listen.ts';
import { workFolder } from '../../test/kit/waygate-command.ts';
import type { RunResult, StepFailure, TestResult } from './results.ts';
import { runFiles } from './run-files.ts';

const shop = `upstreams: { api: http://api.internal:3001, auth: http://auth.internal:3002 }
routes:
  - name: api
    path: /api
    upstream: api
`;

async function run(
  t: TestContext,
  configuration: string,
  expectations: string,
  files: Readonly<Record<string, string>> = {},
): Promise<RunResult> {
  const folder = workFolder(t, {
    'waygate.yaml': configuration,
    'waygate.test.yaml': expectations,
    ...files,
  });
  return runFiles([join(folder, 'waygate.test.yaml')], { defaultConfigurations: ['waygate.yaml'] });
}

/** What became of the tests of the only file. */
function testsOf({ files }: RunResult): readonly TestResult[] {
  const [file] = files;
  if (file === undefined || file.mistakes !== undefined)
    return assert.fail(JSON.stringify(file?.mistakes, null, 2));
  return file.tests;
}

/** Why each test failed: the paths that differ, and problems. */
function failuresOf(result: RunResult): (readonly string[] | 'passed')[] {
  return testsOf(result).map(({ failure }) => (failure === undefined ? 'passed' : reasons(failure)));
}

function reasons({ differences, problems, step, time }: StepFailure): string[] {
  const where = [step, time].map((each) => each ?? '').join('/');
  return [
    ...differences.map(({ path, found }) => `${where} ${path.join('.')}: ${found ?? 'nothing'}`),
    ...problems,
  ];
}

/** What was found wrong with the files, each with its line. */
function mistakesOf({ files }: RunResult): string[] {
  return files.flatMap(({ mistakes = [] }) => mistakes.map(({ line, found }) => `${line}: ${found}`));
}

const inTests = (lines: string): string => `tests:\n${lines.replace(/^/gm, '  ')}`;

describe('a test', () => {
  test('meets a gateway that has seen nothing before; its steps share one', async (t) => {
    const limited = `${shop}    policies: [{ rate-limit: { limit: 1, window: 1m } }]\n`;
    const result = await run(
      t,
      limited,
      inTests(`
- { name: first, request: GET /api, expect: { status: 200 } }
- { name: second, request: GET /api, expect: { status: 200 } }
- name: both
  steps:
    - { request: GET /api }
    - { request: GET /api, expect: { status: 429, answeredBy: rate-limit } }
    - { request: GET /api, after: 1m, expect: { status: 200 } }
- { name: repeated, request: GET /api, repeat: 3, expect: { status: 200 } }`),
    );
    assert.deepEqual(failuresOf(result), ['passed', 'passed', 'passed', ['/2 status: 429']]);
    assert.equal(result.ok, false);
  });

  test('says at which line another thing was expected', async (t) => {
    const result = await run(
      t,
      shop,
      'tests:\n- name: a\n  request: GET /api\n  expect:\n    route: api\n    status: 404\n',
    );
    const [outcome] = testsOf(result);
    assert.deepEqual([outcome?.line, outcome?.failure?.line], [2, 3]);
    assert.deepEqual(
      outcome?.failure?.differences.map(({ line, path }) => [line, ...path]),
      [[6, 'status']],
    );
  });

  test('of a request that is none sees the refusal, and no route', async (t) => {
    const result = await run(
      t,
      shop,
      inTests(`
- name: a
  request: { path: /api, headers: { content-length: [1, 2] } }
  expect: { route: null, policies: [], answeredBy: gateway, upstream: null, status: 400, error: /./ }`),
    );
    assert.deepEqual(failuresOf(result), ['passed']);
  });

  test('of a body that is not as long as its head says sees the refusal', async (t) => {
    const body = (length: number) =>
      `request: { method: POST, path: /api, headers: { Content-Length: ${length} }, body: four }`;
    const result = await run(
      t,
      shop,
      inTests(`
- { name: a, ${body(3)}, expect: { status: 400, error: bad_framing } }
- { name: b, ${body(5)}, expect: { status: 400, error: bad_framing } }
- { name: c, ${body(4)}, expect: { status: 200 } }`),
    );
    assert.deepEqual(failuresOf(result), ['passed', 'passed', 'passed']);
  });

  test('sends paths as they are written', async (t) => {
    const result = await run(
      t,
      shop,
      inTests(`
- { name: a, request: 'GET /api/../api/%7Ex//y?a=%2F', expect: { upstream: { request: 'GET /api/~x/y?a=%2F' } } }
- { name: b, request: 'GET /api%2Fx', expect: { status: 400, error: bad_path } }
- { name: c, request: 'GET http://shop.example/api', expect: { upstream: { headers: { x-forwarded-host: shop.example } } } }`),
    );
    assert.deepEqual(failuresOf(result), ['passed', 'passed', 'passed']);
  });
});

describe('services', () => {
  test('answer with what they got, or as the file says, or as the test says', async (t) => {
    const result = await run(
      t,
      shop,
      `targets: { api: { status: 201, headers: { x-a: [b, c] }, body: hi } }\n${inTests(`
- { name: file, request: GET /api, expect: { status: 201, headers: { x-a: 'b, c' }, body: hi } }
- { name: test, targets: { api: { body: { a: [1] } } }, request: GET /api, expect: { status: 200, body: { a: [1] }, headers: { content-type: application/json } } }`)}`,
    );
    assert.deepEqual(failuresOf(result), ['passed', 'passed']);
    const echo = await run(
      t,
      shop,
      inTests(
        `- { name: a, request: { method: PUT, path: /api, body: x }, expect: { body: { method: PUT, url: /api, body: x } } }`,
      ),
    );
    assert.deepEqual(failuresOf(echo), ['passed']);
  });

  test('answer in turn, and stay with the last', async (t) => {
    const result = await run(
      t,
      shop,
      inTests(`
- name: a
  targets: { api: [{ status: 500 }, { status: 418 }] }
  steps:
    - { request: POST /api, expect: { status: 500 } }
    - { request: POST /api, repeat: 2, expect: { status: 418 } }`),
    );
    assert.deepEqual(failuresOf(result), ['passed']);
  });

  test('may be slow, silent or gone, and time passes only as far as it must', async (t) => {
    const result = await run(
      t,
      shop,
      inTests(`
- { name: slow, targets: { api: { delay: 10s } }, request: GET /api, expect: { status: 200 } }
- { name: too slow, targets: { api: { delay: 40s } }, request: GET /api, expect: { status: 504 } }
- { name: silent, targets: { api: silent }, request: GET /api, expect: { status: 504 } }
- { name: gone, targets: { api: refuse }, request: GET /api, expect: { status: 502, answeredBy: gateway } }
- { name: reset, targets: { api: reset }, request: POST /api, expect: { status: 502, upstream: { attempts: 1 } } }
- { name: repeated, targets: { api: [reset, {}] }, request: GET /api, expect: { status: 200, upstream: { attempts: 2 } } }`),
    );
    assert.deepEqual(failuresOf(result), Array(6).fill('passed'));
  });

  test('need not exist, and whoever does is not asked', async (t) => {
    const sockets: unknown[] = [];
    const taken = async (): Promise<number> => {
      const server = createServer((socket) => {
        sockets.push(socket);
        socket.destroy();
      });
      t.after(() => server.close());
      return (await listen(server)).port;
    };
    const url = `http://127.0.0.1:${await taken()}`;
    const configuration = `listen: ${await taken()}
admin: { port: ${await taken()} }
workers: 2
redis: redis://127.0.0.1:${await taken()}
upstreams: { api: '${url}' }
routes:
  - { path: /a, upstream: api, policies: [{ jwt: { issuer: '${url}', audience: a } }] }
  - { path: /b, upstream: api, policies: [{ rate-limit: { limit: 1, window: 1m } }, { cache: {} }] }
`;
    const result = await run(
      t,
      configuration,
      `issuers: ['${url}']\n${inTests(`
- { name: a, request: { path: /a, token: { sub: x, aud: a } }, expect: { status: 200 } }
- { name: b, request: GET /b, expect: { status: 200 } }`)}`,
    );
    assert.deepEqual(failuresOf(result), ['passed', 'passed']);
    assert.deepEqual(sockets, []);
  });
});

test('several gateways share limits in a Redis, which is in memory here', async (t) => {
  const limited = `redis: redis://redis.internal:6379\n${shop}    policies: [{ rate-limit: { limit: 2, window: 1m } }]\n`;
  const result = await run(
    t,
    limited,
    inTests(`
- name: a
  steps:
    - { request: GET /api, repeat: 2, expect: { status: 200 } }
    - { request: GET /api, expect: { status: 429 } }
    - { request: GET /api, after: 1m, expect: { status: 200 } }`),
  );
  assert.deepEqual(failuresOf(result), ['passed']);
});

describe('other servers', () => {
  const forwarded = `${shop}    policies: [{ forward-auth: { url: 'https://auth.example.com/check', allowHttp: true } }]\n`;

  test('answer as the file says', async (t) => {
    const result = await run(
      t,
      forwarded.replace(', allowHttp: true', ''),
      inTests(`
- name: yes
  fetches: { https://auth.example.com/check: { status: 200 } }
  request: GET /api
  expect: { answeredBy: target }
- name: no
  fetches: { https://auth.example.com/check: { status: 403, body: go away } }
  request: GET /api
  expect: { answeredBy: forward-auth, status: 403, upstream: null }
- name: down
  fetches: { https://auth.example.com/check: refuse }
  request: GET /api
  expect: { status: 503, upstream: null }`),
    );
    assert.deepEqual(failuresOf(result), ['passed', 'passed', 'passed']);
  });

  test('that the file has no answer for fail the test, and are named', async (t) => {
    const result = await run(
      t,
      forwarded.replace(', allowHttp: true', ''),
      inTests('- { name: a, request: GET /api, expect: { status: 503 } }'),
    );
    assert.match(
      String(failuresOf(result)),
      /asks for GET https:\/\/auth\.example\.com\/check.*write it under fetches:/,
    );
  });

  test('issuers that are not named are told how to name them', async (t) => {
    const policy = "{ jwt: { issuer: 'https://login.example.com', audience: a } }";
    const result = await run(
      t,
      `${shop}    policies: [${policy}]\n`,
      `issuers: [https://other.example.com]\n${inTests(
        '- { name: a, request: { path: /api, token: { aud: a, iss: https://login.example.com } }, expect: { status: 200 } }',
      )}`,
    );
    assert.match(String(failuresOf(result)), /write https:\/\/login\.example\.com under issuers:/);
  });

  test('issuers may have their keys elsewhere', async (t) => {
    const policy = "{ jwt: { issuer: shop-login, audience: a, jwks: 'https://keys.example.com/all' } }";
    const result = await run(
      t,
      `${shop}    policies: [${policy.replace('shop-login', "'https://login.example.com'")}]\n`,
      `issuers: [{ issuer: https://login.example.com, jwks: https://keys.example.com/all }]\n${inTests(
        '- { name: a, request: { path: /api, token: { aud: a, sub: bob } }, expect: { consumer: bob } }',
      )}`,
    );
    assert.deepEqual(failuresOf(result), ['passed']);
  });
});

describe('the configuration', () => {
  test('takes its variables from the file, and from nowhere else', async (t) => {
    const configuration = shop.replace('http://api.internal:3001', '"${API_URL}"');
    const test1 = inTests("- { name: a, request: GET /api, expect: { upstream: { target: 'x:1' } } }");
    assert.deepEqual(
      failuresOf(await run(t, configuration, `environment: { API_URL: http://x:1 }\n${test1}`)),
      ['passed'],
    );
    process.env['API_URL'] = 'http://y:1';
    t.after(() => delete process.env['API_URL']);
    assert.match(String(mistakesOf(await run(t, configuration, test1))), /API_URL/);
  });

  test('with mistakes runs no test, and shows its mistakes with those of the expectations', async (t) => {
    const result = await run(
      t,
      shop.replace('upstream: api', 'upstream: ap'),
      'tests: [{ name: a, request: GET /api }]\n',
    );
    assert.deepEqual(mistakesOf(result), ['1: the test expects nothing', '5: there is no upstream "ap"']);
  });

  test('may be named, or be the only one beside the file', async (t) => {
    const one = inTests('- { name: a, request: GET /api, expect: { status: 200 } }');
    const named = await run(t, 'nonsense', `configuration: other.yaml\n${one}`, { 'other.yaml': shop });
    assert.deepEqual(failuresOf(named), ['passed']);
    assert.deepEqual(
      [...named.coverage.keys()].map((name) => name.endsWith('other.yaml')),
      [true],
    );
    const missing = await run(t, shop, `configuration: nix.yaml\n${one}`);
    assert.match(String(mistakesOf(missing)), /^1: there is no file ".*nix\.yaml"$/);
  });

  test('may bring policies of its own, in TypeScript', async (t) => {
    const policy = `import { z } from '${import.meta.resolve('zod')}';
export default { name: 'greet', description: 'Greets.', options: z.strictObject({}),
  create: () => ({ onRequest: () => ({ status: 200, body: 'hello' }) }) };
`;
    const configuration = `policyModules: [./greet.ts]\n${shop}    policies: [greet]\n`;
    const result = await run(
      t,
      configuration,
      inTests(
        '- { name: a, request: GET /api, expect: { policies: [greet], answeredBy: greet, body: hello, upstream: null } }',
      ),
      { 'greet.ts': policy },
    );
    assert.deepEqual(failuresOf(result), ['passed']);
  });
});

test('a policy that fails is told with the reason', async (t) => {
  const policy = `import { z } from '${import.meta.resolve('zod')}';
export default { name: 'oops', description: 'Fails.', options: z.strictObject({}),
  create: () => ({ onRequest: () => { throw new Error('the cat is on the keys'); } }) };
`;
  const configuration = `policyModules: [./oops.ts]\n${shop}    policies: [oops]\n`;
  const result = await run(
    t,
    configuration,
    inTests('- { name: a, request: GET /api, expect: { status: 200 } }'),
    {
      'oops.ts': policy,
    },
  );
  assert.match(String(failuresOf(result)), /oops: .*the cat is on the keys/);
  assert.equal(testsOf(result)[0]?.failure?.seen?.answeredBy, 'gateway');
});

test('names that the configuration does not have are mistakes, each with the nearest', async (t) => {
  const result = await run(
    t,
    `${shop}    policies: [request-id]\n`,
    `targets: { ap: {} }
tests:
  - name: a
    request: { path: /, token: {} }
    expect:
      route: apo
      policies: [request-i]
      answeredBy: targt
      upstream: apii
  - name: b
    targets: { aut: {} }
    steps:
      - { request: GET /, expect: { upstream: { upstream: aip }, answeredBy: jwt } }
`,
  );
  assert.deepEqual(mistakesOf(result), [
    '1: the configuration has no upstream "ap"',
    '4: there is nobody to issue a token',
    '6: the configuration has no route "apo"',
    '7: the configuration has no policy "request-i"',
    '8: the configuration has no policy "targt"',
    '9: the configuration has no upstream "apii"',
    '11: the configuration has no upstream "aut"',
    '13: the configuration has no upstream "aip"',
    '13: the configuration has no policy "jwt"',
  ]);
  const remedies = result.files.flatMap(({ mistakes = [] }) => mistakes.map(({ remedy }) => remedy));
  assert.deepEqual(remedies.slice(0, 3), [
    'did you mean "api"?',
    'write issuers: with the issuer that the policy jwt of the route names',
    'did you mean "api"?',
  ]);
  assert.equal(remedies.at(-1), 'write one of target, gateway, request-id');
});

test('only tests with a word in their names are run, in any case', async (t) => {
  const folder = workFolder(t, {
    'waygate.yaml': shop,
    'waygate.test.yaml': inTests(`
- { name: One thing, request: GET /api, expect: { status: 200 } }
- { name: another, request: GET /api, expect: { status: 404 } }`),
  });
  const result = await runFiles([join(folder, 'waygate.test.yaml')], {
    defaultConfigurations: ['waygate.yaml'],
    filter: 'ONE',
  });
  assert.equal(result.ok, true);
  assert.deepEqual(
    testsOf(result).map(({ name }) => name),
    ['One thing'],
  );
});

test('a request without Host, and one for a WebSocket', async (t) => {
  const upgrade =
    '{ connection: upgrade, upgrade: websocket, sec-websocket-version: 13, sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA== }';
  const result = await run(
    t,
    shop,
    inTests(`
- { name: a, request: { path: /api, host: null }, expect: { status: 400, route: null } }
- { name: b, request: { path: /api, headers: ${upgrade} }, expect: { upstream: { headers: { upgrade: websocket } } } }`),
  );
  assert.deepEqual(failuresOf(result), ['passed', 'passed']);
});

test('characters beyond ASCII are shown as they were written', async (t) => {
  const result = await run(t, shop, inTests("- { name: a, request: 'GET /api/é', expect: { status: 200 } }"));
  assert.equal(testsOf(result)[0]?.failure?.request, 'GET /api/é');
});
