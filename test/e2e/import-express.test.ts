import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parsedConfig, programFolder, runApp, seenBy } from '../kit/imported-program.ts';
import { startRecordingTarget, type RecordingTarget } from '../kit/recording-target.ts';
import { startGateway } from '../kit/start-gateway.ts';
import { waygate } from '../kit/waygate-command.ts';

const ending = `
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log('port ' + server.address().port);
});
`;
const head = `
const express = require('express');
const { createProxyMiddleware } = require('http-proxy-middleware');
const app = express();
const { A, B, C } = process.env;
`;
const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: app.test\r\n${more}\r\n`;
const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: app.test\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

const versions = {
  'express 5, http-proxy-middleware 4': {
    express: 'express',
    'http-proxy-middleware': 'http-proxy-middleware',
  },
  'express 4, http-proxy-middleware 3': {
    express: 'express4',
    'http-proxy-middleware': 'http-proxy-middleware-3',
  },
} as const;

interface Scenario {
  readonly file: string;
  readonly program: string;
  readonly requests: readonly string[];
  /** How many of the requests reach a target: that the scenario is one at all. */
  readonly reached: number;
  readonly headers?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  'the tutorial: two mounts with changeOrigin': {
    file: 'app.cjs',
    program: `${head}
app.use('/users', createProxyMiddleware({ target: A, changeOrigin: true }));
app.use('/orders', createProxyMiddleware({ target: B, changeOrigin: true }));
${ending}`,
    requests: [
      get('/users/1?x=1'),
      get('/users'),
      get('/users/'),
      get('/orders/2/items'),
      post('/orders', '{"a":1}'),
      get('/nothing'),
      get('/usersX'),
    ],
    reached: 5,
  },
  'a table of services in a loop': {
    file: 'app.cjs',
    program: `${head}
const services = [
  { route: '/auth', target: A + '/auth' },
  { route: '/users', target: B + '/people/v2/' },
  { route: '/chats', target: C },
];
services.forEach(({ route, target }) => {
  app.use(route, createProxyMiddleware({ target, changeOrigin: true, pathRewrite: { ['^' + route]: '' } }));
});
${ending}`,
    requests: [get('/auth/login'), get('/users/7?y=2'), get('/chats/a%20b'), get('/chats'), get('/x')],
    reached: 4,
  },
  'pathRewrite and pathFilter, Host of the client, headers': {
    file: 'app.cjs',
    program: `${head}
app.use(createProxyMiddleware({
  target: A,
  pathFilter: ['/api', '/ajax'],
  pathRewrite: { '^/api/old': '/api/new', '^/api': '' },
  headers: { 'X-From': 'app', 'X-Api-Key': 'k-123' },
}));
app.use('/v1', createProxyMiddleware({ target: B, changeOrigin: true, pathRewrite: { '^/': '/v2/' } }));
app.use('/rest', createProxyMiddleware({ target: C + '/base', pathFilter: '/in/**' }));
${ending}`,
    requests: [
      get('/api/x?y=1'),
      get('/api/old/z'),
      get('/ajax/1'),
      get('/ajax'),
      get('/v1/things'),
      get('/rest/in/1'),
      get('/rest/out/1'),
      get('/other'),
    ],
    reached: 6,
    headers: ['x-from', 'x-api-key'],
  },
  'routers in routers, several paths, routes with methods and parameters': {
    file: 'app.cjs',
    program: `${head}
const outer = express.Router();
const inner = express.Router();
app.use(['/api', '/v1'], outer);
outer.use('/inner', inner);
inner.use('/a', createProxyMiddleware({ target: A, changeOrigin: true }));
inner.get('/b/:id', createProxyMiddleware({ target: B, changeOrigin: true }));
outer.all('/c', createProxyMiddleware({ target: C, changeOrigin: true }));
const sub = express();
sub.use('/deep', createProxyMiddleware({ target: C, changeOrigin: true }));
app.use('/sub', sub);
app.use('/tenants/:tenant/files', createProxyMiddleware({ target: A, changeOrigin: true }));
app.use('/tenants', createProxyMiddleware({ target: B, changeOrigin: true }));
${ending}`,
    requests: [
      get('/api/inner/a/1'),
      get('/v1/inner/a/1'),
      get('/api/inner/b/7?q=1'),
      post('/api/inner/b/7', '{}'),
      get('/v1/c'),
      get('/sub/deep/er'),
      get('/tenants/acme/files/x/y'),
      get('/tenants/acme/other'),
    ],
    reached: 7,
  },
  'a program in TypeScript with import': {
    file: 'app.mts',
    program: `
import express, { Router, type Express } from 'express';
import { createProxyMiddleware, fixRequestBody, type Options } from 'http-proxy-middleware';
const app: Express = express();
const options: Options = { target: process.env['A']!, changeOrigin: true, on: { proxyReq: fixRequestBody } };
app.use(express.json());
const api = Router();
api.use('/users', createProxyMiddleware(options));
app.use('/api', api);
app.use('/', createProxyMiddleware({ target: process.env['B']! + '/site', xfwd: true }));
await Promise.resolve();
${ending.replace('server.address().port', '(server.address() as { port: number }).port')}`,
    requests: [get('/api/users/1'), post('/api/users', '{"a":1}'), get('/index.html?x')],
    reached: 3,
  },
};

for (const [versionsName, packages] of Object.entries(versions)) {
  for (const [name, { file, program, requests, reached, headers = [] }] of Object.entries(scenarios)) {
    test(`${name}: targets see the same behind the imported configuration (${versionsName})`, async (t) => {
      const { targets, env } = await threeTargets(t);
      const folder = programFolder(t, { [file]: program }, packages);
      const { code, out, err } = await waygate(folder, ['import', 'express', file], env);
      assert.equal(code, 0, err);
      const secrets = { X_API_KEY: 'k-123' };
      const gateway = await withEnvironment(secrets, () => startGateway(t, parsedConfig(out)));
      const port = await runApp(t, join(folder, file), { ...env, PORT: '0' });
      let arrived = 0;
      for (const request of requests) {
        const theirs = await seenBy(t, port, request, targets, headers);
        const ours = await seenBy(t, gateway.port, request, targets, headers);
        assert.deepEqual(ours.targets, theirs.targets, `${request}\n${out}`);
        // What no route takes is 404 in Express, whatever the method; here it may be 405.
        if (theirs.targets.length > 0) assert.equal(ours.status, theirs.status, request);
        arrived += theirs.targets.length;
      }
      assert.equal(arrived, reached);
    });
  }
}

async function threeTargets(t: TestContext) {
  const [A, B, C] = await Promise.all([
    startRecordingTarget(t),
    startRecordingTarget(t),
    startRecordingTarget(t),
  ]);
  const targets: Readonly<Record<string, RecordingTarget>> = { A, B, C };
  return { targets, env: { A: A.url, B: B.url, C: C.url } };
}

/** The variables that a configuration names are read when it is loaded. */
async function withEnvironment<Result>(
  env: Readonly<Record<string, string>>,
  use: () => Promise<Result>,
): Promise<Result> {
  Object.assign(process.env, env);
  try {
    return await use();
  } finally {
    for (const name of Object.keys(env)) Reflect.deleteProperty(process.env, name);
  }
}
