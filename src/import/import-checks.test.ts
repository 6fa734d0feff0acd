import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { imported } from '../../test/kit/imported-source.ts';
import { readExpressGateway } from './express-gateway/read-express-gateway.ts';
import { readNginx } from './nginx/read-nginx.ts';

const server = (inside: string, http = ''): string =>
  `http { ${http} server { listen 8080; server_name a.test; ${inside} } }`;
const passing = 'proxy_pass http://127.0.0.1:3001;';

describe('nginx: what becomes of directives', () => {
  const cases: Readonly<
    Record<
      string,
      readonly [config: string, text: RegExp, group: 'translated' | 'approximated' | 'leftOut', what: RegExp]
    >
  > = {
    'limit_req is a rate limit': [
      server(
        `location / { ${passing} limit_req zone=z burst=4 nodelay; }`,
        'limit_req_zone $binary_remote_addr zone=z:1m rate=10r/s;',
      ),
      /rate-limit: \{ limit: 10, window: 1s, burst: 5, name: z \}/,
      'approximated',
      /^limit_req/,
    ],
    'allow and deny are an ip-filter': [
      server(`location / { ${passing} deny 10.1.1.1; allow 10.0.0.0/8; deny all; }`),
      /ip-filter: \{ allow: \[10\.0\.0\.0\/8\], deny: \[10\.1\.1\.1\] \}/,
      'translated',
      /^deny/,
    ],
    'an order of allow and deny that cannot be kept lets nobody in': [
      server(`location / { ${passing} allow 10.1.1.1; deny 10.0.0.0/8; allow all; }`),
      /closed-until-translated/,
      'leftOut',
      /^allow/,
    ],
    'auth_basic lets nobody in': [
      server(`location / { ${passing} auth_basic "x"; auth_basic_user_file f; }`),
      /closed-until-translated/,
      'leftOut',
      /^auth_basic/,
    ],
    'auth_request is forward-auth': [
      server(
        `location / { auth_request /auth; ${passing} } location = /auth { internal; proxy_pass http://127.0.0.1:4000/verify; }`,
      ),
      /forward-auth: \{ url: http:\/\/127\.0\.0\.1:4000\/verify \}/,
      'approximated',
      /^auth_request/,
    ],
    'files are answered 404, not by another location': [
      server(`location / { ${passing} } location /static/ { root /var/www; }`),
      /- path: \/static\n +policies:\n.*\n +- respond: \{ status: 404 \}/,
      'leftOut',
      /^root/,
    ],
    'try_files with a named location is what that does': [
      server(
        `location / { try_files $uri @app; } location @app { ${passing} proxy_set_header Host $http_host; }`,
      ),
      /preserveHost: true/,
      'approximated',
      /^try_files/,
    ],
    'a secret header goes to the environment': [
      server(`location / { ${passing} proxy_set_header X-Api-Key abc123; }`),
      /X-Api-Key: '?\$\{X_API_KEY\}/,
      'translated',
      /X-Api-Key$/,
    ],
    'a redirect to another host keeps the path': [
      server(`location /a { ${passing} } location /go { return 301 https://b.test$request_uri; }`),
      /redirect: \{ to: 'https:\/\/b\.test\$\{request\.path\}', status: 301 \}/,
      'translated',
      /^return 301/,
    ],
    'a target that cannot be used is 502, and no other route takes its requests': [
      server(`location / { ${passing} } location /meta/ { proxy_pass http://169.254.169.254; }`),
      /- path: \/meta\n +policies:\n.*\n +- respond: \{ status: 502 \}/,
      'leftOut',
      /^the upstream/,
    ],
    'the cache': [
      server(
        `location / { ${passing} proxy_cache c; proxy_cache_valid 200 302 10m; proxy_cache_valid 404 1m; }`,
      ),
      /cache: \{ ttl: \{ '?200'?: 10m, '?302'?: 10m, '?404'?: 1m \} \}/,
      'approximated',
      /^proxy_cache c/,
    ],
    'targets of an upstream have weights': [
      server(
        'location / { proxy_pass http://u; }',
        'upstream u { server 127.0.0.1:1 weight=2; server 127.0.0.1:2; server 127.0.0.1:3 down; }',
      ),
      /targets: \[\{ url: http:\/\/127\.0\.0\.1:1, weight: 2 \}, http:\/\/127\.0\.0\.1:2\]/,
      'leftOut',
      /down$/,
    ],
  };
  for (const [name, [config, text, group, what]] of Object.entries(cases)) {
    test(name, async (t) => {
      const result = await imported(t, readNginx, config);
      assert.match(result.text, text);
      assert.ok(
        result.report[group].some((entry) => what.test(entry.what)),
        JSON.stringify(result.report[group]),
      );
      assert.ok(!JSON.stringify(result.report).includes('abc123') && !result.text.includes('abc123'));
    });
  }
});

describe('Express Gateway: what becomes of policies', () => {
  const pipeline = (policy: string, endpoint = '{ paths: [/a, /a/*] }'): string => `
http: { port: 8080 }
apiEndpoints: { a: ${endpoint} }
serviceEndpoints: { s: { url: 'http://127.0.0.1:3001' } }
pipelines:
  p:
    apiEndpoints: [a]
    policies:
      - ${policy}
      - proxy: [{ action: { serviceEndpoint: s, stripPath: true } }]
`;
  const cases: Readonly<Record<string, readonly [policy: string, text: RegExp]>> = {
    'jwt with a secret': [
      "jwt: [{ action: { secretOrPublicKey: 'abc123-abc123-abc123-abc123-abc123', issuer: i, audience: u } }]",
      /jwt: \{ issuer: i, audience: u, secret: '\$\{JWT_SECRET\}' \}/,
    ],
    'jwt without an issuer lets nobody in': [
      "jwt: [{ action: { secretOrPublicKey: 'abc123-abc123-abc123-abc123-abc123' } }]",
      /closed-until-translated/,
    ],
    'jwt with a secret that is too short lets nobody in': [
      'jwt: [{ action: { secretOrPublicKey: abc123, issuer: i, audience: u } }]',
      /closed-until-translated/,
    ],
    'jwt with a file that is not there lets nobody in': [
      'jwt: [{ action: { secretOrPublicKeyFile: ./none.pem, issuer: i, audience: u } }]',
      /closed-until-translated/,
    ],
    'key-auth lets nobody in': ['key-auth:', /closed-until-translated/],
    'basic-auth under a condition that cannot be said lets nobody in': [
      "basic-auth: [{ condition: { name: expression, expression: 'x' } }]",
      /closed-until-translated/,
    ],
    'oauth2-introspect': [
      `oauth2-introspect: [{ action: { endpoint: 'https://i.test/x', authorization_value: 'Basic ${Buffer.from('gw:abc123').toString('base64')}' } }]`,
      /clientId: gw\n +clientSecret: \$\{INTROSPECTION_SECRET\}/,
    ],
    cors: [
      "cors: [{ action: { origin: ['https://a.test'], methods: 'GET,PUT', credentials: true } }]",
      /cors: \{ origins: \[https:\/\/a\.test\], methods: \[GET, PUT\], credentials: true \}/,
    ],
    'rate-limit': [
      "rate-limit: [{ action: { max: 7, windowMs: 1000, rateLimitBy: '${req.headers.x-k}' } }]",
      /stripPrefix: true/,
    ],
    terminate: [
      'terminate: [{ action: { statusCode: 403, message: no } }]',
      /respond: \{ status: 403, body: '?no'? \}/,
    ],
    'texts that look like variables': [
      "terminate: [{ action: { statusCode: 403, message: 'no ${NOPE}' } }]",
      /body: '?no \$\$\{NOPE\}/,
    ],
    'several mistakes in one policy are not those of the next': [
      "cors: [{ action: { origin: ['no origin', 'nor this'] } }]\n      - basic-auth:\n      - rate-limit: [{ action: { max: 7, windowMs: 1000 } }]",
      /policies:\n +# In place of policy basic-auth.*\n(?: +#.*\n)* +- authorize: .*\n +- rate-limit: /,
    ],
    'an answer that cannot be given is 502, and no other route takes its requests': [
      'terminate: [{ action: { statusCode: 99 } }]',
      /- path: \/a\n +policies:\n[^]*- respond: \{ status: 502 \}/,
    ],
    'headers by expressions': [
      "headers: [{ action: { headersPrefix: x-, forwardHeaders: { ip: req.ip, evil: 'process.exit()' } } }]",
      /headers: \{ request: \{ set: \{ x-ip: '\$\{client\.ip\}' \} \} \}/,
    ],
    'a condition on the method': [
      'terminate: [{ condition: { name: method, methods: [DELETE] }, action: { statusCode: 405 } }]',
      /method: DELETE\n +policies:\n +- respond: \{ status: 405 \}/,
    ],
    'never is nothing': [
      'key-auth: [{ condition: { name: never } }]',
      /- path: \/a\n +stripPrefix: true\n +upstream: s\n/,
    ],
    'names that mean something to JavaScript': ['__proto__: [{ action: { constructor: 1 } }]', /upstream: s/],
  };
  for (const [name, [policy, text]] of Object.entries(cases)) {
    test(name, async (t) => {
      const result = await imported(t, readExpressGateway, pipeline(policy));
      assert.match(result.text, text);
      assert.ok(
        !JSON.stringify(result.report).includes('abc123') && !result.text.includes('abc123'),
        result.text,
      );
    });
  }

  test('paths that one finds in the documentation', async (t) => {
    for (const [paths, path] of [
      ["['/ip']", /path: \{ exact: \/ip \}/],
      ["'/users/*'", /- path: \/users\n/],
      ["'/users/:id/avatar'", /path: \/users\/:id\/avatar/],
      ["['/*']", /- path: \/\n/],
    ] as const) {
      const { text } = await imported(
        t,
        readExpressGateway,
        pipeline('log:', `{ host: '*', paths: ${paths} }`),
      );
      assert.match(text, path);
    }
  });
});
