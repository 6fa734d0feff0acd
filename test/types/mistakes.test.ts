import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, after, suite, test } from 'node:test';
import { policyStarter } from '../../src/cli/policy-starter.ts';

const root = join(import.meta.dirname, '../..');

/** A mistake, and what the compiler has to name there. */
interface Expected {
  readonly line: number;
  readonly column: number;
  readonly word: string;
}

/** Reads the marks below the lines of the fixture: `// ^ word` points at the column above it. */
function expectations(text: string): { readonly program: string; readonly expected: readonly Expected[] } {
  const lines: string[] = [];
  const expected: Expected[] = [];
  for (const line of text.split('\n')) {
    const mark = /^\/\/( *)\^ (\S+)$/.exec(line);
    if (mark === null) lines.push(line);
    else expected.push({ line: lines.length, column: (mark[1] ?? '').length + 3, word: mark[2] ?? '' });
  }
  return { program: lines.join('\n'), expected };
}

/** A configuration without mistakes of three hundred routes, each with parameters and policies. */
function manyRoutes(): string {
  const routes = Array.from(
    { length: 300 },
    (_, index) => `{
      path: '/service-${index}/items/:id/:part', upstream: 'service', rewrite: '/v2/items/\${params.id}', method: ['GET', 'POST'],
      policies: [
        'request-id',
        { cors: { origins: ['https://app-${index}.example.com'] } },
        { headers: { request: { set: { 'x-item': '\${params.id}', 'x-part': '\${params.part}' } } } },
      ],
    }`,
  );
  return `import { defineGateway } from 'waygate';
export default defineGateway({ upstreams: { service: 'http://localhost:3001' }, routes: [${routes.join(', ')}] });`;
}

suite('what the compiler says of a configuration with mistakes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waygate-types-'));
  const { program, expected } = expectations(
    readFileSync(join(import.meta.dirname, 'mistakes.fixture'), 'utf8'),
  );
  let printed: readonly (Expected & { readonly text: string })[] = [];
  let everything = '';

  before(() => {
    const source = (name: string): string[] => [join(root, 'src', name)];
    const compilerOptions = {
      noEmit: true,
      paths: {
        waygate: source('index.ts'),
        'waygate/policy': source('policy.ts'),
        'waygate/testing': source('testing.ts'),
      },
      ...{ typeRoots: [join(root, 'node_modules/@types')], rewriteRelativeImportExtensions: true },
    };
    mkdirSync(join(folder, 'app'));
    // What stands in a folder above must not decide whether these are modules.
    writeFileSync(join(folder, 'app/package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'app/waygate.config.ts'), program);
    writeFileSync(join(folder, 'app/many-routes.ts'), manyRoutes());
    const started = policyStarter('tenant-guard', '.', '.ts');
    writeFileSync(join(folder, 'app/tenant-guard.ts'), started.policy);
    writeFileSync(join(folder, 'app/tenant-guard.test.ts'), started.test);
    writeFileSync(
      join(folder, 'app/tsconfig.json'),
      JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*.ts'] }),
    );
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [compiler, '-p', 'app', '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    });
    everything = stdout;
    printed = [
      ...stdout.matchAll(/^app\/waygate\.config\.ts\((\d+),(\d+)\): error TS\d+: (.*(?:\n .*)*)/gm),
    ].map(([, line, column, text = '']) => ({ line: Number(line), column: Number(column), word: '', text }));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('each mistake is reported once, at its line and column', () => {
    assert.ok(expected.length >= 20);
    const places = (list: readonly Expected[]): string[] =>
      list.map(
        ({ line, column }) => `${line}:${column} ${program.split('\n')[line - 1]?.slice(column - 1) ?? ''}`,
      );
    assert.deepEqual(places(printed), places(expected));
  });

  test('each message names what is wrong', () => {
    for (const [index, { word }] of expected.entries()) {
      const { text = '' } = printed[index] ?? {};
      assert.match(text, new RegExp(`(?<![\\w-])${word}(?![\\w-])`));
    }
  });

  test('the policy that `waygate init policy` writes has none', () => {
    assert.doesNotMatch(everything, /tenant-guard/);
  });

  test('three hundred routes are not too much for it', () => {
    assert.doesNotMatch(everything, /many-routes/);
  });

  test('a parameter that a path does not capture is named together with the path', () => {
    const about = printed.find(({ text }) => text.includes("'ident'"));
    assert.match(about?.text ?? '', /the path '\/orders\/:id' captures no parameter 'ident'/);
  });
});
