import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { BodyStage } from '../../src/core/body.ts';
import type { PolicyDefinition } from '../../src/core/policy.ts';
import { templateVariables } from '../../src/core/template-variables.ts';
import { builtInPolicies } from '../../src/gateway/built-in-policies.ts';
import { eventually } from '../kit/eventually.ts';
import { fakeExchange, fakeResponse } from '../kit/fake-exchange.ts';
import { readCodeBlocks, readTables } from '../kit/markdown.ts';
import { answer, ask, benchPolicy, optionMistakes } from '../kit/policy-bench.ts';

const root = resolve(import.meta.dirname, '../..');
const page = await readFile(join(root, 'docs/policies.md'), 'utf8');

/** What the examples export. */
interface Examples {
  readonly tenant: PolicyDefinition;
  readonly gzip: PolicyDefinition;
  readonly counting: (onEnd: (octets: number) => void) => BodyStage;
}

describe('the tables of docs/policies.md', () => {
  const tables = readTables(page);

  it('list every built-in policy with its description', () => {
    const rows = tables.find(({ columns }) => columns[0] === 'policy')?.rows ?? [];
    assert.deepEqual(
      rows.map((row) => [row['policy'], row['what it does']]),
      builtInPolicies.map(({ name, description }) => [`[\`${name}\`](policies/${name}.md)`, description]),
    );
  });

  it('list every variable', () => {
    const rows = tables.find(({ columns }) => columns[0] === 'variable')?.rows ?? [];
    const families: Readonly<Record<string, string>> = {
      params: 'params.<name>',
      'request.header': 'request.header.<name>',
      'consumer.claims': 'consumer.claims.<path>',
    };
    const names = templateVariables.map((variable) => families[variable] ?? variable);
    assert.deepEqual(
      rows.map((row) => row['variable']),
      names.map((name) => `\`\${${name}}\``),
    );
  });
});

describe('the examples of docs/policies.md', () => {
  let folder: string;
  let examples: Examples;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waygate-docs-'));
    await writeProject(folder);
    const blocks = readCodeBlocks(page).filter(({ language }) => language === 'ts');
    assert.equal(blocks.length, 3);
    const modules = await Promise.all(
      blocks.map(async ({ text }, i) => {
        const file = join(folder, `example-${i}.ts`);
        await writeFile(file, text);
        return (await import(pathToFileURL(file).href)) as object;
      }),
    );
    examples = Object.assign({}, ...modules) as Examples;
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('compile under the strictest flags', async () => {
    const tsc = [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder];
    const mistakes = await new Promise((done) => {
      execFile(process.execPath, tsc, (_, stdout, stderr) => done(stdout + stderr));
    });
    assert.equal(mistakes, '');
  });

  it('refuse a tenant that nobody knows, and count it', () => {
    const policy = benchPolicy(examples.tenant, { known: ['acme'] });
    for (const headers of [{}, { 'x-tenant': 'evil' }] as Record<string, string>[]) {
      assert.equal(ask(policy, fakeExchange({ headers }))?.status, 403);
    }
    assert.equal(policy.counts.get('refused'), 2);
  });

  it('tell the service which tenant it is, and caches that it matters', () => {
    const policy = benchPolicy(examples.tenant, { known: ['acme'], fallback: 'acme' });
    const exchange = fakeExchange();
    assert.equal(ask(policy, exchange), undefined);
    assert.equal(exchange.request.headers.get('x-tenant'), 'acme');
    assert.equal(answer(policy, exchange).headers.get('vary'), 'x-tenant');
    policy.instance.onFinish?.(exchange);
  });

  it('refuse options that make no sense', () => {
    assert.deepEqual(optionMistakes(examples.tenant, { known: ['acme'], fallback: 'globex' }), [
      'fallback: "globex" is not a known tenant | add it to `known`',
    ]);
    assert.match(optionMistakes(examples.tenant, { known: [], header: 'host' })[0] ?? '', /^header: /);
    assert.match(optionMistakes(examples.tenant, {})[0] ?? '', /^known: /);
  });

  it('count a body', () => {
    const counted: number[] = [];
    const sink = examples.counting((octets) => counted.push(octets))(
      { write: () => false, end: () => counted.push(-1), abort: () => undefined },
      { pause: () => undefined, resume: () => undefined },
    );
    assert.equal(sink.write(new Uint8Array(3)), false);
    sink.write(new Uint8Array(4));
    sink.end();
    assert.deepEqual(counted, [7, -1]);
  });

  for (const stream of ['web', 'node']) {
    it(`compress an answer through a ${stream} stream`, async () => {
      const policy = benchPolicy(examples.gzip, { stream });
      const exchange = fakeExchange({ headers: { 'accept-encoding': 'br, gzip' } });
      const head = answer(
        policy,
        exchange,
        fakeResponse({ 'content-type': 'application/json', 'content-length': '2' }),
      );
      assert.equal(
        head.headers.serialize(),
        'content-type: application/json\r\nvary: accept-encoding\r\ncontent-encoding: gzip\r\n',
      );
      const chunks: Uint8Array[] = [];
      let ended = false;
      const sink = exchange.responseStages[0]?.(
        { write: (chunk) => chunks.push(chunk) > 0, end: () => void (ended = true), abort: assert.ifError },
        { pause: () => undefined, resume: () => undefined },
      );
      sink?.write(Buffer.from('{}'));
      sink?.end();
      await eventually(() => ended, 'the compressed body ends');
      assert.equal(gunzipSync(Buffer.concat(chunks)).toString(), '{}');
    });
  }
});

/** A project as an author of policies has it: `waygate` among its dependencies, and the flags of this repository. */
async function writeProject(folder: string): Promise<void> {
  const dependency = join(folder, 'node_modules/waygate');
  await mkdir(dependency, { recursive: true });
  await writeFile(
    join(dependency, 'package.json'),
    JSON.stringify({ name: 'waygate', exports: { './policy': './policy.ts' } }),
  );
  await symlink(join(root, 'src/policy.ts'), join(dependency, 'policy.ts'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { typeRoots: [join(root, 'node_modules/@types')] },
      include: ['*.ts'],
    }),
  );
}
