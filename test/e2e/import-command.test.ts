import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { programFolder } from '../kit/imported-program.ts';
import { listen, stopListening } from '../kit/listen.ts';
import { waygate, workFolder } from '../kit/waygate-command.ts';

const nginx = `server { listen 8080; location /api/ { proxy_pass http://127.0.0.1:3001/; } gzip on; }`;
const app = (body: string): string => `
const express = require('express');
const { createProxyMiddleware } = require('http-proxy-middleware');
const app = express();
const to = (port) => createProxyMiddleware({ target: 'http://127.0.0.1:' + port, changeOrigin: true });
${body}`;

describe('waygate import', () => {
  test('prints the configuration on standard output, and the report on standard error', async (t) => {
    const folder = workFolder(t, { 'nginx.conf': nginx });
    const { code, out, err } = await waygate(folder, ['import', 'nginx', 'nginx.conf']);
    assert.equal(code, 0, err);
    assert.match(out, /^# yaml-language-server: .*\n[^]*- path: \/api\n {4}stripPrefix: true\n/);
    assert.match(
      err,
      /^translated \(\d+\)\n[^]*approximated \(\d+\)\n[^]*left out \(\d+\)\n[^]*gzip on {2}nginx\.conf:1\n/m,
    );
  });

  test('writes a file that "waygate check" finds nothing wrong with, and replaces none unasked', async (t) => {
    const folder = workFolder(t, { 'nginx.conf': nginx });
    const args = ['import', 'nginx', 'nginx.conf', '-o', 'waygate.yaml'];
    const first = await waygate(folder, args);
    assert.deepEqual([first.code, first.out], [0, ''], first.err);
    assert.match(first.err, /waygate\.yaml is written/);
    assert.equal((await waygate(folder, ['check'])).code, 0);
    writeFileSync(join(folder, 'waygate.yaml'), 'mine');
    const second = await waygate(folder, args);
    assert.equal(second.code, 1);
    assert.match(second.err, /There is a waygate\.yaml already[^]*--force/);
    assert.equal(readFileSync(join(folder, 'waygate.yaml'), 'utf8'), 'mine');
    assert.equal((await waygate(folder, [...args, '--force'])).code, 0);
    assert.match(readFileSync(join(folder, 'waygate.yaml'), 'utf8'), /path: \/api/);
  });

  test('--json has configuration and report', async (t) => {
    const folder = workFolder(t, { 'nginx.conf': nginx });
    const { out, err } = await waygate(folder, ['import', 'nginx', 'nginx.conf', '--json']);
    const result = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual(
      Object.keys(result),
      ['source', 'configuration', 'translated', 'approximated', 'leftOut', 'secrets'],
      err,
    );
  });

  test('what is not there, or is something else, is said with its remedy', async (t) => {
    const folder = workFolder(t, { 'empty.conf': 'events {}', 'empty.js': '', 'other.yml': 'a: 1' });
    for (const [args, message] of [
      [['nginx', 'none.conf'], /There is no file/],
      [['nginx', 'empty.conf'], /has no server/],
      [['nginx', '.'], /is not a file/],
      [['express', 'none.js'], /There is no program none\.js/],
      [['express', 'empty.js'], /makes no proxy/],
      [['express', 'empty.js', '--wait', 'soon'], /no time to wait/],
      [['express-gateway', 'other.yml'], /neither pipelines nor apiEndpoints/],
    ] as const) {
      const { code, out, err } = await waygate(folder, ['import', ...args]);
      assert.notEqual(code, 0);
      assert.equal(out, '');
      assert.match(err, message);
    }
  });
});

describe('waygate import express', () => {
  test('says what the program threw, where, and what to do about it', async (t) => {
    const folder = programFolder(t, {
      'throws.cjs': app('\nnull.x;'),
      'missing.cjs': `require('not-there');`,
      'exits.cjs': 'process.exit(3);',
      'kills.cjs': `console.error('\\x1b[31mred'); process.kill(process.pid, 'SIGKILL');`,
      'file.cjs': `\nrequire('./generated.js');`,
      'package.json': '{ "type": "module" }',
      'common.js': `const express = require('express');`,
      'module.cjs': `import express from 'express';`,
      'link.mjs': `import 'not-there';`,
      'odd.cjs': `throw new Error('\\n\\n\\x1b[31m\\u202eodd\\nsecond line');`,
      'object.cjs': `throw { password: 'hunter2' };`,
      'silent.cjs': `throw new Error('');`,
    });
    for (const [file, message] of [
      ['throws.cjs', /threw before it had made a proxy: Cannot read properties of null[^]*throws\.cjs:7/],
      [
        'missing.cjs',
        /made a proxy: Cannot find module 'not-there' \(.*missing\.cjs:1\)\n.*npm install\.\n$/,
      ],
      [
        'file.cjs',
        /Cannot find module '\.\/generated\.js' \(.*file\.cjs:2\)\n {2}See that this file is there/,
      ],
      ['link.mjs', /Cannot find package 'not-there' imported from .*link\.mjs\n {2}Install/],
      ['common.js', /require is not defined .* \(.*common\.js:1\)\n {2}It is CommonJS, .*: call it \.cjs/],
      ['module.cjs', /Cannot use import statement .*\n {2}It is an ES module, .*: call it \.mjs/],
      ['odd.cjs', /made a proxy: \\u\{202e\}odd \(/],
      ['object.cjs', /made a proxy: an object that is no Error\n/],
      ['silent.cjs', /made a proxy: an error that says nothing \(/],
      ['exits.cjs', /makes no proxy[^]*ended without a listen/],
      ['kills.cjs', /without a trace: red\n/],
    ] as const) {
      const { code, err } = await waygate(folder, ['import', 'express', file]);
      assert.equal(code, 1);
      assert.match(err, message);
      assert.doesNotMatch(err.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]|\\u\{a\}|second line|hunter2/u);
    }
  });

  test('works without http-proxy-middleware, and says that express is missing', async (t) => {
    const program = app(`app.use('/a', to(3001)); app.listen(3000);`);
    const without = programFolder(t, { 'app.cjs': program }, { express: 'express' });
    const { code, out, err } = await waygate(without, ['import', 'express', 'app.cjs']);
    assert.equal(code, 0, err);
    assert.match(out, /- path: \/a\n/);
    const bare = programFolder(t, { 'app.cjs': program }, {});
    const missing = await waygate(bare, ['import', 'express', 'app.cjs']);
    assert.match(missing.err, /Cannot find module 'express'[^]*npm install/);
  });

  test('nothing listens, nothing that the program prints is mixed in, and what it starts is ended', async (t) => {
    const server = createServer();
    const { port } = await listen(server);
    t.after(() => stopListening(server));
    const folder = programFolder(t, {
      'app.cjs': app(`
require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
console.log('out'); console.error('err');
app.use('/a', to(3001));
app.listen(${port}, () => require('node:fs').writeFileSync('listened', ''));`),
    });
    const { code, out, err } = await waygate(folder, ['import', 'express', 'app.cjs']);
    assert.equal(code, 0, err);
    assert.doesNotMatch(out + err, /^(?:out|err)$/m);
    assert.match(out, new RegExp(`listen: ${port}`));
    assert.ok(!existsSync(join(folder, 'listened')));
  });

  test('a program that never comes to its listen is cut off, and what it has made is translated', async (t) => {
    const folder = programFolder(t, {
      'app.cjs': app(`app.use('/a', to(3001)); setInterval(() => {}, 1000);`),
      'ends.cjs': app(`app.use('/a', to(3001));`),
    });
    const late = await waygate(folder, ['import', 'express', 'app.cjs', '--wait', '2s']);
    assert.equal(late.code, 0, late.err);
    assert.match(late.out, /- path: \/a\n/);
    assert.match(late.err, /had not come to its listen/);
    const ended = await waygate(folder, ['import', 'express', 'ends.cjs']);
    assert.equal(ended.code, 0, ended.err);
  });

  test('what kept requests out lets nobody in, and other middlewares are listed with their policy', async (t) => {
    const folder = programFolder(t, {
      'app.cjs': app(`
function authenticateToken(req, res, next) { next(); }
app.use(express.json());
app.use('/open', to(3001));
app.use('/closed', authenticateToken, to(3002));
app.get('/health', (req, res) => res.send('ok'));
app.use((error, req, res, next) => res.sendStatus(500));
app.listen(3000);`),
    });
    const { out, err } = await waygate(folder, ['import', 'express', 'app.cjs']);
    assert.match(out, /- path: \/open\n +stripPrefix: true\n +upstream: open\n\n/);
    assert.match(
      out,
      /- path: \/closed\n[^]*In place of the program’s own authenticateToken[^]*closed-until-translated/,
    );
    assert.match(err, /body-parser jsonParser/);
    assert.match(err, /at GET \/health {2}app\.cjs:11\n[^]*the policy respond/);
    assert.match(err, /errors\.md/);
  });

  test('options that are functions are left out with their place', async (t) => {
    const folder = programFolder(t, {
      'app.cjs': app(`
app.use('/a', createProxyMiddleware({
  target: 'http://127.0.0.1:3001',
  router: (req) => 'http://127.0.0.1:3002',
  on: { proxyReq(proxyReq) {}, proxyRes() {} },
}));
app.use('/b', createProxyMiddleware({ target: 'http://127.0.0.1:3003', pathFilter: (path) => true }));
app.use('/c', (req, res, next) => to(3004)(req, res, next));
to(3005);
app.listen(3000);`),
    });
    const { out, err } = await waygate(folder, ['import', 'express', 'app.cjs']);
    assert.match(err, /router: the function router {2}app\.cjs:9\n/);
    assert.match(err, /on\.proxyReq: the function proxyReq {2}app\.cjs:10\n/);
    assert.match(err, /pathFilter: the function pathFilter {2}app\.cjs:12\n/);
    assert.match(err, /a proxy by createProxyMiddleware {2}app\.cjs:5\n[^]*mounted nowhere/);
    assert.doesNotMatch(out, /path: \/b/);
  });

  test('version 2 sees the path that the client asked for', async (t) => {
    const folder = programFolder(t, {
      'app.cjs': app(`
app.use(createProxyMiddleware('/api', { target: 'http://127.0.0.1:3001', pathRewrite: { '^/api': '' } }));
app.use('/users', createProxyMiddleware(['/users/in', '/users/out'], { target: 'http://127.0.0.1:3002' }));
app.listen(3000);`),
    });
    const { out, err } = await waygate(folder, ['import', 'express', 'app.cjs']);
    assert.match(out, /- path: \/api\n {4}stripPrefix: true\n/, err);
    assert.match(out, /- path: \/users\/in\n {4}upstream:/);
  });

  test('routers without end, paths that no route can say, and the drop-in', async (t) => {
    const folder = programFolder(t, {
      'app.mjs': `
import express from 'express';
import { createProxyMiddleware } from 'waygate/http-proxy-middleware';
const app = express();
const router = express.Router();
router.use('/again', router);
router.use('/a', createProxyMiddleware({ target: 'http://127.0.0.1:3001' }));
app.use(router);
app.use(/^\\/x\\d/, createProxyMiddleware({ target: 'http://127.0.0.1:3002' }));
app.use('/t', createProxyMiddleware({ target: 'http://127.0.0.1:3003', router: { 'b.test': 'http://127.0.0.1:3004', '/in': 'http://127.0.0.1:3005' } }));
app.listen(3000);`,
    });
    const { code, out, err } = await waygate(folder, ['import', 'express', 'app.mjs']);
    assert.equal(code, 0, err);
    assert.match(out, /- path: \/a\n/);
    assert.match(out, /- host: b\.test\n {4}path: \/t\n/);
    assert.match(
      out,
      /- path: \{ regex: \/t\/in\(\?<rest>\/\.\*\)\? \}\n {4}rewrite: \/in\$\{params\.rest\}\n/,
    );
    assert.match(err, /what the path \/\^\\\/x\\d\/ matches/);
  });
});
