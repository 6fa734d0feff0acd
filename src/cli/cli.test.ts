import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { waygate, workFolder } from '../../test/kit/waygate-command.ts';

const good = `upstreams: { api: http://localhost:3001 }\nroutes: [{ path: /api, upstream: api }]\n`;
const wrong = `listen: 70000\nroutes:\n  - path: /api\n    upstream: nobody\n`;

const escape = /\x1b\[/;

describe('usage', () => {
  test('--help goes to standard output and exits with 0', async (t) => {
    const folder = workFolder(t);
    for (const args of [['--help'], ['-h'], ['start', '--help'], ['explain', '-h']]) {
      const { code, out, err } = await waygate(folder, args);
      assert.deepEqual([code, err], [0, ''], args.join(' '));
      assert.match(out, /^Usage: waygate/);
    }
  });

  test('help fits into 80 columns', async (t) => {
    const folder = workFolder(t);
    for (const command of [
      [],
      ['start'],
      ['check'],
      ['explain'],
      ['init'],
      ['init', 'policy'],
      ['schema'],
      ['key'],
      ['key', 'create'],
      ['user'],
      ['user', 'create'],
      ['purge'],
      ['test'],
      ['import'],
      ['import', 'express'],
      ['import', 'express-gateway'],
      ['import', 'nginx'],
    ]) {
      const { out } = await waygate(folder, [...command, '--help']);
      assert.match(out, /^Usage: waygate/);
      for (const line of out.split('\n')) assert.ok(line.length <= 80, line);
    }
  });

  test('--version prints the version of the package', async (t) => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    assert.deepEqual(await waygate(workFolder(t), ['--version']), { code: 0, out: `${version}\n`, err: '' });
  });

  test('what makes no sense exits with 2 and says why, on standard error', async (t) => {
    const folder = workFolder(t, { 'waygate.yaml': good });
    for (const [args, message] of [
      [[], /Usage: waygate/],
      [['chek'], /unknown command 'chek'[^]*Did you mean check/],
      [['check', '--nope'], /unknown option '--nope'/],
      [['check', 'a', 'b'], /too many arguments/],
      [['start', 'a', 'b'], /too many arguments/],
      [['explain', 'GET'], /missing required argument 'target'/],
      [['explain', 'GET', '/x', '-H', 'nonsense'], /A header is a name, a colon and a value/],
      [['explain', 'GET', '/x', '-H', 'A: b\r\nC: d'], /line breaks/],
      [['explain', 'GET', 'x'], /neither a path nor a URL[^]*\/x/],
      [['explain', 'GET', '/x', '--client', 'localhost'], /not an IP address/],
    ] as const) {
      const { code, out, err } = await waygate(folder, args);
      assert.deepEqual([code, out], [2, ''], args.join(' '));
      assert.match(err, message);
    }
  });
});

describe('colours', () => {
  test('stay out of a pipe', async (t) => {
    const folder = workFolder(t, { 'waygate.yaml': wrong });
    for (const args of [['--help'], ['check'], ['chek']]) {
      const { out, err } = await waygate(folder, args);
      assert.doesNotMatch(out + err, escape, args.join(' '));
    }
  });

  test('come with FORCE_COLOR, but never into JSON', async (t) => {
    const folder = workFolder(t, { 'waygate.yaml': wrong });
    const env = { FORCE_COLOR: '1' };
    for (const args of [['--help'], ['check'], ['chek']]) {
      const { out, err } = await waygate(folder, args, env);
      assert.match(out + err, escape, args.join(' '));
    }
    assert.doesNotMatch((await waygate(folder, ['check', '--json'], env)).out, escape);
    const { out } = await waygate(
      workFolder(t, { 'waygate.yaml': good }),
      ['explain', 'GET', '/', '--json'],
      env,
    );
    assert.doesNotMatch(out, escape);
  });
});

describe('the configuration file', () => {
  test('is the only one there is', async (t) => {
    for (const [name, content] of [
      ['waygate.yaml', good],
      ['waygate.yml', good],
      ['waygate.json', '{"routes":[{"path":"/","policies":[{"respond":{"status":204}}]}]}'],
      [
        'waygate.config.ts',
        'export default { routes: [{ path: "/", policies: [{ respond: { status: 204 } }] }] };',
      ],
    ] as const) {
      const { code, out, err } = await waygate(workFolder(t, { [name]: content }), ['check']);
      assert.deepEqual([code, err], [0, ''], out);
      assert.match(out, new RegExp(`${name} has no mistakes`));
    }
  });

  test('has to be named when there are several, or none', async (t) => {
    const none = await waygate(workFolder(t), ['check']);
    assert.equal(none.code, 1);
    assert.match(none.err, /There is no configuration in[^]*waygate init/);
    const several = await waygate(workFolder(t, { 'waygate.yaml': good, 'waygate.json': '{}' }), ['start']);
    assert.equal(several.code, 1);
    assert.match(several.err, /There are 2 configurations[^]*waygate\.yaml, waygate\.json/);
  });

  test('may have any name when it is given', async (t) => {
    const folder = workFolder(t, { 'gate way.yaml': good });
    assert.equal((await waygate(folder, ['check', 'gate way.yaml'])).code, 0);
    assert.equal((await waygate(folder, ['check', join(folder, 'gate way.yaml')])).code, 0);
  });

  test('that is not there, a folder or a loop of links is a mistake, not a crash', async (t) => {
    const folder = workFolder(t);
    mkdirSync(join(folder, 'folder.yaml'));
    symlinkSync('loop.yaml', join(folder, 'loop.yaml'));
    for (const [name, ...command] of [
      ['missing.yaml', 'check', 'missing.yaml'],
      ['missing.yaml', 'start', 'missing.yaml'],
      ['folder.yaml', 'explain', 'GET', '/', '-c', 'folder.yaml'],
      ['loop.yaml', 'check', 'loop.yaml'],
    ] as const) {
      const { code, out, err } = await waygate(folder, command);
      assert.equal(code, 1, command.join(' '));
      assert.match(out + err, new RegExp(name));
      assert.doesNotMatch(out + err, /at .*\.ts:\d/);
    }
  });
});

describe('waygate check', () => {
  test('lists every mistake with line, column and remedy, and exits with 1', async (t) => {
    const { code, out } = await waygate(workFolder(t, { 'waygate.yaml': wrong }), ['check']);
    assert.equal(code, 1);
    assert.match(out, /waygate\.yaml:1:9/);
    assert.match(out, /waygate\.yaml:4:15/);
    assert.match(out, /2 mistakes\n$/);
  });

  test('finds what only a policy sees in its options', async (t) => {
    const policy = "headers: { request: { set: { x-a: '${params.nope}' } } }";
    const { code, out } = await waygate(
      workFolder(t, { 'waygate.yaml': `${good}policies: [{ ${policy} }]\n` }),
      ['check'],
    );
    assert.equal(code, 1);
    assert.match(out, /waygate\.yaml:3:\d+/);
    assert.match(out, /nope/);
  });

  test('prints JSON for scripts', async (t) => {
    const bad = await waygate(workFolder(t, { 'waygate.yaml': wrong }), ['check', '--json']);
    const result = JSON.parse(bad.out) as { ok: boolean; file: string; mistakes: Record<string, unknown>[] };
    assert.deepEqual(
      [bad.code, bad.err, result.ok, result.file, result.mistakes.length],
      [1, '', false, 'waygate.yaml', 2],
    );
    assert.deepEqual(Object.keys(result.mistakes[0] ?? {}), [
      'file',
      'line',
      'column',
      'path',
      'found',
      'remedy',
    ]);
    const fine = await waygate(workFolder(t, { 'waygate.yaml': good }), ['check', '--json']);
    assert.deepEqual(
      [fine.code, JSON.parse(fine.out)],
      [0, { ok: true, file: 'waygate.yaml', mistakes: [] }],
    );
  });

  test('F195 shows no secret', async (t) => {
    const file = 'admin: { token: "${ADMIN_TOKEN}" }\nlisten: "${ADMIN_TOKEN}"\nroutes: []\n';
    const folder = workFolder(t, { 'waygate.yaml': file });
    for (const args of [['check'], ['check', '--json'], ['start'], ['explain', 'GET', '/']]) {
      const { code, out, err } = await waygate(folder, args, { ADMIN_TOKEN: 'canary' });
      assert.equal(code, 1);
      assert.doesNotMatch(out + err, /canary/);
    }
  });
});

describe('waygate explain', () => {
  test('says no more than the mistakes when there are some', async (t) => {
    const { code, out, err } = await waygate(workFolder(t, { 'waygate.yaml': wrong }), [
      'explain',
      'GET',
      '/',
    ]);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /2 mistakes/);
  });

  test('prints JSON for scripts', async (t) => {
    const { code, out } = await waygate(workFolder(t, { 'waygate.yaml': good }), [
      'explain',
      'GET',
      '/api/1',
      '--json',
    ]);
    const result = JSON.parse(out) as {
      route: string;
      end: { type: string; upstream: string; head: string };
    };
    assert.deepEqual(
      [code, result.route, result.end.type, result.end.upstream],
      [0, '/api', 'forwarded', 'api'],
    );
    assert.match(result.end.head, /^GET \/api\/1 HTTP\/1\.1\r\nHost: localhost:3001\r\n/);
  });

  test('takes the host from a URL, unless a header says otherwise', async (t) => {
    const folder = workFolder(t, { 'waygate.yaml': good });
    const hostOf = async (args: readonly string[]): Promise<string> => {
      const { out } = await waygate(folder, ['explain', ...args, '--json']);
      return (JSON.parse(out) as { request: { host: string } }).request.host;
    };
    assert.equal(await hostOf(['GET', 'https://Shop.example:8443/api']), 'shop.example');
    assert.equal(await hostOf(['GET', 'http://shop.example']), 'shop.example');
    assert.equal(await hostOf(['GET', 'http://shop.example/', '-H', 'host: other.example']), 'other.example');
    assert.equal(await hostOf(['GET', '/api']), 'localhost');
  });

  test('explains what is refused before it has a route', async (t) => {
    const folder = workFolder(t, { 'waygate.yaml': good });
    const args = ['explain', 'GET', '/api#x', '-H', 'Content-Length: 1', '-H', 'Content-Length: 2'];
    const { code, out } = await waygate(folder, args);
    assert.equal(code, 0);
    assert.match(out, /^Refused by the gateway\n {2}400 bad_/);
  });

  test('shows nothing that a terminal obeys', async (t) => {
    const folder = workFolder(t, { 'waygate.yaml': good });
    const { out } = await waygate(folder, [
      'explain',
      'GET',
      '/api/\u009b31m',
      '-H',
      'A: \u001b[31m',
      '-H',
      'B: \u202e',
    ]);
    assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});

describe('waygate init', () => {
  test('writes a file that has no mistakes and explains itself', async (t) => {
    const folder = workFolder(t);
    const written = await waygate(folder, ['init']);
    assert.deepEqual([written.code, written.err], [0, '']);
    const file = readFileSync(join(folder, 'waygate.yaml'), 'utf8');
    assert.match(
      file,
      /^# yaml-language-server: \$schema=\.\/node_modules\/waygate\/schema\/waygate\.schema\.json\n/,
    );
    assert.equal((await waygate(folder, ['check'])).code, 0);
  });

  test('every line that is commented out works when it is not', async (t) => {
    const folder = workFolder(t);
    await waygate(folder, ['init']);
    const file = readFileSync(join(folder, 'waygate.yaml'), 'utf8');
    const [head = '', ...rest] = file.split('\n\n');
    // Sentences begin with a capital letter, settings do not.
    const all = rest
      .join('\n\n')
      .replace(/^( *)# ( *(?:- )?[a-z][A-Za-z-]*:.*)$/gm, '$1$2')
      .replace(/^( *)# ( *- \{.*)$/gm, '$1$2')
      .replace(/^( *)# ( *- http.*)$/gm, '$1$2');
    assert.ok(
      all.includes('\ntrustedProxies:') &&
        all.includes('\n  - path: /users/:id') &&
        all.includes('weight: 2'),
    );
    writeFileSync(join(folder, 'waygate.yaml'), `${head}\n\n${all}`);
    const { code, out } = await waygate(folder, ['check'], { ADMIN_TOKEN: 'sixteen-characters' });
    assert.equal(code, 0, `${out}\n${all}`);
  });

  test('replaces no file, unless it is told to', async (t) => {
    const folder = workFolder(t, { 'waygate.yaml': 'mine' });
    const refused = await waygate(folder, ['init']);
    assert.equal(refused.code, 1);
    assert.equal(readFileSync(join(folder, 'waygate.yaml'), 'utf8'), 'mine');
    assert.equal((await waygate(folder, ['init', '--force'])).code, 0);
    assert.notEqual(readFileSync(join(folder, 'waygate.yaml'), 'utf8'), 'mine');
  });

  test('does not add a second configuration beside one of another name', async (t) => {
    const folder = workFolder(t, { 'waygate.json': '{}' });
    const { code, err } = await waygate(folder, ['init']);
    assert.equal(code, 1);
    assert.match(err, /There is a waygate\.json here already/);
  });

  test('names the schema of the package that is installed above', async (t) => {
    const folder = workFolder(t);
    mkdirSync(join(folder, 'node_modules/waygate/schema'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/waygate/schema/waygate.schema.json'), '{}');
    mkdirSync(join(folder, 'services/gateway'), { recursive: true });
    await waygate(join(folder, 'services/gateway'), ['init']);
    const file = readFileSync(join(folder, 'services/gateway/waygate.yaml'), 'utf8');
    assert.match(file, /\$schema=\.\.\/\.\.\/node_modules\/waygate\/schema\/waygate\.schema\.json\n/);
  });
});

describe('waygate schema', () => {
  test('prints the schema that is in the package', async (t) => {
    const { code, out } = await waygate(workFolder(t), ['schema']);
    assert.equal(code, 0);
    const committed = readFileSync(new URL('../../schema/waygate.schema.json', import.meta.url), 'utf8');
    assert.deepEqual(JSON.parse(out), JSON.parse(committed));
  });

  test('knows the policies of a configuration that it is given, whatever else is wrong with that', async (t) => {
    const module = `import { definePolicy, z } from '${new URL('../policy.ts', import.meta.url).href}';
export const tenant = definePolicy({
  name: 'tenant', description: 'Tells tenants apart.', options: z.strictObject({ known: z.array(z.string()).describe('Who.') }),
  create: () => ({}),
});`;
    const files = {
      'tenant.ts': module,
      'waygate.yaml': 'policyModules: [./tenant.ts]\nroutes: 5\n',
      'broken.yaml': 'policyModules: [./tenants.ts]\nroutes: 5\n',
      'empty.yaml': '',
    };
    const folder = workFolder(t, files);
    const { code, out } = await waygate(folder, ['schema', '--config', 'waygate.yaml']);
    assert.equal(code, 0);
    assert.match(
      JSON.stringify(JSON.parse(out)),
      /"tenant":\{"description":"Tells tenants apart\.".*"known".*"Who\."/,
    );
    const broken = await waygate(folder, ['schema', '-c', 'broken.yaml']);
    assert.deepEqual([broken.code, broken.out], [1, '']);
    assert.match(broken.err, /broken\.yaml:1:17 {2}the file of "\.\/tenants\.ts" does not exist/);
    assert.doesNotMatch(broken.err, /routes/);
    assert.equal((await waygate(folder, ['schema', '-c', 'empty.yaml'])).code, 1);
    assert.equal((await waygate(folder, ['schema', '-c', 'none.yaml'])).code, 1);
  });

  test('check and explain know the policies of the configuration', async (t) => {
    const module = `import { definePolicy, z } from '${new URL('../policy.ts', import.meta.url).href}';
export default definePolicy({
  name: 'teapot', description: 'Is one.', options: z.strictObject({}), alwaysAnswers: () => true,
  create: () => ({ onRequest: () => ({ status: 418, body: 'short and stout' }) }),
});`;
    const config = 'policyModules: [./teapot.ts]\nroutes: [{ path: /, policies: [teapot] }]\n';
    const folder = workFolder(t, { 'teapot.ts': module, 'waygate.yaml': config });
    assert.equal((await waygate(folder, ['check'])).code, 0);
    const { out } = await waygate(folder, ['explain', 'GET', '/']);
    assert.match(out, /teapot[^]*418[^]*short and stout/);
  });

  test(
    'says so, and exits with 1, when its output cannot be written',
    { skip: process.platform !== 'linux' && 'needs /dev/full' },
    async (t) => {
      const script = `"$0" "$1" schema >/dev/full; echo "code $?" >&2`;
      const child = spawn('sh', ['-c', script, process.execPath, join(import.meta.dirname, 'main.ts')], {
        cwd: workFolder(t),
      });
      const err = await text(child.stderr);
      assert.match(err, /^✗ Standard output cannot be written: .*ENOSPC.*\ncode 1\n$/);
    },
  );

  test('is complete even when its reader takes its time', async (t) => {
    const script = `"$0" "$1" schema | (sleep 1; wc -c)`;
    const child = spawn('sh', ['-c', script, process.execPath, join(import.meta.dirname, 'main.ts')], {
      cwd: workFolder(t),
    });
    // Read from the start: Node throws away what nobody has read by the time that a child ends.
    const [counted, { out }] = await Promise.all([text(child.stdout), waygate(workFolder(t), ['schema'])]);
    assert.equal(Number(counted), Buffer.byteLength(out));
  });

  test('does not mind a reader who has seen enough', async (t) => {
    const script = `"$0" "$1" schema | head -c 10 >/dev/null`;
    const main = join(import.meta.dirname, 'main.ts');
    const child = spawn('sh', ['-c', script, process.execPath, main], { cwd: workFolder(t) });
    const [err] = await Promise.all([text(child.stderr), once(child, 'close')]);
    assert.equal(err, '');
  });
});
