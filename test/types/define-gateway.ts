import { defineGateway } from '../../src/index.ts';
import { definePolicy, z } from '../../src/policy.ts';

/** Compiled by `npm run check`, never run: each `@ts-expect-error` is a mistake that the compiler must find. */
export const right = defineGateway({
  listen: [{ host: '127.0.0.1', port: 3000 }, 3001, '[::1]:3000'],
  timeouts: { requestHeaders: '10s', exchange: 0, requestBody: '1.5m' },
  limits: { body: '10mb', headerBytes: '16KiB', connections: 'auto' },
  upstreams: {
    users: 'http://localhost:3001',
    orders: { targets: ['http://localhost:3002', { url: 'http://localhost:3012', weight: 2 }] },
  },
  policies: ['request-id', 'security-headers', { cors: { origins: ['https://app.example.com'] } }],
  routes: [
    { path: '/users', upstream: 'users', stripPrefix: true },
    {
      path: { regex: '/v[0-9]+/.*' },
      upstream: 'orders',
      headers: { 'x-beta': { present: true } },
      method: ['GET'],
    },
    {
      path: '/reports',
      upstream: 'orders',
      policies: [
        {
          'any-of': {
            policies: [
              { jwt: { issuer: 'https://login.example.com', audience: 'reports' } },
              { 'basic-auth': { users: [{ name: 'alice', digest: '${file:alice}' }] } },
            ],
            anonymous: true,
          },
        },
      ],
    },
    { path: '/old', policies: [{ redirect: { to: '/users', status: 308 } }] },
    {
      path: '/token',
      upstream: 'users',
      timeouts: { exchange: '${TIMEOUT}' },
      policies: [{ 'body-limit': { size: '1mb' } }],
    },
  ],
});

const tenant = definePolicy({
  name: 'tenant',
  description: 'Tells tenants apart.',
  options: z.strictObject({
    known: z.array(z.string()),
    mode: z.enum(['strict', 'loose']).default('strict'),
  }),
  authenticates: true,
  create: () => ({}),
});
const stamp = definePolicy({
  name: 'stamp',
  description: 'Stamps answers.',
  options: z.strictObject({ ink: z.string().default('blue') }),
  create: () => ({}),
});
const port = 3001 as number;
const version = `v${port}`;
const production = port > 3000;

/** Parameters that the path captures, in each way to write a path, and what nobody can know. */
export const parameters = defineGateway({
  upstreams: { users: `http://localhost:${port}` },
  policies: [{ headers: { response: { set: { 'x-version': version, 'x-literal': '$${params.any}' } } } }],
  routes: [
    { path: '/users/:id', upstream: 'users', rewrite: '/${params.id}' },
    { path: '/users/:id/carts/:cart', upstream: 'users', rewrite: '/${params.cart}/of/${params.id}' },
    { path: { pattern: '/users/:id/*' }, upstream: 'users', rewrite: '/${params.id}' },
    {
      path: { regex: '/(?<lang>de|en)/(?<rest>.*)' },
      upstream: 'users',
      rewrite: '/${params.rest}?${params.lang}',
    },
    { path: { exact: '/me' }, upstream: 'users', rewrite: '/users/${consumer.id}/$${params.id}' },
    { path: version, upstream: 'users', rewrite: '/${params.id}' },
    { path: `/${version}/:id`, upstream: 'users', rewrite: '/${params.id}' },
    { path: { pattern: `/${version}/:id` }, upstream: 'users', rewrite: '/${params.id}' },
    {
      path: production ? '/a/:id' : '/b/:name',
      upstream: 'users',
      rewrite: production ? '/${params.id}' : '/${params.name}',
    },
    { path: production ? { exact: version } : '/b', upstream: 'users', rewrite: version },
    { path: '/c/:id', upstream: production ? 'users' : 'users', rewrite: `/${version}/\${params.id}` },
    { path: '/d', policies: [{ respond: { body: 'Hello, ${params.name}' } }] },
    { path: '/e/:name', policies: [{ respond: { template: true, json: { hello: ['${params.name}'] } } }] },
    {
      path: '/f/:name',
      policies: [
        { redirect: { to: '/${params.name}' } },
        { headers: { request: { add: { a: ['${params.name}'] } } } },
      ],
    },
  ],
});

/** Policies of one's own: with their options where the definition is given, with any where its module is named. */
export const own = [
  defineGateway({
    policyModules: [tenant, stamp],
    policies: ['stamp', { tenant: { known: ['acme'], mode: 'loose' } }],
    routes: [
      { path: '/', policies: [{ 'any-of': { policies: [{ tenant: { known: [] } }, { 'api-key': {} }] } }] },
    ],
  }),
  defineGateway({
    policyModules: ['./policies/tenant.ts', stamp],
    policies: ['stamp', 'quiet', { tenant: { whatever: 5 } }, 'request-id'],
    routes: [{ path: '/', policies: [{ another: {} }, { cors: { origins: '*' } }] }],
  }),
];

/** Lists that are computed, and parts that are written elsewhere. */
const computed: { path: string; upstream: 'users' }[] = ['a', 'b'].map((name) => ({
  path: `/${name}`,
  upstream: 'users',
}));
const mine = [tenant, stamp];
export const composed = defineGateway({
  policyModules: mine,
  policies: ['stamp', { tenant: { known: [] } }],
  upstreams: { users: { targets: ['http://localhost:3001'], retries: { attempts: 1 } } },
  routes: [
    ...computed,
    { path: '/c/:id', host: ['a.example.com'], query: { q: { regex: '[a-z]+' } }, upstream: 'users' },
  ],
});

const upstreams = { users: 'http://localhost:3001' } as const;
const path = '/users';

export const wrong = [
  // @ts-expect-error An upstream that does not exist.
  defineGateway({ upstreams, routes: [{ path, upstream: 'user' }] }),
  // @ts-expect-error An upstream where there are none.
  defineGateway({ routes: [{ path, upstream: 'users' }] }),
  // @ts-expect-error An unknown key of the file.
  defineGateway({ upstrems: upstreams, routes: [] }),
  // @ts-expect-error An unknown key of a route.
  defineGateway({ upstreams, routes: [{ path, upstream: 'users', stripPrefx: true }] }),
  // @ts-expect-error An unknown key of an upstream.
  defineGateway({ upstreams: { users: { targets: [], balanc: 'round-robin' } }, routes: [] }),
  // @ts-expect-error An unknown key within a key.
  defineGateway({ timeouts: { exchnage: '30s' }, routes: [] }),
  // @ts-expect-error A duration without unit.
  defineGateway({ timeouts: { exchange: '30' }, routes: [] }),
  // @ts-expect-error A duration as a number.
  defineGateway({ timeouts: { exchange: 30 }, routes: [] }),
  // @ts-expect-error A size in a unit of time.
  defineGateway({ limits: { body: '10s' }, routes: [] }),
  // @ts-expect-error One of a few words, misspelt.
  defineGateway({ forwarded: 'x-forward', routes: [] }),
  // @ts-expect-error A method in lower case.
  defineGateway({ upstreams, routes: [{ path, upstream: 'users', method: 'get' }] }),
  // @ts-expect-error No routes.
  defineGateway({ upstreams }),
  // @ts-expect-error A policy inside of any-of that does not say who is asking.
  defineGateway({ policies: [{ 'any-of': { policies: [{ 'body-limit': { size: '1mb' } }] } }], routes: [] }),
  // @ts-expect-error An option that a policy inside of any-of does not have.
  defineGateway({ policies: [{ 'any-of': { policies: [{ jwt: { isuer: 'x' } }] } }], routes: [] }),
  // @ts-expect-error A policy that does not exist.
  defineGateway({ policies: ['request-ids'], routes: [] }),
  // @ts-expect-error A policy that does not exist, with options.
  defineGateway({ policies: [{ cros: { origins: '*' } }], routes: [] }),
  // @ts-expect-error A policy that needs options, without.
  defineGateway({ policies: ['cors'], routes: [] }),
  // @ts-expect-error An unknown option of a policy.
  defineGateway({ policies: [{ cors: { origins: '*', maxage: '1h' } }], routes: [] }),
  // @ts-expect-error An option of a policy, of the wrong type.
  defineGateway({ policies: [{ 'body-limit': { size: 1024 } }], routes: [] }),
  // @ts-expect-error An option of a policy on a route, of the wrong type.
  defineGateway({ routes: [{ path, policies: [{ redirect: { to: '/new', status: 418 } }] }] }),
  // @ts-expect-error Two policies in one item.
  defineGateway({ policies: [{ cors: { origins: '*' }, 'body-limit': { size: '1mb' } }], routes: [] }),
  // @ts-expect-error A parameter that the path does not have, in rewrite.
  defineGateway({ upstreams, routes: [{ path: '/a/:id', upstream: 'users', rewrite: '/${params.ident}' }] }),
  defineGateway({
    upstreams,
    // @ts-expect-error The second parameter of a text.
    routes: [{ path: '/a/:id', upstream: 'users', rewrite: '/${params.id}/${params.no}' }],
  }),
  defineGateway({
    upstreams,
    // @ts-expect-error A parameter of a path that has none.
    routes: [{ path: { exact: '/a' }, upstream: 'users', rewrite: '/${params.id}' }],
  }),
  defineGateway({
    upstreams,
    // @ts-expect-error A parameter of a prefix.
    routes: [{ path: { prefix: '/a' }, upstream: 'users', rewrite: '/${params.id}' }],
  }),
  // @ts-expect-error A parameter of a route without path.
  defineGateway({ upstreams, routes: [{ upstream: 'users', rewrite: '/${params.id}' }] }),
  defineGateway({
    upstreams,
    // @ts-expect-error A group that the regular expression does not have.
    routes: [{ path: { regex: '/(?<a>.)' }, upstream: 'users', rewrite: '/${params.b}' }],
  }),
  defineGateway({
    upstreams,
    // @ts-expect-error A parameter that a pattern does not have.
    routes: [{ path: { pattern: '/a/:b/*' }, upstream: 'users', rewrite: '/${params.c}' }],
  }),
  // @ts-expect-error A parameter that the path does not have, in the options of a policy.
  defineGateway({ routes: [{ path: '/a/:id', policies: [{ redirect: { to: '/${params.ident}' } }] }] }),
  defineGateway({
    // @ts-expect-error The same, in a list.
    routes: [{ path: '/a', policies: [{ headers: { response: { add: { a: ['${params.id}'] } } } }] }],
  }),
  defineGateway({
    // @ts-expect-error The same, in a body that is a template.
    routes: [{ path: '/a', policies: [{ respond: { body: '${params.id}', template: true } }] }],
  }),
  // @ts-expect-error The same, in a header of an answer whose body is none.
  defineGateway({ routes: [{ path: '/a', policies: [{ respond: { headers: { a: '${params.id}' } } }] }] }),
  // @ts-expect-error A parameter where there is no path.
  defineGateway({ policies: [{ headers: { request: { set: { a: '${params.id}' } } } }], routes: [] }),
  // @ts-expect-error An option of an upstream, of the wrong type.
  defineGateway({ upstreams: { users: { targets: [], retries: { attempts: '1' } } }, routes: [] }),
  // @ts-expect-error A way to balance that does not exist.
  defineGateway({ upstreams: { users: { targets: [], balance: 'robin' } }, routes: [] }),
  // @ts-expect-error A host that is a number.
  defineGateway({ upstreams, routes: [{ path, upstream: 'users', host: 5 }] }),
  // @ts-expect-error A match of a header that is none.
  defineGateway({ upstreams, routes: [{ path, upstream: 'users', headers: { a: { present: false } } }] }),
  // @ts-expect-error A match of a query parameter that is none.
  defineGateway({ upstreams, routes: [{ path, upstream: 'users', query: { a: { regexp: 'a' } } }] }),
  // @ts-expect-error An option of a policy of one's own, of the wrong type.
  defineGateway({ policyModules: [tenant], policies: [{ tenant: { known: 'acme' } }], routes: [] }),
  // @ts-expect-error An option that a policy of one's own does not have.
  defineGateway({ policyModules: [stamp], policies: [{ stamp: { inc: 'red' } }], routes: [] }),
  // @ts-expect-error A policy of one's own that needs options, without.
  defineGateway({ policyModules: [tenant], policies: ['tenant'], routes: [] }),
  // @ts-expect-error A policy of one's own that nobody has given.
  defineGateway({ policyModules: [tenant], policies: ['stamp'], routes: [] }),
  defineGateway({
    policyModules: [tenant],
    // @ts-expect-error The same, inside of any-of.
    policies: [{ 'any-of': { policies: [{ tenant: { no: 1 } }] } }],
    routes: [],
  }),
  // @ts-expect-error A wrong option of a built-in policy beside modules that are named.
  defineGateway({ policyModules: ['./a.ts'], policies: [{ 'body-limit': { size: 5 } }], routes: [] }),
  // @ts-expect-error A module that is neither a name nor a definition.
  defineGateway({ policyModules: [5], routes: [] }),
];
