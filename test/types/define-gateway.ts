import { defineGateway } from '../../src/index.ts';

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
];
