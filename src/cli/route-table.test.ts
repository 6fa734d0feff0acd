import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../config/load-config.ts';
import type { Config, ConfigInput } from '../config/schema.ts';
import { builtInPolicies } from '../gateway/built-in-policies.ts';
import { routeTable } from './route-table.ts';

async function tableOf(input: ConfigInput): Promise<string[]> {
  const loaded = await readConfig(input, { policies: builtInPolicies, env: {} });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const config: Config = loaded.config;
  return routeTable(config, (_, text) => text).split('\n');
}

test('shows method, host, path, conditions, upstream and policies, in the order of the file', async () => {
  const lines = await tableOf({
    upstreams: {
      users: 'http://localhost:3001',
      orders: { targets: ['http://a:1', 'http://b:2', 'http://c:3'] },
    },
    policies: [{ 'request-id': {} }, { 'security-headers': {} }],
    routes: [
      { path: '/users', upstream: 'users' },
      { path: '/users/:id', method: ['GET', 'PUT'], host: '*.example.com', upstream: 'users' },
      { path: { exact: '/orders' }, headers: { 'x-beta': '1' }, query: { v: '2' }, upstream: 'orders' },
      { path: { regex: '/v[0-9]+' }, policies: [{ respond: { status: 204 } }] },
    ],
  });
  assert.deepEqual(lines, [
    '  METHOD   HOST           PATH                   UPSTREAM                      POLICIES',
    '  any      any            /users, /users/…       users http://localhost:3001   –',
    '  GET PUT  *.example.com  /users/:id             users http://localhost:3001   –',
    '  any      any            /orders if x-beta: ?v  orders http://a:1 and 2 more  –',
    '  any      any            ~ /v[0-9]+             answered here                 respond',
    '',
    '  On every route first: request-id, security-headers',
    '',
  ]);
});

test('a prefix of everything is shown once', async () => {
  const [, row] = await tableOf({ upstreams: { a: 'http://a:1' }, routes: [{ path: '/', upstream: 'a' }] });
  assert.match(row ?? '', / \/… {2}/);
});

test('sums up more routes than anybody reads', async () => {
  const routes = Array.from({ length: 100 }, (_, i) => ({ path: `/r${i}`, upstream: 'a' }));
  const lines = await tableOf({ upstreams: { a: 'http://a:1' }, routes });
  assert.equal(lines.length, 43);
  assert.equal(lines[41], '  … and 60 more');
});

test('says so when there are none', async () => {
  assert.deepEqual(await tableOf({ routes: [] }), [
    '  There are no routes: every request is answered 404.',
    '',
  ]);
});
