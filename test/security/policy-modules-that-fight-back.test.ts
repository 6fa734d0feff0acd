import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createConfigFolder, startGatewayOn } from '../kit/config-folder.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { get } from '../kit/worker-gateway.ts';

const policyModule = new URL('../../src/policy.ts', import.meta.url).href;
const sound = `import { definePolicy, z } from '${policyModule}';
export const own = definePolicy({ name: 'own', description: 'One.', options: z.strictObject({}), create: () => ({}) });
`;
const definition = `description: 'One.', options: z.strictObject({}), create: () => ({})`;
const withZod = `import { z } from '${policyModule}';\n`;

/** What a module exports, and the mistake that it is. */
const modules: Readonly<Record<string, readonly [text: string, mistake: RegExp]>> = {
  'a function then that gives null': [
    'export function then(resolve) { resolve(null); }',
    /cannot be looked at: they are null/,
  ],
  'a function then that gives a number': [
    'export function then(resolve) { resolve(5); }',
    /cannot be looked at: they are 5/,
  ],
  'a function then that throws what throws': [
    'export function then() { throw { get message() { throw 1; }, toString() { throw 2; } }; }',
    /throws while it is imported: something that cannot be shown/,
  ],
  'a proxy that is over': [
    'const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); export default proxy;',
    /cannot be looked at: .*revoked/,
  ],
  'a list that throws': [
    'export default new Proxy([], { get() { throw new Error("no\\nway"); } });',
    /cannot be looked at: no/,
  ],
  'a list without end': ['export default new Array(4294967295);', /the default export has 4294967295 items/],
  'ten thousand and one times nothing': ['export default Array.from({ length: 10_001 });', /has 10001 items/],
  'a getter that throws': [
    'export default { get name() { throw new Error("no"); }, create() {} };',
    /the default export is no policy: it cannot be looked at: no/,
  ],
  'a name that throws the second time': [
    `${withZod}let n = 0; export const own = { get name() { if (n++ > 0) throw new Error('again'); return 'own'; }, ${definition} };`,
    /the export "own" is no policy: it cannot be looked at: again/,
  ],
  'a name that is another each time': [
    `${withZod}let n = 0; export const own = { get name() { return n++ > 0 ? '__proto__' : 'own'; }, ${definition} };`,
    /its name is another each time that it is read/,
  ],
  'the name __proto__': [
    `${withZod}export const own = { name: '__proto__', ${definition} };`,
    /its name "__proto__" is not made of lower-case words/,
  ],
  'an export __proto__ that is none': [
    'const x = { name: "own", create: 5 }; export { x as __proto__ };',
    /the export "__proto__" is no policy/,
  ],
  'options that throw': [
    `export const own = { name: 'own', description: 'x', options: { _zod: {}, safeParse() { throw new Error('no'); } }, create() {} };`,
    /cannot be looked at: no/,
  ],
};

describe('a policy module that fights being looked at is a mistake, and the old one goes on serving', () => {
  for (const [what, [text, mistake]] of Object.entries(modules))
    it(what, async (t) => {
      const folder = createConfigFolder(t);
      folder.write('own.mjs', sound);
      folder.write(
        'waygate.yaml',
        'listen: { host: 127.0.0.1, port: 0 }\noverload: { eventLoopDelay: 0, memory: 0 }\n' +
          'policyModules: [./own.mjs]\npolicies: [own: {}]\nroutes: [{ path: /, policies: [{ respond: { body: hello } }] }]\n',
      );
      const { gateway, port } = await startGatewayOn(t, folder.file('waygate.yaml'), {
        expectErrors: true,
        watch: false,
      });
      folder.write('own.mjs', text);
      const result = await gateway.reload();
      assert.ok(!result.ok, 'it was taken for right');
      const { found = '', remedy = '', line } = result.mistakes[0] ?? {};
      assert.match(found, mistake);
      assert.match(remedy, /^[^\n]*[^\s.]$/);
      assert.equal(line, 3);
      assert.equal((await exchangeOnce(t, port, get('/'))).text, 'hello');
      folder.write('own.mjs', sound);
      assert.ok((await gateway.reload()).ok);
    });
});

describe('a policy module of a name that is none', () => {
  for (const name of [
    '"\\ud800"',
    '"./\\ud800.js"',
    '"@a/\\udc00"',
    `"${'x'.repeat(100_000)}"`,
    `"./${'x/'.repeat(50_000)}x.js"`,
  ])
    it(`is a mistake: ${name.slice(0, 40)}`, async (t) => {
      const folder = createConfigFolder(t);
      const respond = '[{"path":"/","policies":[{"respond":{"body":"x"}}]}]';
      folder.write('waygate.json', `{"listen":0,"policyModules":[${name}],"routes":${respond}}`);
      await assert.rejects(startGatewayOn(t, folder.file('waygate.json')), (error: Error) => {
        assert.equal(error.name, 'ConfigError', String(error));
        assert.ok(error.message.length < 5000);
        return true;
      });
    });
});
