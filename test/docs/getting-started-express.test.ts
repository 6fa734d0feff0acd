import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { listen, stopListening } from '../kit/listen.ts';
import { readCodeBlocks } from '../kit/markdown.ts';
import { freePorts, startProgram } from '../kit/running-program.ts';

const root = resolve(import.meta.dirname, '../..');
const page = await readFile(join(root, 'docs/getting-started-express.md'), 'utf8');
const blocks = readCodeBlocks(page);

/** The blocks of a step, by the number in its heading. */
function blocksOf(step: number, language: string): readonly string[] {
  return blocks
    .filter((block) => block.heading.startsWith(`${step}. `) && block.language === language)
    .map(({ text }) => text);
}

/** The only block of a step. */
function blockOf(step: number, language: string): string {
  const [block, ...others] = blocksOf(step, language);
  assert.ok(block !== undefined && others.length === 0, `step ${step} has one block of ${language}`);
  return block;
}

describe('docs/getting-started-express.md', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waygate-start-'));
    const modules = join(folder, 'node_modules');
    await mkdir(join(modules, 'waygate'), { recursive: true });
    for (const name of ['express', 'http-proxy-middleware'])
      await symlink(join(root, 'node_modules', name), join(modules, name));
    for (const name of ['express', 'http-proxy-middleware'])
      await symlink(join(root, `src/${name}.ts`), join(modules, 'waygate', `${name}.ts`));
    await writeFile(
      join(modules, 'waygate/package.json'),
      JSON.stringify({ name: 'waygate', type: 'module', exports: { './*': './*.ts' } }),
    );
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  /** The ports of the page, as they are free here. */
  interface Ports {
    readonly gateway: string;
    /** A block of the page with them, and with the file where it lies. */
    of(block: string): string;
  }

  /** Starts the two services. */
  async function services(t: TestContext): Promise<Ports> {
    const [users, orders] = await Promise.all(
      ['users', 'orders'].map(async (name) => {
        const server = createServer((request, response) => response.end(`${name}: ${request.url ?? ''}`));
        onFinish(t, 'targets', () => stopListening(server));
        return String((await listen(server)).port);
      }),
    );
    const { PORT } = await freePorts('PORT');
    const real: Readonly<Record<string, string | undefined>> = { 3000: PORT, 3001: users, 3002: orders };
    return {
      gateway: PORT,
      of: (block) =>
        block
          .replaceAll(/\b300[0-2]\b/g, (port) => real[port] ?? port)
          .replace("'waygate.yaml'", JSON.stringify(join(folder, 'waygate.yaml'))),
    };
  }

  async function run(t: TestContext, args: readonly string[], { gateway }: Ports) {
    const program = startProgram(args);
    onFinish(t, 'gateways', async () => void (await program.end('SIGKILL')));
    const ask = async (path: string): Promise<string> => {
      const headers = { connection: 'close' };
      const response = await fetch(`http://127.0.0.1:${gateway}${path}`, { headers });
      return response.ok ? response.text() : String(response.status);
    };
    await eventually(
      async () => (await ask('/users/1?a=b')) === 'users: /1?a=b',
      () => `${args.join(' ')} answers, but it printed\n${program.output()}`,
      30_000,
    );
    assert.equal(await ask('/orders'), 'orders: /');
    return ask;
  }

  async function runCode(t: TestContext, code: string, ports: Ports) {
    const file = join(folder, 'index.js');
    await writeFile(file, ports.of(code));
    return run(t, [file], ports);
  }

  const imports = /^import \{ createProxyMiddleware \} from .*\n/m;

  it('step 1 is the program of the tutorials', async (t) => {
    await runCode(t, blockOf(1, 'js'), await services(t));
  });

  it('step 2 changes one line of it', async (t) => {
    assert.match(blockOf(2, 'js'), new RegExp(`^${imports.source}$`));
    const code = blockOf(1, 'js').replace(imports, blockOf(2, 'js'));
    assert.notEqual(code, blockOf(1, 'js'));
    await runCode(t, code, await services(t));
  });

  it('step 3 mounts a file, which may grow', async (t) => {
    const files = blocksOf(3, 'yaml');
    assert.equal(files.length, 2);
    for (const text of files) {
      const ports = await services(t);
      await writeFile(join(folder, 'waygate.yaml'), ports.of(text));
      const ask = await runCode(t, blockOf(3, 'js'), ports);
      assert.equal(await ask('/'), 'still the app');
    }
    const [, part] = /`createMiddleware\(\{ (.*) \}\)`/.exec(page) ?? [];
    const ports = await services(t);
    await writeFile(join(folder, 'waygate.yaml'), ports.of(files[1] ?? ''));
    const mount = /createMiddleware\(\{ .* \}\)/;
    const code = blockOf(3, 'js').replace(mount, `createMiddleware({ ${part ?? ''}, watch: false })`);
    const both = code.replace(
      'app.use(gateway);',
      "app.use(gateway, (q, s, n) => (q.url === '/orders' ? s.end('orders: /') : n()));",
    );
    assert.ok(both.includes("routes: ['users']"));
    await runCode(t, both, ports);
  });

  it('step 4 starts the same file', async (t) => {
    assert.equal(blockOf(4, 'sh'), 'npx waygate start\n');
    const ports = await services(t);
    const file = join(folder, 'waygate.yaml');
    await writeFile(file, ports.of(blocksOf(3, 'yaml')[1] ?? ''));
    const ask = await run(t, ['src/cli/main.ts', 'start', file], ports);
    assert.equal(await ask('/'), '404');
  });
});
