import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { workFolder } from '../../test/kit/waygate-command.ts';
import { exitCodes } from './failure.ts';

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

/** What a shell prints for a line that begins with `waygate`, both streams in one. */
async function shell(line: string, folder: string): Promise<string> {
  const main = join(import.meta.dirname, 'main.ts');
  const script = `exec 2>&1; ${line.replace(/^waygate /, `"${process.execPath}" "${main}" `)}`;
  const { FORCE_COLOR: _, ...env } = process.env;
  const child = spawn('sh', ['-c', script], { cwd: folder, env: { ...env, NO_COLOR: '1' } });
  return text(child.stdout);
}

test('every example of docs/cli.md prints what the page says', async (t) => {
  const folder = workFolder(t);
  for (const [, name = '', content = ''] of page.matchAll(/```yaml\n# (waygate-\w+\.yaml)\n([^]*?)```/g)) {
    writeFileSync(join(folder, name), `# ${name}\n${content}`);
  }
  let examples = 0;
  for (const [, block = ''] of page.matchAll(/```console\n([^]*?)```/g)) {
    for (const example of block.split(/^(?=\$ )/m)) {
      const [line = '', ...output] = example.split('\n');
      assert.match(line, /^\$ waygate /);
      assert.equal((await shell(line.slice(2), folder)).trimEnd(), output.join('\n').trimEnd(), line);
      examples++;
    }
  }
  assert.ok(examples >= 6, `${examples} examples`);
});

test('docs/cli.md lists every exit code', () => {
  for (const code of Object.values(exitCodes))
    assert.match(page, new RegExp(`^\\| (\\d+, )?${code}(, \\d+)? +\\|`, 'm'));
});
