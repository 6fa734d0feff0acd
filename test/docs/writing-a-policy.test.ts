import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite, test, type TestContext } from 'node:test';
import { installWaygate } from '../kit/installed-package.ts';
import { readCodeBlocks } from '../kit/markdown.ts';
import { exitOf, waygate, workFolder } from '../kit/waygate-command.ts';

const page = readFileSync(new URL('../../docs/writing-a-policy.md', import.meta.url), 'utf8');
const blocks = readCodeBlocks(page);

/** A project with all files of the page, and those that its first command writes. */
async function project(t: TestContext): Promise<string> {
  const folder = workFolder(t);
  installWaygate(folder);
  await waygate(folder, ['init', 'policy', 'tenant-guard']);
  for (const { text: content } of blocks) {
    const [, name] = /^(?:\/\/|#) (\S+\.(?:ts|yaml))\n/.exec(content) ?? [];
    if (name !== undefined) writeFileSync(join(folder, name), content);
  }
  return folder;
}

suite('docs/writing-a-policy.md', () => {
  test('shows what its command prints', async (t) => {
    const block = blocks.find(({ language }) => language === 'console');
    const [line = '', ...output] = block?.text.split('\n') ?? [];
    const folder = workFolder(t);
    const { out } = await waygate(folder, line.replace('$ waygate ', '').split(' '));
    assert.equal(out.trim(), output.join('\n').trim());
  });

  test('has a configuration without mistakes, of which there is a schema', async (t) => {
    const folder = await project(t);
    const { code, out, err } = await waygate(folder, ['check', 'waygate.yaml']);
    assert.equal(code, 0, out + err);
    const schema = await waygate(folder, ['schema', '--config', 'waygate.yaml']);
    assert.match(schema.out, /"tenant-guard"/);
  });

  test('has a policy whose test passes', async (t) => {
    const folder = await project(t);
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = ['--test', '--test-reporter=tap', 'policies/redact.test.ts'];
    const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [out, code] = await Promise.all([text(child.stdout), exitOf(child)]);
    assert.equal(code, 0, out);
    assert.match(out, /^# pass 1$/m);
  });
});
