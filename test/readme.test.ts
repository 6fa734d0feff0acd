import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { readConfig } from '../src/config/load-config.ts';
import { builtInPolicies } from '../src/gateway/built-in-policies.ts';
import { explainRequest } from '../src/gateway/explain.ts';
import { startProgram } from './kit/running-program.ts';

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The contents of the code blocks of a language. */
function blocks(language: string): string[] {
  const found = [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(
    ([, text = '']) => text,
  );
  assert.ok(found.length > 0, `the README has no block of ${language}`);
  return found;
}

/** The lines of the shell blocks, each command by itself. */
const commands = blocks('sh').flatMap((block) => block.trim().split(/\n| && /));

/** What `waygate --help` lists. */
async function commandsOfHelp(): Promise<string[]> {
  const program = startProgram(['src/cli/main.ts', '--help']);
  assert.equal(await program.ended, 0, program.output());
  const [, list = ''] = /^Commands:\n((?: {2}.*\n)+)/m.exec(program.output()) ?? [];
  return [...list.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name = '']) => name);
}

test('every configuration in the README is valid', async () => {
  for (const block of blocks('yaml')) {
    const result = await readConfig(parse(block), { policies: builtInPolicies, env: {} });
    assert.deepEqual(result.ok ? [] : result.mistakes, []);
  }
});

test('what the README says about who is asking holds', async () => {
  const block = blocks('yaml').find((text) => text.includes('api-key'));
  // Nobody has the key whose digest stands there: whoever copies it lets nobody in.
  const ours = block?.replace(/sha256:[0-9a-f]{64}/, `sha256:${hash('sha256', 'foo')}`);
  assert.notEqual(ours, block);
  const read = await readConfig(parse(ours ?? ''), { policies: builtInPolicies, env: {} });
  assert.ok(read.ok);
  const { config } = read;
  const explain = (path: string, ...lines: string[]) =>
    explainRequest(
      config,
      { head: [`GET ${path} HTTP/1.1`, 'Host: a', ...lines, '', ''].join('\r\n'), peerIp: '127.0.0.1' },
      builtInPolicies,
    );
  for (const [path, policy] of [
    ['/orders/7', 'jwt'],
    ['/reports', 'api-key'],
  ] as const) {
    const { end } = await explain(path);
    assert.ok(end.type === 'answered' && end.policy === policy && end.reply.status === 401, path);
  }
  const { end } = await explain('/reports', 'X-Api-Key: foo', 'X-Consumer: somebody');
  assert.ok(end.type === 'forwarded');
  assert.deepEqual(end.head.match(/^x-(?:consumer|api-key):.*$/gim), ['X-Consumer: acme']);
});

test('every npm script in the README exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const names = commands.flatMap((line) => /^npm (?:run )?(\S+)/.exec(line)?.[1] ?? []);
  assert.ok(names.includes('start') && names.includes('test'));
  for (const name of names) assert.ok(name === 'install' || name in scripts, `npm ${name}`);
});

test('the README lists exactly the commands that there are', async () => {
  const listed = [...readme.matchAll(/^\| `waygate ([a-z]+)/gm)].map(([, name = '']) => name);
  assert.deepEqual(new Set(listed), new Set(await commandsOfHelp()));
  for (const [, name = ''] of commands.join('\n').matchAll(/^npx waygate (\S+)/gm))
    assert.ok(listed.includes(name), name);
});

test('every link of the README leads somewhere', () => {
  const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
  assert.ok(links.length > 0);
  for (const link of links.filter((each) => !each.startsWith('https://'))) {
    const [path = '', anchor] = link.split('#');
    assert.ok(existsSync(join(root, path)), link);
    if (anchor === undefined) continue;
    const headings = [...readFileSync(join(root, path), 'utf8').matchAll(/^#+ (.*)$/gm)];
    assert.ok(
      headings.some(
        ([, text = '']) => text.replaceAll('`', '').toLowerCase().replaceAll(' ', '-') === anchor,
      ),
      link,
    );
  }
});
