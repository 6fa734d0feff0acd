import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { routeRequest, rule } from '../../test/kit/routes.ts';
import { compileRouter } from '../router/router.ts';
import type { Draft } from './draft.ts';
import { importExpressGateway } from './express-gateway/import-express-gateway.ts';
import { readYamlTree } from './express-gateway/yaml-tree.ts';
import type { Imported } from './finish-import.ts';
import { importNginx } from './nginx/import-nginx.ts';
import { parseNginx } from './nginx/parse-nginx.ts';
import { writeDraft } from './write-draft.ts';

/** What stands in front of the service for a request, such as `GET a.test/x`; undefined where there is no route. */
function inFront(draft: Draft, request: string): readonly string[] | undefined {
  const router = compileRouter(
    draft.routes.map(({ path: { type, value }, hosts = [], methods = [] }) =>
      rule([type, value], { hosts, methods }),
    ),
  );
  const found = router.find(routeRequest(request));
  return found === undefined ? undefined : draft.routes[found.index]?.policies.map(({ name }) => name);
}

function isClosed(draft: Draft, request: string): boolean {
  const policies = inFront(draft, request);
  return policies === undefined || policies.includes('authorize') || policies[0] === 'respond';
}

const nginx = (server: string): Imported =>
  importNginx(parseNginx(`server { listen 80; ${server} }`, 'x'), 'x');
const pass = 'proxy_pass http://127.0.0.1:3001;';

describe('nginx: what keeps requests out and cannot be translated lets nobody in', () => {
  for (const door of [
    'auth_basic "x"; auth_basic_user_file f;',
    'auth_request /nowhere;',
    'auth_jwt "x";',
    'auth_digest "x";',
    'access_by_lua_block { ngx.exit(403) }',
    'access_by_lua_file f.lua;',
    'limit_except GET { deny all; }',
    'if ($http_x_api_key != "abc123") { return 403; }',
    'if ($invalid_referer) { return 401; }',
    'if ($bad) { return 444; }',
    'deny x;',
    'allow 10.0.0.0/8; deny 10.1.1.1; allow all;',
    'satisfy any; allow 10.0.0.0/8; deny all; auth_basic "x";',
  ]) {
    it(door, () => {
      const own = nginx(`location / { ${pass} } location /in/ { ${door} ${pass} }`);
      assert.ok(isClosed(own.draft, 'GET a/in/x'), 'in its location');
      assert.ok(!isClosed(own.draft, 'GET a/x'), 'nowhere else');
      assert.ok(own.report.leftOut.length > 0);
      assert.ok(!JSON.stringify(own.report).includes('abc123'));
      if (door.startsWith('limit_except')) return;
      assert.ok(isClosed(nginx(`${door} location / { ${pass} }`).draft, 'GET a/x'), 'around its location');
    });
  }

  it('client certificates', () => {
    assert.ok(isClosed(nginx(`ssl_verify_client on; location / { ${pass} }`).draft, 'GET a/x'));
    assert.ok(!isClosed(nginx(`ssl_verify_client off; location / { ${pass} }`).draft, 'GET a/x'));
  });

  it('what is off, or refuses nobody, closes nothing', () => {
    for (const open of [
      'auth_jwt off;',
      'auth_basic off;',
      'if ($x) { set $y 1; }',
      'if ($x) { return 301 /y; }',
    ])
      assert.ok(!isClosed(nginx(`location / { ${open} ${pass} }`).draft, 'GET a/x'), open);
    assert.ok(!isClosed(nginx(`auth_jwt "x"; location / { auth_jwt off; ${pass} }`).draft, 'GET a/x'));
  });

  it('an internal location is none of the location around it', () => {
    const { draft } = nginx(
      `location / { ${pass} } location = /auth { internal; ${pass} } location /in/ { internal; ${pass} }`,
    );
    assert.deepEqual(inFront(draft, 'GET a/auth'), ['respond']);
    assert.deepEqual(inFront(draft, 'GET a/in/x'), ['respond']);
    assert.deepEqual(inFront(draft, 'GET a/x'), []);
  });
});

describe('nginx: no secret is in the result or in the report', () => {
  for (const source of [
    'proxy_set_header Authorization "Bearer abc123"; location / { PASS }',
    'proxy_set_header Authorization "Bearer abc123"; location / { proxy_set_header Host $host; PASS }',
    'set $t abc123; location / { proxy_set_header Authorization "Bearer $t"; PASS }',
    'set $token "abc123$x"; location / { PASS }',
    'location / { proxy_set_header X-Token "abc123-$request_id"; PASS }',
    'location / { proxy_set_header Cookie "session=abc123"; PASS }',
    'location / { if ($arg_key = abc123) { return 403; } PASS }',
    'location / { if ($arg_key = abc123) { set $x 1; } PASS }',
    'location / { proxy_pass http://me:abc123@127.0.0.1:3001; }',
    'location / { proxy_pass http://127.0.0.1:3001/?key=abc123; }',
    'location / { fastcgi_param API_KEY abc123; PASS }',
    'location / { secure_link_secret abc123; PASS }',
  ]) {
    it(source, () => {
      const { draft, report } = nginx(source.replace('PASS', pass));
      assert.ok(!JSON.stringify(report).includes('abc123'), JSON.stringify(report));
      // A target with a password is taken out by the check of the draft.
      if (!source.includes('me:'))
        assert.ok(!writeDraft(draft, 'x').includes('abc123'), writeDraft(draft, 'x'));
    });
  }

  it('but what is none is there to read', () => {
    const { report } = nginx(
      `if ($request_method = PUT) { return 405; } location / { proxy_set_header A b$host; ${pass} }`,
    );
    const shown = JSON.stringify(report);
    assert.match(shown, /if \(\$request_method = PUT/);
    assert.match(shown, /proxy_set_header A b\$host/);
  });
});

function expressGateway(policies: string, endpoint = '{ paths: [/a, /a/*] }'): Draft {
  const source = `
apiEndpoints: { a: ${endpoint} }
serviceEndpoints: { s: { url: 'http://127.0.0.1:3001' } }
pipelines:
  p:
    apiEndpoints: [a]
    policies:
${policies.replace(/^/gm, '      ')}
      - proxy: [{ action: { serviceEndpoint: s } }]
`;
  return importExpressGateway(readYamlTree(source, 'x.yml'), undefined, 'x.yml', {}).draft;
}

describe('Express Gateway: what keeps requests out lets nobody in by another way', () => {
  it('authentication on some paths of an endpoint with exact ones', () => {
    const draft = expressGateway(
      '- key-auth: [{ condition: { name: pathMatch, pattern: ^/a/x } }]',
      '{ paths: [/a/x, /a/y] }',
    );
    assert.ok(isClosed(draft, 'GET h/a/x'));
    assert.deepEqual(inFront(draft, 'GET h/a/y'), []);
    assert.equal(inFront(draft, 'GET h/a/xz'), undefined, 'what the endpoint is not for');
  });

  it('authentication on some paths of an endpoint with patterns', () => {
    const draft = expressGateway(
      '- key-auth: [{ condition: { name: pathMatch, pattern: /admin } }]',
      "{ paths: '/a/:id/admin' }",
    );
    assert.ok(isClosed(draft, 'GET h/a/1/admin'));
    assert.equal(inFront(draft, 'GET h/other/admin'), undefined);
  });

  it('all methods but one', () => {
    const not = '{ name: not, condition: { name: method, methods: [GET] } }';
    const draft = expressGateway(`- key-auth: [{ condition: ${not} }]`);
    assert.deepEqual(inFront(draft, 'GET h/a'), []);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      assert.ok(isClosed(draft, `${method} h/a`), method);
  });

  it('two conditions that hold for one request', () => {
    const draft = expressGateway(`- key-auth: [{ condition: { name: method, methods: [POST] } }]
- terminate: [{ condition: { name: pathExact, path: /a/x }, action: { statusCode: 403 } }]
- log: [{ condition: { name: pathExact, path: /a/y } }]`);
    assert.ok(isClosed(draft, 'POST h/a/y'), 'by method, behind the exact path');
    assert.ok(isClosed(draft, 'POST h/a/z'));
    assert.ok(isClosed(draft, 'GET h/a/x'));
    assert.deepEqual(inFront(draft, 'GET h/a/z'), []);
  });

  it('a plugin, or an end, under a condition that cannot be said', () => {
    for (const policy of ['ip-whitelist', 'my-auth', 'jwt', 'terminate']) {
      const draft = expressGateway(`- ${policy}: [{ condition: { name: expression, expression: x } }]`);
      assert.ok(isClosed(draft, 'GET h/a'), policy);
    }
    assert.deepEqual(
      inFront(expressGateway('- log: [{ condition: { name: expression, expression: x } }]'), 'GET h/a'),
      [],
    );
  });

  it('a condition on a host opens no other host', () => {
    const draft = expressGateway(
      '- log: [{ condition: { name: hostMatch, pattern: b.test } }]',
      '{ host: a.test, paths: /a }',
    );
    assert.equal(inFront(draft, 'GET b.test/a'), undefined);
    assert.deepEqual(inFront(draft, 'GET a.test/a'), []);
    const below = expressGateway(
      "- key-auth: [{ condition: { name: hostMatch, pattern: '*.test' } }]",
      '{ host: a.test, paths: /a }',
    );
    assert.ok(isClosed(below, 'GET a.test/a'));
  });

  it('scopes are asked for behind introspection as well', () => {
    const draft = expressGateway(
      "- oauth2-introspect: [{ action: { endpoint: 'https://i.test/x', authorization_value: Bearer t } }]",
      '{ paths: /a, scopes: [read] }',
    );
    assert.deepEqual(inFront(draft, 'GET h/a'), ['introspection', 'authorize']);
  });

  it('where a pipeline ends, no other endpoint is asked', () => {
    const draft = importExpressGateway(
      readYamlTree(
        `
apiEndpoints: { a: { paths: /a }, all: { paths: '/*' } }
serviceEndpoints: { s: { url: 'http://127.0.0.1:3001' } }
pipelines:
  p: { apiEndpoints: [a], policies: [proxy: [{ condition: { name: method, methods: [GET] }, action: { serviceEndpoint: s } }]] }
  all: { apiEndpoints: [all], policies: [proxy: [{ action: { serviceEndpoint: s } }]] }
`,
        'x.yml',
      ),
      undefined,
      'x.yml',
      {},
    ).draft;
    assert.deepEqual(inFront(draft, 'GET h/a'), []);
    assert.deepEqual(inFront(draft, 'POST h/a'), ['respond']);
    assert.deepEqual(inFront(draft, 'POST h/b'), []);
  });
});

describe('Express Gateway: what is said of it elsewhere', () => {
  it('scopes are asked for behind jwt', () => {
    const action = '{ issuer: i, audience: u, secretOrPublicKey: abc123-abc123-abc123-abc123-abc123 }';
    const draft = expressGateway(`- jwt: [{ action: ${action} }]`, '{ paths: /a, scopes: [read, write] }');
    assert.deepEqual(inFront(draft, 'GET h/a'), ['jwt', 'authorize']);
    assert.deepEqual(draft.routes[0]?.policies[1]?.options, {
      rules: [{ name: 'scopes', scopes: ['read', 'write'] }],
    });
  });

  it('hosts that no route can say have no route, rather than one for all', () => {
    for (const host of ["hostRegex: 'a.*'", "host: 'a.*.test'"])
      assert.deepEqual(expressGateway('', `{ ${host}, paths: /a }`).routes, [], host);
  });

  it('secrets in the environment stay there', () => {
    const source = `
apiEndpoints: { a: { paths: /a } }
serviceEndpoints: { s: { url: '\${URL}' } }
pipelines:
  p:
    apiEndpoints: [a]
    policies:
      - jwt: [{ action: { issuer: i, audience: u, secretOrPublicKey: '\${JWT_SECRET}' } }]
      - proxy: [{ action: { serviceEndpoint: s } }]
`;
    const env = { JWT_SECRET: 'abc123-abc123-abc123-abc123-abc123', URL: 'http://127.0.0.1:3001' };
    const { draft, report } = importExpressGateway(readYamlTree(source, 'x'), undefined, 'x', env);
    const text = writeDraft(draft, 'x') + JSON.stringify(report);
    assert.ok(
      !text.includes('abc123') && text.includes('${JWT_SECRET}') && text.includes('http://127.0.0.1:3001'),
    );
  });
});
