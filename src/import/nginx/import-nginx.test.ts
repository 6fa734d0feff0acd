import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DraftRoute } from '../draft.ts';
import { plainDraft } from '../plain-draft.ts';
import { importNginx } from './import-nginx.ts';
import { parseNginx } from './parse-nginx.ts';

const passing = 'proxy_pass http://127.0.0.1:3001;';

function routesOf(http: string): readonly DraftRoute[] {
  return importNginx(parseNginx(http, 'x'), 'x').draft.routes;
}

function onlyRoute(location: string): DraftRoute {
  const [route, ...others] = routesOf(`server { listen 80; ${location} }`);
  assert.ok(route !== undefined && others.length === 0);
  return route;
}

describe('what a service sees behind proxy_pass', () => {
  const cases: readonly (readonly [location: string, path: string, change: Partial<DraftRoute>])[] = [
    ['location /a/ { proxy_pass http://h:1; }', '/a', {}],
    ['location /a/ { proxy_pass http://h:1/; }', '/a', { stripPrefix: true }],
    ['location /a { proxy_pass http://h:1/a; }', '/a', {}],
    ['location /a/ { proxy_pass http://h:1/b/; }', '/a/(?<rest>.*)', { rewrite: '/b/${params.rest}' }],
    ['location /a/ { proxy_pass http://h:1/b; }', '/a/(?<rest>.*)', { rewrite: '/b${params.rest}' }],
    ['location /a { proxy_pass http://h:1/b; }', '/a(?<rest>/.*)?', { rewrite: '/b${params.rest}' }],
    ['location /a { proxy_pass http://h:1/; }', '/a', { stripPrefix: true }],
    ['location / { proxy_pass http://h:1/b/; }', '/', { rewrite: '/b${request.path}' }],
    ['location = /a { proxy_pass http://h:1/b; }', '/a', { rewrite: '/b' }],
    [
      'location ~ ^/a/(\\d+)$ { proxy_pass http://h:1/b/$1; }',
      '/a/(?<part1>\\d+)',
      { rewrite: '/b/${params.part1}' },
    ],
    ['location /a/ { rewrite ^/a/(.*)$ /$1 break; proxy_pass http://h:1; }', '/a', { stripPrefix: true }],
    ['location /a/ { proxy_pass http://h:1$request_uri; }', '/a', {}],
  ];
  for (const [location, path, change] of cases) {
    it(location, () => {
      const { path: is, stripPrefix, rewrite } = onlyRoute(location);
      assert.deepEqual(
        { path: is.value, ...(stripPrefix && { stripPrefix }), ...(rewrite !== undefined && { rewrite }) },
        { path, ...change },
      );
    });
  }
});

describe('servers', () => {
  it('all but the default one are for their hosts, and leave nothing of them to others', () => {
    const routes = routesOf(`server { server_name a.test; location /x/ { ${passing} } }
      server { listen 80 default_server; server_name b.test; location / { ${passing} } }`);
    assert.deepEqual(
      routes.map(({ hosts, path, policies }) => [hosts, path.value, policies.map(({ name }) => name)]),
      [
        [['a.test'], '/x', []],
        [['a.test'], '/', ['respond']],
        [undefined, '/', []],
      ],
    );
  });

  it('those that only lead to https have no routes', () => {
    const routes = routesOf(`server { server_name a.test; return 301 https://$host$request_uri; }
      server { listen 443 ssl; server_name a.test; location / { ${passing} } }`);
    assert.deepEqual(
      routes.map(({ policies }) => policies),
      [[]],
    );
  });
});

it('a redirect keeps the query where nginx does, and nowhere else', () => {
  const options = (to: string): unknown =>
    onlyRoute(`location /a { return 302 ${to}; }`).policies[0]?.options;
  assert.deepEqual(options('https://b.test/x'), { to: 'https://b.test/x', status: 302, keepQuery: false });
  assert.deepEqual(options('https://b.test$request_uri'), {
    to: 'https://b.test${request.path}',
    status: 302,
  });
});

it('a service that may take longer than a minute is not cut off by the limit for the whole exchange', () => {
  const timeouts = (time: string): unknown =>
    onlyRoute(`location / { ${passing} proxy_read_timeout ${time}; }`).timeouts;
  assert.deepEqual(timeouts('59s'), { responseHeaders: '59s', bodyIdle: '59s' });
  assert.deepEqual(timeouts('5m'), { responseHeaders: '5m', bodyIdle: '5m', exchange: '0' });
});

it('limit_req lets through what its burst allows, and the request itself', () => {
  const [route] = routesOf(`limit_req_zone $binary_remote_addr zone=z:1m rate=2r/m;
    server { location / { ${passing} limit_req zone=z burst=3; } }`);
  assert.deepEqual(route?.policies[0]?.options, { limit: 2, window: '1m', burst: 4, name: 'z' });
});

it('what looks like a variable of Waygate is a text', () => {
  const { draft } = importNginx(
    parseNginx(
      "server { location ~ '^/[$]{x}$' { proxy_pass http://127.0.0.1:1; proxy_set_header A '{x}$ {y}'; } location = '/a${b}' { return 204; } location '/c${HOME}' { return 204; } }",
      'x',
    ),
    'x',
  );
  const [exact, expression, prefix] = plainDraft(draft)['routes'] as readonly Readonly<
    Record<string, unknown>
  >[];
  assert.deepEqual(exact?.['path'], { exact: '/a$${b}' });
  assert.deepEqual(expression?.['path'], { regex: '/[$]{x}' });
  assert.equal(prefix?.['path'], '/c$${HOME}');
});
