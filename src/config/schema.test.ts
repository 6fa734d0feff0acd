import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { definePolicy } from '../core/policy.ts';
import { createConfigSchema, type Config, type RouteConfig } from './schema.ts';

const respond = definePolicy({
  name: 'respond',
  description: 'Answers.',
  options: z.strictObject({ status: z.int().prefault(200) }),
  create: () => ({}),
  alwaysAnswers: () => true,
});

const schema = createConfigSchema([respond]);
const upstreams = { users: 'http://localhost:3001' };

function route(input: object): RouteConfig {
  const [first] = schema.parse({ upstreams, routes: [{ upstream: 'users', ...input }] }).routes;
  assert.ok(first !== undefined);
  return first;
}

describe('a configuration that says next to nothing', () => {
  const config: Config = schema.parse({ upstreams, routes: [{ upstream: 'users' }] });

  test('has the safe defaults', () => {
    const { upstreams: _, routes: __, ...rest } = config;
    assert.deepEqual(rest, {
      listen: [{ host: undefined, port: 3000 }],
      admin: undefined,
      trustedProxies: [],
      workers: 1,
      forwarded: 'x-forwarded',
      via: 'waygate',
      identity: { headers: { 'X-Consumer': '${consumer.id}' } },
      timeouts: {
        requestHeaders: 10_000,
        keepAlive: 75_000,
        requestBodyIdle: 30_000,
        requestBody: 300_000,
        responseWrite: 60_000,
        exchange: 60_000,
        policy: 60_000,
      },
      limits: {
        headerBytes: 16_384,
        headerCount: 100,
        targetBytes: 8192,
        body: 10_485_760,
        connections: 'auto',
        requestsPerConnection: 1000,
        inFlight: 4096,
        interimResponses: 16,
        bodyMinRate: 240,
      },
      policyModules: [],
      policies: [],
      log: { access: 'auto', level: 'info', query: false },
      drain: { accept: 5000, timeout: 30_000 },
      overload: { eventLoopDelay: 200, memory: 0.85 },
      rateLimits: { memory: 67_108_864 },
      cache: { memory: 134_217_728, largest: 1_048_576, redis: true },
    });
  });

  test('has the safe defaults for each upstream', () => {
    assert.deepEqual(config.upstreams['users'], {
      name: 'users',
      targets: [{ url: 'http://localhost:3001', protocol: 'http', host: 'localhost', port: 3001, weight: 1 }],
      balance: 'round-robin',
      timeouts: { connect: 3000, responseHeaders: 30_000, bodyIdle: 60_000, keepAlive: 4000 },
      limits: { inFlight: 1024, queue: 1000, connections: undefined },
      retries: { attempts: 1, budget: 0.2 },
      tls: { ca: undefined, serverName: undefined, verify: true },
      allowPrivate: false,
    });
  });

  test('has the safe defaults for each route', () => {
    assert.deepEqual(config.routes, [
      {
        name: '/',
        hosts: [],
        path: { type: 'prefix', value: '/' },
        methods: [],
        headers: [],
        query: [],
        upstream: 'users',
        stripPrefix: false,
        rewrite: undefined,
        preserveHost: false,
        streaming: false,
        timeouts: {
          exchange: 60_000,
          policy: 60_000,
          requestBody: 300_000,
          requestBodyIdle: 30_000,
          responseHeaders: undefined,
          bodyIdle: undefined,
        },
        limits: { body: 10_485_760 },
        allowEncodedSeparators: false,
        trailers: [],
        websocket: true,
        policies: [],
      },
    ]);
  });

  test('is frozen all the way down', () => {
    const open: string[] = [];
    const look = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      if (!Object.isFrozen(value)) open.push(path);
      for (const [key, member] of Object.entries(value)) look(member, `${path}.${key}`);
    };
    look(config, 'config');
    assert.deepEqual(open, []);
  });

  test('has no upstream that nobody wrote', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      assert.equal(config.upstreams[name], undefined);
    }
  });
});

describe('what one writes for', () => {
  const shorthands: readonly (readonly [what: string, written: object, read: object])[] = [
    ['listen: a port', { listen: 80 }, { listen: [{ host: undefined, port: 80 }] }],
    ['listen: a port as text', { listen: '80' }, { listen: [{ host: undefined, port: 80 }] }],
    ['listen: an address', { listen: '127.0.0.1:80' }, { listen: [{ host: '127.0.0.1', port: 80 }] }],
    ['listen: an IPv6 address', { listen: '[::1]:80' }, { listen: [{ host: '::1', port: 80 }] }],
    ['listen: only a colon and port', { listen: ':80' }, { listen: [{ host: undefined, port: 80 }] }],
    ['listen: an object', { listen: { host: '::1', port: 0 } }, { listen: [{ host: '::1', port: 0 }] }],
    [
      'listen: several',
      { listen: [80, 'localhost:81'] },
      {
        listen: [
          { host: undefined, port: 80 },
          { host: 'localhost', port: 81 },
        ],
      },
    ],
    [
      'admin: nothing but that there is one',
      { admin: {} },
      { admin: { host: '127.0.0.1', port: 9901, token: undefined } },
    ],
    [
      'policies: a name',
      { policies: ['respond'] },
      { policies: [{ name: 'respond', options: { status: 200 }, path: ['policies', 0, 'respond'] }] },
    ],
    [
      'policies: a name with nothing behind it',
      { policies: [{ respond: null }] },
      { policies: [{ name: 'respond', options: { status: 200 }, path: ['policies', 0, 'respond'] }] },
    ],
    [
      'policies: options',
      { policies: [{ respond: { status: 404 } }] },
      { policies: [{ name: 'respond', options: { status: 404 }, path: ['policies', 0, 'respond'] }] },
    ],
  ];
  for (const [what, written, read] of shorthands) {
    test(what, () => {
      const config = schema.parse({ routes: [], ...written });
      assert.deepEqual({ ...config, ...read }, config);
    });
  }

  const paths: readonly (readonly [written: unknown, type: string, value: string])[] = [
    ['/users', 'prefix', '/users'],
    ['/users/', 'prefix', '/users'],
    ['/', 'prefix', '/'],
    ['/users/:id', 'pattern', '/users/:id'],
    ['/:id', 'pattern', '/:id'],
    ['/files/*', 'pattern', '/files/*'],
    ['/a/*/b', 'pattern', '/a/*/b'],
    ['/v1:batch', 'prefix', '/v1:batch'],
    [{ exact: '/users/' }, 'exact', '/users/'],
    [{ exact: '/:id' }, 'exact', '/:id'],
    [{ prefix: '/users/' }, 'prefix', '/users'],
    [{ pattern: '/users' }, 'pattern', '/users'],
    [{ regex: '/v[0-9]+' }, 'regex', '/v[0-9]+'],
  ];
  for (const [written, type, value] of paths) {
    test(`path: ${JSON.stringify(written)}`, () => {
      assert.deepEqual(route({ path: written }).path, { type, value });
    });
  }

  test('host, method, headers, query and trailers', () => {
    const { hosts, methods, headers, query, trailers } = route({
      host: ['API.example.com.', '*.Example.com', '[0:0::1]', '127.0.0.1'],
      method: ['GET', 'POST'],
      headers: {
        'X-Version': '2',
        'x-beta': { present: true },
        'x-a': { regex: 'a|b' },
        'x-b': { exact: '' },
      },
      query: { Page: '1' },
      trailers: ['Grpc-Status'],
    });
    assert.deepEqual(hosts, [
      { type: 'exact', value: 'api.example.com' },
      { type: 'wildcard', value: '.example.com' },
      { type: 'exact', value: '[::1]' },
      { type: 'exact', value: '127.0.0.1' },
    ]);
    assert.deepEqual(methods, ['GET', 'POST']);
    assert.deepEqual(headers, [
      { name: 'x-version', match: { type: 'exact', value: '2' } },
      { name: 'x-beta', match: { type: 'present' } },
      { name: 'x-a', match: { type: 'regex', value: 'a|b' } },
      { name: 'x-b', match: { type: 'exact', value: '' } },
    ]);
    assert.deepEqual(query, [{ name: 'Page', match: { type: 'exact', value: '1' } }]);
    assert.deepEqual(trailers, ['grpc-status']);
  });

  test('time-outs and limits of a route, inherited where it is silent', () => {
    const config = schema.parse({
      timeouts: { exchange: '7s', requestBody: 0 },
      limits: { body: '1kb' },
      upstreams,
      routes: [
        { path: '/a', upstream: 'users' },
        { path: '/b', upstream: 'users', timeouts: { exchange: 0, bodyIdle: '1s' }, limits: { body: 0 } },
        { path: '/c', upstream: 'users', streaming: true },
      ],
    });
    assert.deepEqual(
      config.routes.map(({ timeouts, limits }) => [
        timeouts.exchange,
        timeouts.requestBody,
        timeouts.bodyIdle,
        limits.body,
      ]),
      [
        [7000, 0, undefined, 1024],
        [0, 0, 1000, 0],
        [0, 0, undefined, 1024],
      ],
    );
  });
});

test('mistakes between keys are issues like any other', () => {
  const { error } = schema.safeParse({ routes: [{ path: '/a', upstream: 'users' }, { path: '/b' }] });
  assert.deepEqual(
    error?.issues.map(({ path }) => path),
    [
      ['routes', 0, 'upstream'],
      ['routes', 1],
    ],
  );
});
