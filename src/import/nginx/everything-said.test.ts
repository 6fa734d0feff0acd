import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertSaid, type Saying } from '../../../test/kit/said-once.ts';
import { importNginx } from './import-nginx.ts';
import { parseNginx } from './parse-nginx.ts';

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
