import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readCodeBlocks } from '../kit/markdown.ts';

const root = resolve(import.meta.dirname, '../..');
const page = await readFile(join(root, 'docs/testing.md'), 'utf8');

describe('the examples of docs/testing.md', () => {
  let folder: string;
  const blocks = readCodeBlocks(page).filter(({ language }) => language === 'ts');

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waygate-docs-'));
    const dependency = join(folder, 'node_modules/waygate');
    await mkdir(dependency, { recursive: true });
    const exports = { './testing': './testing.ts', './policy': './policy.ts' };
    await writeFile(join(dependency, 'package.json'), JSON.stringify({ name: 'waygate', exports }));
    for (const name of ['testing.ts', 'policy.ts'])
      await symlink(join(root, 'src', name), join(dependency, name));
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    const compilerOptions = { typeRoots: [join(root, 'node_modules/@types')] };
    const settings = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions,
      include: ['*.ts', join(root, 'src/http1/platform.d.ts')],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    for (const [i, { text }] of blocks.entries()) await writeFile(join(folder, `example-${i}.test.ts`), text);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  /** What a program has said, after it ended well. */
  async function run(...args: string[]): Promise<string> {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { promise, resolve: done } = Promise.withResolvers<string>();
    execFile(process.execPath, args, { env, cwd: folder, timeout: 60_000 }, (error, stdout, stderr) => {
      done(`${error === null ? '' : 'failed\n'}${stdout}${stderr}`);
    });
    return promise;
  }

  it('compile under the strictest flags', async () => {
    assert.equal(await run(join(root, 'node_modules/typescript/bin/tsc'), '-p', folder), '');
  });

  it('pass, each by itself', async () => {
    assert.equal(blocks.length, 3);
    for (const i of blocks.keys()) {
      const output = await run('--test', '--test-reporter=tap', `example-${i}.test.ts`);
      assert.match(output, /^# pass [1-9]/m, output);
      assert.match(output, /^# fail 0$/m, output);
    }
  });
});
