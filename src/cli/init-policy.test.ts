import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { installWaygate } from '../../test/kit/installed-package.ts';
import { exitOf, waygate, workFolder } from '../../test/kit/waygate-command.ts';

async function node(
  folder: string,
  args: readonly string[],
): Promise<{ code: number | string; out: string }> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [out, code] = await Promise.all([text(child.stdout), exitOf(child)]);
  return { code, out };
}

describe('waygate init policy', () => {
  for (const name of ['tenant-guard', 'delete', 'test', 'waygate', 'a1-2b'])
    test(`writes a policy "${name}" that passes its own test, and a gateway takes`, async (t) => {
      const folder = workFolder(t);
      installWaygate(folder);
      const { code, out, err } = await waygate(folder, ['init', 'policy', name]);
      assert.deepEqual([code, err], [0, '']);
      assert.deepEqual(readdirSync(join(folder, 'policies')).toSorted(), [`${name}.test.ts`, `${name}.ts`]);

      const tested = await node(folder, ['--test', '--test-reporter=tap', `policies/${name}.test.ts`]);
      assert.equal(tested.code, 0, tested.out);
      assert.match(tested.out, /^# pass 5$/m);

      const [, snippet = ''] = /Add to the configuration:\n\n((?: {2}.*\n)+)/.exec(out) ?? [];
      const routes = 'routes: [{ path: /, policies: [{ respond: { body: hello } }] }]\n';
      writeFileSync(join(folder, 'waygate.yaml'), snippet.replaceAll(/^ {2}/gm, '') + routes);
      assert.deepEqual((await waygate(folder, ['check'])).code, 0);
      const explained = await waygate(folder, ['explain', 'GET', '/']);
      assert.match(explained.out, /header_missing/);
    });

  test('writes modules also where package.json says that files are CommonJS', async (t) => {
    const folder = workFolder(t);
    installWaygate(folder);
    writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }');
    const { out } = await waygate(folder, ['init', 'policy', 'guard']);
    assert.match(out, /policyModules: \[\.\/policies\/guard\.mts\]/);
    const tested = await node(folder, ['--test', '--test-reporter=tap', 'policies/guard.test.mts']);
    assert.equal(tested.code, 0, tested.out);
    const [snippet] = /policyModules[^]*x-guard \}\n/.exec(out) ?? [''];
    const routes = 'routes: [{ path: /, policies: [{ respond: { body: hello } }] }]\n';
    writeFileSync(join(folder, 'waygate.yaml'), snippet.replaceAll(/^ {2}/gm, '') + routes);
    assert.deepEqual((await waygate(folder, ['check'])).code, 0);
  });

  test('says it in TypeScript where the configuration is', async (t) => {
    const folder = workFolder(t, { 'waygate.config.ts': '' });
    const { out } = await waygate(folder, ['init', 'policy', 'tenant-guard']);
    assert.match(
      out,
      /policyModules: \['\.\/policies\/tenant-guard\.ts'\],\n {2}policies: \[\{ 'tenant-guard'/,
    );
  });

  test('leaves what is there alone, and writes both files or none', async (t) => {
    const folder = workFolder(t);
    mkdirSync(join(folder, 'policies'));
    writeFileSync(join(folder, 'policies/one.test.ts'), 'mine');
    const refused = await waygate(folder, ['init', 'policy', 'one']);
    assert.deepEqual([refused.code, refused.out], [1, '']);
    assert.match(refused.err, /policies\/one\.test\.ts already[^]*waygate init policy one --force/);
    assert.deepEqual(readdirSync(join(folder, 'policies')), ['one.test.ts']);

    assert.equal((await waygate(folder, ['init', 'policy', 'one', '--force'])).code, 0);
    assert.deepEqual(readdirSync(join(folder, 'policies')).toSorted(), ['one.test.ts', 'one.ts']);
    assert.match(readFileSync(join(folder, 'policies/one.test.ts'), 'utf8'), /createTestGateway/);
    // The other --force, of the command above, wherever it stands.
    assert.equal((await waygate(folder, ['init', '-f', 'policy', 'one'])).code, 0);
  });

  test('leaves nothing behind when it cannot write', async (t) => {
    const folder = workFolder(t, { policies: 'a file' });
    const { code, err } = await waygate(folder, ['init', 'policy', 'one']);
    assert.equal(code, 1);
    assert.match(err, /cannot be written into policies/);
    assert.deepEqual(readdirSync(folder), ['policies']);

    const other = workFolder(t);
    mkdirSync(join(other, 'policies/two.test.ts'), { recursive: true });
    assert.equal((await waygate(other, ['init', 'policy', 'two', '--force'])).code, 1);
    assert.deepEqual(readdirSync(join(other, 'policies')), ['two.test.ts']);
  });

  test('refuses names that no policy can have', async (t) => {
    const folder = workFolder(t);
    for (const [name, message] of [
      ['TenantGuard', /"TenantGuard" is not a name for a policy[^]*such as tenant-guard/],
      ['tenant_guard', /such as tenant-guard/],
      ['../escape', /such as escape/],
      ['-x', /unknown option|not a name/],
      ['', /such as tenant-guard/],
      ['1a', /such as a/],
      ['a--b', /such as a-b/],
      ['x'.repeat(61), /not a name for a policy/],
      ['ünïcode', /not a name/],
      ['cors', /There is a policy "cors" in Waygate already[^]*my-cors/],
    ] as const) {
      const { code, err } = await waygate(folder, ['init', 'policy', name]);
      assert.equal(code, 2, name);
      assert.match(err, message);
    }
    assert.deepEqual(readdirSync(folder), []);
    assert.equal((await waygate(folder, ['init', 'policy'])).code, 2);
    assert.equal((await waygate(folder, ['init', 'polcy', 'x'])).code, 2);
  });
});
