import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Draft, DraftRoute } from '../draft.ts';
import { importExpress } from './import-express.ts';
import type { Described, MountLevel, RecordedCall, RecordedStep } from './recorder/recording.ts';

const place = { file: '/p/app.js', line: 1 };

function described(value: unknown): Described {
  if (Array.isArray(value)) return { type: 'list', items: value.map(described) };
  if (typeof value === 'function') return { type: 'function', name: value.name };
  if (typeof value === 'object' && value !== null)
    return {
      type: 'map',
      entries: Object.entries(value).map(([key, inner]) => [key, described(inner)] as const),
    };
  return {
    type: 'plain',
    value:
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null,
  };
}

function call(options: unknown, version = '3.0.0'): RecordedCall {
  return {
    package: 'http-proxy-middleware',
    name: 'createProxyMiddleware',
    version,
    args: [described(options)],
    place,
  };
}

const use = (...paths: readonly string[]): MountLevel[] =>
  paths.map((text) => ({ type: 'use' as const, paths: [{ type: 'text' as const, text }] }));
const proxyAt = (path: string, index = 0): RecordedStep => ({
  levels: use(path),
  handler: { type: 'proxy', call: index },
  place,
});
const guardAt = (level: MountLevel): RecordedStep => ({
  levels: [level],
  handler: { type: 'middleware', name: 'authenticate', handlesErrors: false },
  place,
});

function imported(steps: readonly RecordedStep[], calls: readonly RecordedCall[]): Draft {
  return importExpress(
    {
      outcome: 'listened',
      calls,
      steps,
      listeners: [],
      truncated: false,
      apps: 1,
      upgrades: [],
      express: { version: '5.0.0' },
    },
    'app.js',
    '/p',
  ).draft;
}

function only(path: string, options: Readonly<Record<string, unknown>>, version?: string): DraftRoute {
  const [route, ...others] = imported(
    [proxyAt(path)],
    [call({ target: 'http://h:1', ...options }, version)],
  ).routes;
  assert.ok(route !== undefined && others.length === 0);
  return route;
}

describe('what stood in front of a proxy', () => {
  const isClosed = (level: MountLevel, mount: string): boolean =>
    imported([guardAt(level), proxyAt(mount)], [call({ target: 'http://h:1' })]).routes.some(({ policies }) =>
      policies.some(({ name }) => name === 'authorize'),
    );
  const at = (text: string): MountLevel => ({ type: 'use', paths: [{ type: 'text', text }] });

  it('lets nobody in, where it stood', () => {
    assert.ok(isClosed(at('/'), '/a'));
    assert.ok(isClosed(at('/a'), '/a'));
    assert.ok(isClosed(at('/a'), '/a/b'));
    assert.ok(isClosed(at('/a/b'), '/a'), 'for a part of its paths');
    assert.ok(
      isClosed({ type: 'use', paths: [{ type: 'regexp', source: 'x', flags: '' }] }, '/a'),
      'who knows where',
    );
    assert.ok(!isClosed(at('/b'), '/a'));
    assert.ok(!isClosed(at('/ab'), '/a'));
  });

  it('lets nobody in whatever the method, where a route has none', () => {
    const post: MountLevel = { type: 'route', paths: [{ type: 'text', text: '/a' }], method: 'POST' };
    assert.ok(isClosed(post, '/a'));
    const get: RecordedStep = { ...proxyAt('/a'), levels: [{ ...post, method: 'GET' }] };
    const [route] = imported([guardAt(post), get], [call({ target: 'http://h:1' })]).routes;
    assert.deepEqual(route?.policies, []);
  });

  it('does nothing behind it', () => {
    const { routes } = imported([proxyAt('/a'), guardAt(at('/'))], [call({ target: 'http://h:1' })]);
    assert.deepEqual(
      routes.map(({ policies }) => policies),
      [[]],
    );
  });
});

describe('what a service sees', () => {
  it('is what the router leaves, and before version 3 the whole path', () => {
    assert.equal(only('/a', {}, '3.0.5').stripPrefix, true);
    assert.equal(only('/a', {}, '2.0.9').stripPrefix, undefined);
  });

  it('is not changed by rules about the mount path, which calls do not see', () => {
    const { path, rewrite, stripPrefix } = only('/a', { pathRewrite: { '^/a': '/b' } });
    assert.deepEqual([path, rewrite, stripPrefix], [{ type: 'prefix', value: '/a' }, undefined, true]);
    assert.match(only('/a', { pathRewrite: { '^/a': '/b' } }, '2.0.0').rewrite ?? '', /^\/b/);
  });

  it('is the Host of the client, unless changeOrigin', () => {
    assert.equal(only('/a', {}).preserveHost, true);
    assert.equal(only('/a', { changeOrigin: true }).preserveHost, undefined);
  });
});

it('globs with ! take out what others let in', () => {
  const { path } = only('/', { pathFilter: ['/api/**', '!**/secret'] });
  const expression = new RegExp(`^(?:${path.value})$`);
  assert.ok(expression.test('/api/x') && !expression.test('/api/secret') && !expression.test('/b'));
});

it('a filter that the program decides on has no route', () => {
  assert.deepEqual(
    imported([proxyAt('/a')], [call({ target: 'http://h:1', pathFilter: () => true })]).routes,
    [],
  );
});

it('a service that may take longer than a minute is not cut off by the limit for the whole exchange', () => {
  assert.deepEqual(only('/', { proxyTimeout: 1000 }).timeouts, { responseHeaders: '1s', bodyIdle: '1s' });
  assert.equal(only('/', { proxyTimeout: 60_000 }).timeouts?.['exchange'], '0');
});

it('certificates are verified, unless the program says not to', () => {
  const settings = (options: Readonly<Record<string, unknown>>): unknown =>
    imported([proxyAt('/')], [call({ target: 'https://h:1', ...options })]).upstreams[0]?.settings;
  assert.deepEqual(settings({}), {});
  assert.deepEqual(settings({ secure: false }), { tls: { verify: false } });
});

it('what looks like a variable of Waygate is a text', () => {
  const [headers] = only('/', { headers: { 'X-A': '${HOME}' } }).policies;
  assert.deepEqual(headers?.options, { request: { set: { 'X-A': '$${HOME}' } } });
});
