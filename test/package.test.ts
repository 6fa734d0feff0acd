import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, suite, after, test } from 'node:test';

const root = join(import.meta.dirname, '..');

suite('the published package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waygate-package-'));
  const installed = join(folder, 'package');
  let files: string[] = [];

  before(() => {
    const json = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
    });
    // What prepack prints comes first.
    const [packed] = JSON.parse(json.slice(json.search(/^\[/m))) as [
      { filename: string; files: { path: string }[] },
    ];
    files = packed.files.map(({ path }) => path);
    execFileSync('tar', ['-xf', join(folder, packed.filename), '-C', folder]);
    symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function waygate(...args: string[]): string {
    const place = join(folder, 'project');
    mkdirSync(place, { recursive: true });
    return execFileSync(process.execPath, [join(installed, 'dist/cli/main.js'), ...args], {
      cwd: place,
      encoding: 'utf8',
    });
  }

  test('holds the compiled program, its types, the schemas, the pages and the papers, and nothing else', () => {
    const schemas = ['schema/waygate.schema.json', 'schema/waygate-test.schema.json'];
    const papers = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', ...schemas];
    const rest = files.filter((path) => !/^dist\/.*\.(?:js|d\.ts)$|^docs\/.*\.md$/.test(path));
    assert.deepEqual(new Set(rest), new Set(papers));
    assert.deepEqual(
      files.filter((path) => /\.(?:test|bench)\./.test(path)),
      [],
    );
    for (const path of [
      'dist/cli/main.js',
      'dist/index.d.ts',
      'dist/policy.d.ts',
      'dist/http-proxy-middleware.d.ts',
      // Messages and the README lead there.
      'docs/testing-a-configuration.md',
      'docs/policies/jwt.md',
    ])
      assert.ok(files.includes(path), path);
  });

  test('has a command that knows its version, and accepts the file that it writes', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    assert.match(waygate('--version'), new RegExp(version.replaceAll('.', '\\.')));
    waygate('init', '--force');
    waygate('check');
  });

  test('can be required by a program of CommonJS', () => {
    const names = ['.', '/policy', '/testing', '/node', '/express', '/fastify', '/http-proxy-middleware'];
    const script = `for (const name of ${JSON.stringify(names)}) {
      if (Object.keys(require(('waygate' + name).replace('.', ''))).length === 0) throw new Error(name);
    }`;
    execFileSync(process.execPath, ['--input-type=commonjs', '-e', script], { cwd: installed });
  });

  test('can be imported by its public names', () => {
    const names = {
      waygate: 'createGateway',
      'waygate/policy': 'definePolicy',
      'waygate/testing': 'createTestGateway',
      'waygate/node': 'createMiddleware as forNode',
      'waygate/express': 'createMiddleware as forExpress',
      'waygate/fastify': 'waygate',
      'waygate/http-proxy-middleware': 'createProxyMiddleware',
    };
    const imports = Object.entries(names).map(([place, name]) => `import { ${name} } from '${place}';`);
    const values = Object.values(names).map((name) => `typeof ${name.split(' ').at(-1) ?? ''}`);
    const script = `${imports.join(' ')} process.stdout.write([${values.join(', ')}].join(' '));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: installed,
      encoding: 'utf8',
    });
    assert.equal(output, Object.keys(names).fill('function').join(' '));
  });
});
