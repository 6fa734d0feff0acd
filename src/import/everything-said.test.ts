import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { importExpressGateway } from './express-gateway/import-express-gateway.ts';
import { readYamlTree } from './express-gateway/yaml-tree.ts';
import { importNginx } from './nginx/import-nginx.ts';
import { parseNginx } from './nginx/parse-nginx.ts';
import type { Report } from './report.ts';

const groups = ['translated', 'approximated', 'leftOut'] as const;

/** Which groups speak of something, by its line and by what it is called there; `x*` is how that begins. */
function groupsOf(report: Report, line: number, subject: string): string[] {
  return groups.filter((group) =>
    report[group].some(
      ({ what, place }) =>
        place?.line === line &&
        (subject.endsWith('*') ? what.startsWith(subject.slice(0, -1)) : what === subject),
    ),
  );
}

/** One thing that a source says: its line, and what it is called. */
type Saying = readonly [line: number, subject: string];

function assertSaid(report: Report, sayings: readonly Saying[], source: string): void {
  const shown = (): string => `${source}\n${JSON.stringify(report, undefined, 1)}`;
  for (const [line, subject] of sayings)
    assert.equal(groupsOf(report, line, subject).length, 1, `${line}: ${subject}\n${shown()}`);
  const seen = new Map<string, string>();
  for (const group of groups) {
    for (const { what, place } of report[group]) {
      const key = JSON.stringify([what, place?.line]);
      assert.equal(seen.get(key) ?? group, group, `${key} is in two groups\n${shown()}`);
      seen.set(key, group);
    }
  }
}

interface Block {
  readonly text: string;
  readonly inside?: readonly Block[];
  /** Whether what is inside is said with it. */
  readonly whole?: true;
}

/** Lines of nginx, and what they say. */
function written(blocks: readonly Block[], lines: string[], sayings: Saying[], said = true): void {
  for (const { text, inside, whole } of blocks) {
    lines.push(inside === undefined ? `${text};` : `${text} {`);
    if (said && !/^(?:http|server)$/.test(text))
      sayings.push([lines.length, `${/^\w+/.exec(text)?.[0] ?? text}*`]);
    if (inside === undefined) continue;
    const isInternal = inside.some((each) => each.text === 'internal');
    written(inside, lines, sayings, said && whole !== true && !isInternal);
    lines.push('}');
  }
}

const anywhere = [
  ...[
    'gzip on',
    'access_log off',
    'client_max_body_size 10m',
    'client_max_body_size x',
    'proxy_read_timeout 70s',
  ],
  ...['proxy_read_timeout never', 'proxy_send_timeout 5s', 'proxy_send_timeout 0', 'proxy_connect_timeout 0'],
  ...[
    'proxy_connect_timeout 2s',
    'proxy_set_header Host $host',
    'proxy_set_header Host x.test',
    'keepalive_timeout 5',
  ],
  ...[
    'proxy_set_header X-Key abc123',
    'proxy_set_header X-A $nope',
    'proxy_set_header X-B $1',
    'add_header A b always',
  ],
  ...['proxy_set_header Upgrade $http_upgrade', 'proxy_set_header X-Real-IP $remote_addr', 'add_header "" b'],
  ...[
    'proxy_hide_header Server',
    'limit_req zone=z burst=3',
    'limit_req zone=none',
    'limit_conn c 5',
    'allow 10.0.0.0/8',
  ],
  ...[
    'deny all',
    'deny x',
    'auth_basic off',
    'auth_basic "x"',
    'auth_basic_user_file f',
    'satisfy any',
    'satisfy all',
  ],
  ...[
    'auth_request /auth',
    'auth_request off',
    'auth_request_set $u $upstream_http_x_user',
    'auth_jwt x',
    'root /x',
  ],
  ...[
    'ssl_verify_client on',
    'proxy_cache c',
    'proxy_cache off',
    'proxy_cache_valid 200 5m',
    'proxy_cache_valid any 1m',
  ],
  ...[
    'proxy_ssl_verify on',
    'proxy_ssl_name a.test',
    'ssl_certificate x',
    'error_page 404 /x',
    'nonsense a b',
  ],
].map((text): Block => ({ text }));
const inLocation: readonly Block[] = [
  { text: 'proxy_pass http://127.0.0.1:3001' },
  { text: 'proxy_pass https://u/v/' },
  { text: 'proxy_pass http://$nope' },
  { text: 'proxy_pass http://127.0.0.1:3001/$1' },
  { text: 'return 404' },
  { text: 'return 301 https://x.test$request_uri' },
  { text: 'return 200 "$nope"' },
  { text: 'rewrite ^/a/(.*)$ /b/$1 break' },
  { text: 'rewrite x y' },
  { text: 'try_files $uri @named' },
  { text: 'try_files $uri =404' },
  { text: 'internal' },
  { text: 'set $x 1' },
  { text: 'limit_except GET', inside: [{ text: 'deny all' }], whole: true },
  { text: 'if ($http_x)', inside: [{ text: 'return 403' }], whole: true },
  { text: 'if ($http_x)', inside: [{ text: 'set $y 1' }], whole: true },
];
const inServer: readonly Block[] = [
  { text: 'listen 80' },
  { text: 'listen 443 ssl' },
  { text: 'listen unix:/x' },
  { text: 'set $s "v"' },
  { text: 'set $s "$r"' },
  { text: 'location @named', inside: [{ text: 'proxy_pass http://127.0.0.1:3009' }, { text: 'gzip off' }] },
  {
    text: 'location = /auth',
    inside: [{ text: 'internal' }, { text: 'proxy_pass http://127.0.0.1:3008' }],
    whole: true,
  },
];
const inHttp: readonly Block[] = [
  {
    text: 'upstream u',
    inside: [
      { text: 'server 127.0.0.1:1 weight=2' },
      { text: 'server 127.0.0.1:2 backup' },
      { text: 'keepalive 8' },
    ],
    whole: true,
  },
  { text: 'upstream unused', inside: [{ text: 'server 127.0.0.1:1' }], whole: true },
  { text: 'limit_req_zone $binary_remote_addr zone=z:1m rate=1r/s' },
  { text: 'limit_conn_zone $server_name zone=c:1m' },
  { text: 'map $http_upgrade $connection_upgrade', inside: [{ text: 'default upgrade' }], whole: true },
  { text: 'map $a $b', inside: [{ text: 'default x' }], whole: true },
];

const some = (from: readonly Block[], maxLength: number): fc.Arbitrary<Block[]> =>
  fc.uniqueArray(fc.constantFrom(...from), { maxLength, selector: ({ text }) => text });
const location = fc
  .tuple(
    fc.constantFrom(
      'location /',
      'location /a',
      'location /a/',
      'location ^~ /a/b/',
      'location ~ ^/(a|b)/',
      'location = /x',
    ),
    some([...anywhere, ...inLocation], 6),
  )
  .map(([text, inside]): Block => ({ text, inside }));
const server = fc
  .tuple(
    some([...anywhere, ...inServer], 5),
    fc.uniqueArray(location, { minLength: 1, maxLength: 4, selector: ({ text }) => text }),
  )
  .map(([first, locations]): Block => ({ text: 'server', inside: [...first, ...locations] }));

test('nginx: every directive is translated, approximated or left out, exactly once', () => {
  fc.assert(
    fc.property(some([...anywhere, ...inHttp], 5), server, (around, each) => {
      const lines: string[] = [];
      const sayings: Saying[] = [];
      written([{ text: 'http', inside: [...around, each] }], lines, sayings);
      const source = lines.join('\n');
      const { report } = importNginx(parseNginx(source, 'nginx.conf'), 'nginx.conf');
      // One line may say it of the directive, and of a part of it.
      assertSaid(report, sayings, source);
      assert.ok(!JSON.stringify(report).includes('abc123'), source);
    }),
    { numRuns: 1000 },
  );
});

/** A key of YAML with what is below it; `says` is how what is said of it begins, if anything is. */
interface Key {
  readonly key: string;
  readonly says?: string;
  readonly value?: string;
  readonly inside?: readonly Key[];
}

function writtenYaml(keys: readonly Key[], depth: number, lines: string[], sayings: Saying[]): void {
  for (const { key, says, value = '', inside = [] } of keys) {
    lines.push(`${'  '.repeat(depth)}${key}: ${value}`.trimEnd());
    if (says !== undefined) sayings.push([lines.length, says]);
    writtenYaml(inside, depth + 1, lines, sayings);
  }
}

const someKeys = (from: readonly Key[], maxLength: number): fc.Arbitrary<Key[]> =>
  fc.uniqueArray(fc.constantFrom(...from), { maxLength, selector: ({ key }) => key });

/** Options of policies of Express Gateway: those that are read, and one that nobody knows. */
const actions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  jwt: {
    issuer: ['i'],
    audience: ['u'],
    secretOrPublicKey: ['abc123-abc123-abc123-abc123-abc123'],
    checkCredentialExistence: ['false'],
  },
  'key-auth': {},
  'my-token-check': {},
  'oauth2-introspect': {
    endpoint: ["'https://i.test/x'"],
    authorization_value: ['Bearer abc123'],
    ttl: ['5'],
  },
  cors: {
    origin: ["'*'", 'false', '[https://a.test]'],
    maxAge: ['5'],
    credentials: ['true'],
    methods: ['GET'],
  },
  'rate-limit': { max: ['0', '3', 'x'], windowMs: ['1000', '-1'], rateLimitBy: ["'${req.ip}'", "'${nope}'"] },
  headers: { forwardHeaders: ['{ a: req.ip }', '{}'], headersPrefix: ['x-'] },
  'request-transformer': { headers: ['{ add: { a: req.ip }, remove: [b] }'] },
  terminate: { statusCode: ['403'], message: ['no'] },
  log: {},
  expression: {},
  proxy: { serviceEndpoint: ['s', 'none'], stripPath: ['true', 'false'], changeOrigin: ['false'] },
};
/** Whose options are said one by one only where the policy itself is more than left out. */
const conditions = ['', '', '{ name: never }', '{ name: method, methods: [GET] }', '{ name: nobodyKnows }'];

const step = fc.constantFrom(...Object.keys(actions)).chain((policy) =>
  fc
    .tuple(
      fc.tuple(
        ...Object.entries(actions[policy] ?? {}).map(([key, values]) =>
          fc.option(
            fc.constantFrom(...values).map((value): Key => ({ key, value })),
            { nil: undefined },
          ),
        ),
      ),
      fc.constantFrom(...conditions),
    )
    .map(([options, condition]) => ({
      policy,
      condition,
      options: options.filter((each) => each !== undefined),
    })),
);

const endpointKeys: readonly Key[] = [
  { key: 'paths', value: '[/a, /a/*]' },
  { key: 'host', value: 'a.test' },
  { key: 'methods', value: "'GET,POST'" },
  { key: 'scopes', value: '[read]' },
  { key: 'pathRegex', value: "'^/x('" },
  { key: 'hostRegex', value: 'x.*', says: 'apiEndpoint e: hostRegex' },
  { key: 'nonsense', value: '1', says: 'apiEndpoint e: nonsense' },
];
const topKeys: readonly Key[] = [
  {
    key: 'http',
    says: 'http',
    inside: [
      { key: 'port', value: '80' },
      { key: 'backlog', value: '1', says: 'http: backlog' },
    ],
  },
  { key: 'https', says: 'https', inside: [{ key: 'port', value: '443' }] },
  {
    key: 'admin',
    says: 'admin',
    inside: [
      { key: 'port', value: '9876' },
      { key: 'x', value: '1', says: 'admin: x' },
    ],
  },
  { key: 'policies', value: '[jwt, unused]', says: 'policies' },
  { key: 'nonsense', value: '{ a: 1 }', says: 'nonsense' },
];

test('Express Gateway: everything is translated, approximated or left out, exactly once', () => {
  fc.assert(
    fc.property(
      someKeys(topKeys, 5),
      someKeys(endpointKeys, 4),
      fc.array(step, { maxLength: 4 }),
      fc.boolean(),
      (top, endpoint, steps, used) => {
        const lines: string[] = [];
        const sayings: Saying[] = [];
        const keys: Key[] = [
          ...top,
          { key: 'apiEndpoints', inside: [{ key: 'e', says: 'apiEndpoint e', inside: endpoint }] },
          {
            key: 'serviceEndpoints',
            inside: [
              { key: 's', inside: [{ key: 'url', value: "'http://127.0.0.1:3001'" }] },
              {
                key: 'idle',
                says: 'serviceEndpoint idle',
                inside: [{ key: 'url', value: "'http://127.0.0.1:1'" }],
              },
            ],
          },
        ];
        writtenYaml(keys, 0, lines, sayings);
        lines.push('pipelines:', '  p:', '    nonsense: 1');
        sayings.push([lines.length, 'pipeline p: nonsense']);
        lines.push(`    apiEndpoints: [${used ? 'e' : 'other'}]`, '    policies:');
        for (const { policy, condition, options } of steps) {
          lines.push(`      - ${policy}:`);
          sayings.push([lines.length, policy === 'proxy' ? 'policy proxy to*' : `policy ${policy}`]);
          lines.push('          - nonsense: 1');
          sayings.push([lines.length, `policy ${policy}: nonsense`]);
          if (condition !== '') lines.push(`            condition: ${condition}`);
          if (options.length > 0) lines.push('            action:');
          writtenYaml(options, 7, lines, sayings);
        }
        const source = lines.join('\n');
        const { report } = importExpressGateway(
          readYamlTree(source, 'gateway.config.yml'),
          undefined,
          'x.yml',
          {},
        );
        assertSaid(report, sayings, source);
        assert.ok(!JSON.stringify(report).includes('abc123'), source);
      },
    ),
    { numRuns: 1000 },
  );
});
