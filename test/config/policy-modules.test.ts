import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { formatMistakes } from '../../src/config/format-mistakes.ts';
import { loadConfig, readConfig, type LoadOptions, type LoadResult } from '../../src/config/load-config.ts';
import { builtInPolicies, policiesWith } from '../../src/gateway/built-in-policies.ts';
import { definePolicy, z } from '../../src/policy.ts';

const policyModule = new URL('../../src/policy.ts', import.meta.url).href;

/** The text of a module with a policy. */
function policy(name: string, { as = `const ${name.replaceAll('-', '_')} =`, options = '' } = {}): string {
  return `import { definePolicy, z } from '${policyModule}';
export ${as} definePolicy({
  name: '${name}',
  description: 'Does something.',
  options: z.strictObject({ ${options} }),
  create: () => ({}),
});
`;
}

/** A folder with files, gone after the test. */
function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'waygate-modules-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function load(file: string, options: Partial<LoadOptions> = {}): Promise<LoadResult> {
  return loadConfig(file, { policies: builtInPolicies, withPolicies: policiesWith, env: {}, ...options });
}

/** A configuration in YAML that names modules and uses policies. */
function yaml(modules: readonly string[], policies: readonly string[] = []): string {
  const list = (items: readonly string[]): string => items.map((item) => `\n  - ${item}`).join('') || ' []';
  return `policyModules:${list(modules)}\npolicies:${list(policies)}\nroutes: [{ path: /, policies: [respond: { body: hello }] }]\n`;
}

/** The mistakes in a configuration with these modules, each `line:column found: remedy`. */
async function mistakesWith(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  modules: readonly string[],
  policies: readonly string[] = [],
  options: Partial<LoadOptions> = {},
): Promise<string[]> {
  const folder = folderWith(t, { ...files, 'waygate.yaml': yaml(modules, policies) });
  const result = await load(join(folder, 'waygate.yaml'), options);
  assert.ok(!result.ok, 'it was taken for right');
  return result.mistakes.map(({ line, column, found, remedy }) => {
    for (const text of [found, remedy]) assert.match(text, /^[^\n]*[^\s.]$/, 'one line without full stop');
    return `${line}:${column} ${found}: ${remedy}`.replaceAll(folder, '<folder>');
  });
}

suite('what a module may be', () => {
  test('a path from the folder of the configuration, an absolute path, a package and a part of one', async (t) => {
    const folder = folderWith(t, {
      'config/policies/one.ts': policy('one', { as: 'const anything: unknown =' }),
      'elsewhere/two.mjs': policy('two', { as: 'default' }),
      'node_modules/waygate-policy-three/package.json': JSON.stringify({
        type: 'module',
        exports: { '.': { import: './three.js' } },
      }),
      'node_modules/waygate-policy-three/three.js': policy('three'),
      'node_modules/@scope/pkg/package.json': JSON.stringify({ exports: { './sub': './four.mjs' } }),
      'node_modules/@scope/pkg/four.mjs': policy('four'),
      'node_modules/common/package.json': JSON.stringify({ main: 'index.js' }),
      'node_modules/common/index.js': `const { definePolicy, z } = require(${JSON.stringify(new URL(policyModule).pathname)});
exports.five = definePolicy({ name: 'five', description: 'Does something.', options: z.strictObject({}), create: () => ({}) });`,
    });
    const modules = [
      './policies/one.ts',
      join(folder, 'elsewhere/two.mjs'),
      'waygate-policy-three',
      '"@scope/pkg/sub"',
      'common',
    ];
    const names = ['one', 'two', 'three', 'four', 'five'];
    writeFileSync(join(folder, 'config/waygate.yaml'), yaml(modules, names));
    const result = await load(join(folder, 'config/waygate.yaml'));
    assert.ok(result.ok, formatMistakes(result.ok ? [] : result.mistakes, { color: false }));
    assert.deepEqual(
      result.ownPolicies.map(({ name }) => name),
      names,
    );
    assert.deepEqual(
      result.config.policies.map(({ name }) => name),
      names,
    );
    assert.deepEqual(result.files.toSorted(), [
      join(folder, 'config/policies/one.ts'),
      join(folder, 'config/waygate.yaml'),
      join(folder, 'elsewhere/two.mjs'),
      join(folder, 'node_modules/@scope/pkg/four.mjs'),
      join(folder, 'node_modules/common/index.js'),
      join(folder, 'node_modules/waygate-policy-three/three.js'),
    ]);
    assert.match(result.config.policyModules[0]?.digest ?? '', /^[0-9a-f]{64}$/);
  });

  test('a workspace, which is a link below node_modules, may be TypeScript', async (t) => {
    const folder = folderWith(t, {
      'packages/tenant/package.json': JSON.stringify({
        name: 'tenant',
        type: 'module',
        exports: './tenant.ts',
      }),
      'packages/tenant/tenant.ts': policy('tenant', { as: 'const tenant: unknown =' }),
      'node_modules/.keep': '',
      'waygate.yaml': yaml(['tenant'], ['tenant']),
    });
    symlinkSync(join(folder, 'packages/tenant'), join(folder, 'node_modules/tenant'));
    const result = await load(join(folder, 'waygate.yaml'));
    assert.ok(result.ok, formatMistakes(result.ok ? [] : result.mistakes, { color: false }));
  });

  test('named exports, a default export, a list as default export; the same one twice is one', async (t) => {
    const folder = folderWith(t, {
      'many.ts': `${policy('one')}${policy('two').replace(/^import.*\n/, '')}
export const limit = 5; export function helper() {} export default [one, two]; export { one as again };`,
      'barrel.ts': `export * from './single.ts';`,
      'single.ts': policy('single', { as: 'default' }).replace('export default', 'export const single ='),
      'waygate.yaml': yaml(['./many.ts', './barrel.ts'], ['one', 'two', 'single']),
    });
    const result = await load(join(folder, 'waygate.yaml'));
    assert.ok(result.ok, formatMistakes(result.ok ? [] : result.mistakes, { color: false }));
    assert.deepEqual(
      result.config.policyModules.map(({ policies }) => policies),
      [['one', 'two'], ['single']],
    );
  });

  test('a module by ${NAME}', async (t) => {
    const folder = folderWith(t, {
      'one.ts': policy('one'),
      'waygate.yaml': yaml(["'${DIR}/one.ts'"], ['one']),
    });
    const result = await load(join(folder, 'waygate.yaml'), { env: { DIR: folder } });
    assert.ok(result.ok);
  });

  test('a definition itself, in a configuration that is a program', async () => {
    const tenant = definePolicy({
      name: 'tenant',
      description: 'Costs ${nothing}, and nobody replaces it.',
      options: z.strictObject({ known: z.array(z.string()) }),
      authenticates: true,
      create: () => ({}),
    });
    const config = {
      policyModules: [tenant],
      routes: [
        {
          path: '/',
          policies: [{ 'any-of': { policies: [{ tenant: { known: ['a'] } }] } }, { respond: { body: '' } }],
        },
      ],
    };
    const result = await readConfig(config, {
      policies: builtInPolicies,
      withPolicies: policiesWith,
      env: {},
    });
    assert.ok(result.ok, formatMistakes(result.ok ? [] : result.mistakes, { color: false }));
    assert.equal(result.ownPolicies[0], tenant);
    assert.deepEqual(result.config.policyModules, [{ policies: ['tenant'] }]);
  });
});

suite('what is refused', () => {
  test('names that are no file or package of this machine', async (t) => {
    const files = { 'policies/here.ts': policy('here'), 'plain.ts': policy('plain') };
    const names = [
      'https://example.com/tenant.js',
      "'data:text/javascript,export default 1'",
      'node:fs',
      'fs',
      'file:///tenant.ts',
      '"#internal"',
      './policies/here',
      'plain.ts',
      './tenant.json',
      '../',
      '" ./plain.ts"',
      '"a\\0b"',
      './plain.ts\\x',
    ];
    assert.deepEqual(await mistakesWith(t, files, names), [
      '2:5 "https://example.com/tenant.js" is no file of this machine: code from elsewhere is not run: keep the module in a file, or install the package that has it',
      '3:5 "data:text/javascript,export default 1" is no file of this machine: code from elsewhere is not run: keep the module in a file, or install the package that has it',
      '4:5 "node:fs" is a module of Node itself: name a module of your own',
      '5:5 "fs" is a module of Node itself: name a module of your own',
      '6:5 "file:///tenant.ts" is a URL: write the path: ./policies/tenant.ts, or /path/to/it',
      '7:5 "#internal" is neither a path nor the name of a package: begin a path with ./ or /; a package is waygate-policy-tenant or @scope/name',
      '8:5 "./policies/here" does not name a module: its end is not .ts or .js: write ./policies/here.ts',
      '9:5 "plain.ts" would be a package, but there is a file of that name: write ./plain.ts',
      '10:5 "./tenant.json" does not name a module: its end is not .ts or .js: write the whole name of the file, such as ./policies/tenant.ts',
      '11:5 "../" does not name a module: its end is not .ts or .js: write the whole name of the file, such as ./policies/tenant.ts',
      '12:5 " ./plain.ts" has white space around it or control characters in it: leave them out',
      '13:5 "a\\u0000b" has white space around it or control characters in it: leave them out',
      '14:5 "./plain.ts\\\\x" does not name a module: its end is not .ts or .js: write the whole name of the file, such as ./policies/tenant.ts',
    ]);
  });

  test('modules that are not there, or do not load', async (t) => {
    const files = {
      'enum.ts': 'enum Colour { Red }\nexport default Colour.Red;',
      'syntax.ts': 'export const a = 1;\nexport const b: string = ;',
      'syntax.js': 'export const a = 1;\nexport const = 2;',
      'throws.ts': '\nthrow new Error("no\\u001b[31m luck\\nat all");',
      'throws-text.ts': 'throw "a text";',
      'throws-odd.ts': 'throw Object.create(null);',
      'import.ts': "import 'not-installed/policy';",
      'import-file.ts': "import './other';",
      'import-name.ts': "import { nothing } from './empty.ts';",
      'empty.ts': '',
      'node_modules/ts-package/package.json': JSON.stringify({ exports: './index.ts' }),
      'node_modules/ts-package/index.ts': policy('ts'),
      'node_modules/closed/package.json': JSON.stringify({ exports: { './a': './a.js' } }),
      'folder.ts/x': '',
    };
    const modules = [
      './missing.ts',
      './folder.ts',
      'not-there',
      'closed/b',
      'ts-package',
      './enum.ts',
      './syntax.ts',
      './syntax.js',
      './throws.ts',
      './throws-text.ts',
      './throws-odd.ts',
      './import.ts',
      './import-file.ts',
      './import-name.ts',
      './empty.ts',
      './empty.ts',
    ];
    assert.deepEqual(await mistakesWith(t, files, modules), [
      '2:5 the file of "./missing.ts" does not exist: check the path',
      '3:5 the file of "./folder.ts" is a directory: name a file in it',
      '4:5 there is no package "not-there" that the folder of the configuration can use: install it: npm install not-there; a path begins with ./',
      '5:5 the package "closed" does not export "closed/b": name what stands under "exports" in its package.json',
      '6:5 "ts-package" is TypeScript below node_modules, which Node does not run: let the package ship JavaScript, built with tsc for example, or name a path outside of node_modules',
      '7:5 the module needs a compiler: TypeScript enum is not supported in strip-only mode (enum.ts:1): Node only takes types out: write an object in place of an enum, and fields in place of parameter properties; "erasableSyntaxOnly" in tsconfig.json finds them all',
      '8:5 the module cannot be read: Expression expected (syntax.ts:2): mend it',
      "9:5 the module cannot be read: Unexpected token '=': mend it: node --check syntax.js shows the place",
      '10:5 the module throws while it is imported: no [31m luck (throws.ts:2:7): mend it',
      '11:5 the module throws while it is imported: a text: mend it',
      '12:5 the module throws while it is imported: something that cannot be shown: mend it',
      "13:5 the module imports what is not there: Cannot find package 'not-installed' imported from <folder>/import.ts: install it beside the module: npm install not-installed",
      "14:5 the module imports what is not there: Cannot find module '<folder>/other' imported from <folder>/import-file.ts: check the import: files are named with their end, such as ./tenants.ts",
      "15:5 the module cannot be read: The requested module './empty.ts' does not provide an export named 'nothing' (import-name.ts:1): mend it",
      '16:5 the module exports no policy: export one, such as export const tenant = definePolicy({ … })',
      '17:5 the module "./empty.ts" stands in the list twice: leave one of them out',
    ]);
  });

  test('files that are no text, nothing to read, or fight being looked at', async (t) => {
    const files = {
      'octets.ts': String.fromCodePoint(...Array.from({ length: 64 }, (_, index) => index * 37)),
      'utf16.ts': Buffer.from(policy('wide'), 'utf16le').toString('latin1'),
      'thenable.js': `${policy('a')}export function then(resolve) { resolve({}); }`,
      'proxy.js': 'export default new Proxy({}, { get() { throw 1; }, has() { throw 2; } });',
    };
    const folder = folderWith(t, { ...files, 'bom.ts': `\ufeff${policy('bom')}` });
    symlinkSync('loop.ts', join(folder, 'loop.ts'));
    const modules = [...Object.keys(files), 'loop.ts', 'bom.ts'].map((name) => `./${name}`);
    writeFileSync(join(folder, 'waygate.yaml'), yaml(modules, ['bom']));
    const result = await load(join(folder, 'waygate.yaml'));
    assert.ok(!result.ok);
    assert.deepEqual(
      result.mistakes.map(({ line, found }) => `${line} ${found.replace(/: .*/, '')}`),
      [
        '2 the module cannot be read',
        '3 the module cannot be read',
        '4 the module exports no policy',
        '5 the default export is no policy',
        '6 the file of "./loop.ts" is a symbolic link in a loop',
      ],
    );
  });

  test('a module that is never done', async (t) => {
    const files = { 'waits.ts': 'await new Promise((resolve) => setTimeout(resolve, 2 ** 30).unref());' };
    assert.deepEqual(await mistakesWith(t, files, ['./waits.ts'], [], { importPatience: 50 }), [
      '2:5 the module is not imported after 0.05 s: wait for nothing outside of functions: what takes time belongs into onRequest',
    ]);
  });

  test('definitions that are none, and names that are taken', async (t) => {
    const files = {
      'name.ts': policy('Tenant_Name', { as: 'const a =' }),
      'built-in.ts': policy('cors'),
      'one.ts': policy('tenant'),
      'two.ts': policy('tenant'),
      'half.js': "export default { name: 'half', create() {} };",
      'options.js': "export default { name: 'options', description: 'x', options: {}, create() {} };",
      'list.js': 'export default [1];',
      'async.ts': policy('async', { options: 'a: z.string().default("x").refine(async () => true)' }),
      'getter.js': "export default { get name() { throw new Error('no'); } };",
    };
    const modules = Object.keys(files).map((name) => `./${name}`);
    assert.deepEqual(await mistakesWith(t, files, modules), [
      '2:5 the export "a" is no policy: its name "Tenant_Name" is not made of lower-case words joined by "-": make it with definePolicy({ name, description, options, create }) of waygate/policy',
      '3:5 there is a policy "cors" already, which Waygate brings itself or was made with: give yours another name',
      '5:5 there is a policy "tenant" from ./one.ts already: give one of them another name',
      '6:5 the default export is no policy: it has no description: make it with definePolicy({ name, description, options, create }) of waygate/policy',
      '7:5 the default export is no policy: its options are not a schema of zod 4, such as z.strictObject({ … }): make it with definePolicy({ name, description, options, create }) of waygate/policy',
      '8:5 item 1 of the default export is no policy: it is a number: make it with definePolicy({ name, description, options, create }) of waygate/policy',
      '9:5 the export "async" is no policy: it cannot be looked at: Encountered Promise during synchronous parse. Use .parseAsync() instead: make it with definePolicy({ name, description, options, create }) of waygate/policy',
      '10:5 the default export is no policy: it cannot be looked at: no: make it with definePolicy({ name, description, options, create }) of waygate/policy',
    ]);
  });

  test('a name that no module has, with the nearest; all mistakes at once', async (t) => {
    const files = {
      'one.ts': policy('tenant', { options: 'known: z.array(z.string())' }),
      'bad.ts': 'throw 1',
    };
    assert.deepEqual(
      await mistakesWith(
        t,
        files,
        ['./one.ts'],
        ['tenants: {}', 'tenant: { known: 5 }', 'tenant', 'zzz: {}'],
      ),
      [
        '4:5 there is no policy "tenants": did you mean "tenant"?',
        '5:22 expected a list, found 5: write [a, b], or each item on a line of its own with "- " in front',
        '6:5 the policy "tenant" needs options: write - tenant: { … }',
        '7:5 there is no policy "zzz": leave it out, or write one of any-of, api-key, authorize, basic-auth, body-limit, cache, concurrency-limit, cors, forward-auth, headers, introspection, ip-filter, jwt, quota, rate-limit, redirect, request-id, respond, security-headers, tenant',
      ],
    );
    // What a module would have brought that does not load, nobody knows.
    assert.deepEqual(
      await mistakesWith(t, files, ['./bad.ts', '5', './one.ts'], ['tenent: {}', 'zzz: {}', 'yyy']),
      [
        '2:5 the module throws while it is imported: 1: mend it',
        '3:5 expected a module with policies, found 5: write a path such as ./policies/tenant.ts, or the name of a package',
      ],
    );
  });

  test('lists that are none, and too many modules', async (t) => {
    for (const value of ['5', './one.ts', '{ a: 1 }', '[[./one.ts]]', '[null]', "['']"]) {
      const folder = folderWith(t, { 'waygate.yaml': `policyModules: ${value}\nroutes: []\n` });
      const result = await load(join(folder, 'waygate.yaml'));
      assert.ok(!result.ok);
      assert.equal(result.mistakes.length, 1, value);
      assert.match(
        result.mistakes[0]?.found ?? '',
        /^expected a (?:list of modules|module with policies), found/,
      );
    }
    const many = Array.from({ length: 600 }, (_, index) => `./${index}.ts`);
    const mistakes = await mistakesWith(t, {}, many);
    assert.equal(mistakes.length, 501);
  });
});

test('a module is imported again when its content is another, and only then', async (t) => {
  const folder = folderWith(t, { 'one.ts': policy('one'), 'waygate.yaml': yaml(['./one.ts'], ['one']) });
  const once = async () => {
    const result = await load(join(folder, 'waygate.yaml'));
    assert.ok(result.ok, formatMistakes(result.ok ? [] : result.mistakes, { color: false }));
    return result.ownPolicies[0];
  };
  const first = await once();
  assert.equal(await once(), first);
  writeFileSync(join(folder, 'one.ts'), policy('one', { options: 'a: z.string().optional()' }));
  const second = await once();
  assert.notEqual(second, first);
  writeFileSync(join(folder, 'one.ts'), policy('one'));
  assert.equal(await once(), first);
});

test('a module that could not be imported is tried again as it is', async (t) => {
  const folder = folderWith(t, {
    'one.ts': policy('one').replace(/^/, "import 'late';\n"),
    'waygate.yaml': yaml(['./one.ts'], ['one']),
  });
  const before = await load(join(folder, 'waygate.yaml'));
  assert.ok(!before.ok);
  mkdirSync(join(folder, 'node_modules/late'), { recursive: true });
  writeFileSync(join(folder, 'node_modules/late/index.js'), '');
  const after = await load(join(folder, 'waygate.yaml'));
  assert.ok(after.ok, formatMistakes(after.ok ? [] : after.mistakes, { color: false }));
});
