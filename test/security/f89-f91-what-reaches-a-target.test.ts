import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openClient } from '../kit/raw-client.ts';
import type { RecordedRequest } from '../kit/request-parser.ts';
import { hostOf, identityOf, methodsOf, pathsOf, startAccessScene } from './access-scene.ts';
import type { AccessScene, GuardedTarget, Need } from './access-scene.ts';

/** A long run: `WAYGATE_RUNS=100000 WAYGATE_SEED=7 npx node --test test/security/f89-f91-what-reaches-a-target.test.ts`. */
const runs = Number(process.env['WAYGATE_RUNS'] ?? 1200);
const seed = Number(process.env['WAYGATE_SEED'] ?? Date.now() % 0x7fff_ffff);

/** What is done to a path: where, and with what. */
interface Twist {
  readonly at: number;
  readonly how: string;
}

/** One request of a client, good or bad. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly twists: readonly Twist[];
  /** Another path behind it, and what leads there. */
  readonly detour: readonly [way: string, path: string] | undefined;
  readonly suffix: string;
  readonly form: string;
  readonly host: string;
  readonly version: string;
  /** Which of the scene's tokens and keys; −1 is none. */
  readonly token: number;
  readonly key: number;
  readonly extras: readonly string[];
}

const paths = [
  ...[
    '/public/health',
    '/public/a',
    '/static/app.js',
    '/static/private',
    '/static/private/x',
    '/orders',
    '/orders/1',
    '/orders/1/2',
  ],
  ...[
    '/files/a.txt',
    '/files/a.pdf',
    '/files/a/b.txt',
    '/legacy',
    '/legacy/a',
    '/v1/users/7',
    '/v1/users/7/x',
    '/internal',
    '/',
    '/users/7',
  ],
];

/** What may leave the meaning of a path as it is, or lead elsewhere. */
const ways = [
  ...['escape', 'escape', 'escape', 'escape lower', 'escape lower'],
  ...['/', '//', '/./', '/x/../', '/x/%2e%2E/', '/../', '/%2e/', '/.%2e/'],
];
/** What most paths are refused for. */
const marks = [
  ...['escape twice', 'upper', 'cut', '/..;/', '/.;/', '/..%2f', '/%2e%2e%2f', '/%252e%252e/'],
  ...[
    '%2f',
    '%2F',
    '%5c',
    '%255c',
    '%252F',
    '\\',
    '%00',
    '%0d%0a',
    '%09',
    '%20',
    ' ',
    '%3f',
    '?',
    '#',
    '%23',
  ],
  ...[
    ';',
    ';x=/../',
    '%3b',
    '.',
    '..',
    '...',
    '%2e',
    '%',
    '%g',
    '%c0%af',
    '%c0%ae',
    '%e0%80%af',
    '%ef%bc%8f',
  ],
  ...['%c3%a9', '\xe9', '%u002f', '%7e', '~', '*', ':', '@', '|'],
];

const twist: fc.Arbitrary<Twist> = fc.record({
  at: fc.nat(40),
  how: fc.oneof(fc.constantFrom(...ways), fc.constantFrom(...marks)),
});

/** Mostly the first. */
function mostly<T>(first: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(first) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

const names = [
  ...[
    'X-Consumer',
    'x-consumer',
    'X_Consumer',
    'X.Consumer',
    'X~Consumer',
    'X-CONSUMER',
    'X-User-Email',
    'x.user.email',
    'X_USER_EMAIL',
  ],
  ...['X-Consumer-Id', 'x.consumer.groups', 'X-Gw-Consumer', 'X.Waygate.User', 'X-Waygate-Route'],
];
const overrides = [
  'X-HTTP-Method-Override',
  'x-http-method',
  'X-Method-Override',
  'X_HTTP_METHOD_OVERRIDE',
  'X.HTTP.Method.Override',
];
const urls = ['X-Original-URL', 'x-rewrite-url', 'X.Original.URL', 'X_Rewrite_Url'];

const extra = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...names).map((name) => `${name}: admin`) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...overrides), fc.constantFrom('POST', 'DELETE', 'GET', 'PUT'))
      .map((pair) => pair.join(': ')),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...urls), fc.constantFrom(...paths)).map((pair) => pair.join(': ')),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        'Connection: close, X-Consumer, x-user-email',
        'Connection: X-API-Key',
        'Connection: Authorization, Host',
        'Connection: x-consumer',
      ],
      ...[
        'X-Forwarded-For: 10.0.0.1',
        'X-Real-IP: 10.0.0.1',
        'Forwarded: for=10.0.0.1',
        'X.Forwarded.For: 10.0.0.1',
        'X-Forwarded-Host: admin.test',
      ],
      ...[
        'Origin: https://app.example\r\nAccess-Control-Request-Method: POST',
        'Access-Control-Request-Method: GET\r\nOrigin: null',
      ],
      ...[
        'Host: admin.test',
        'Content_Length: 5',
        'X-Forwarded-Prefix: /public',
        'Expect: 100-continue',
        'TE: trailers\r\nConnection: TE',
      ],
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ),
  },
);

const request: fc.Arbitrary<Asked> = fc.record({
  method: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE') },
    { weight: 2, arbitrary: fc.constantFrom('PUT', 'OPTIONS', 'PATCH', 'get', 'TRACE') },
  ),
  path: fc.constantFrom(...paths),
  twists: fc.oneof(fc.constant([]), fc.array(twist, { maxLength: 3 })),
  detour: fc.option(
    fc.tuple(
      fc.constantFrom('/..', '/../..', '/%2e%2e', '/.%2E/..', '//..', '/..;', '/..%2f..', ''),
      fc.constantFrom(...paths),
    ),
    { nil: undefined, freq: 2 },
  ),
  suffix: mostly('', '?', '?/../internal', '?x=/public/health', '/', '/..', '/.', ';a', '.json'),
  form: mostly(
    '',
    'http://api.test',
    'HTTP://API.TEST:80',
    'http://admin.test',
    'http://u@api.test',
    'x.',
    '*',
  ),
  host: mostly(
    'api.test',
    ...[
      'admin.test',
      'ADMIN.test.',
      'admin.test:8080',
      'a.tenant.test',
      'tenant.test',
      'api.test@admin.test',
    ],
    ...['admin.test, api.test', ''],
  ),
  version: mostly('1.1', '1.0'),
  token: fc.oneof(fc.constant(-1), fc.constant(0), fc.integer({ min: 1, max: 8 })),
  key: fc.oneof(fc.constant(-1), fc.constant(0), fc.integer({ min: 1, max: 5 })),
  extras: fc.oneof(fc.constant([]), fc.array(extra, { maxLength: 4 })),
});

const plain: Asked = {
  ...{
    method: 'GET',
    path: '/static/app.js',
    twists: [],
    detour: undefined,
    suffix: '',
    form: '',
    host: 'api.test',
  },
  ...{ version: '1.1', token: -1, key: -1, extras: [] },
};

/** What reaches a target when all is well: without these a gateway that lets nothing pass would be as good. */
const examples: Asked[] = [
  plain,
  { ...plain, path: '/public/health', extras: names.map((name) => `${name}: admin`) },
  { ...plain, path: '/public/a', token: 0 },
  { ...plain, path: '/static/private', key: 0 },
  { ...plain, method: 'DELETE', path: '/orders/1', key: 0, extras: ['X.HTTP.Method.Override: GET'] },
  { ...plain, method: 'HEAD', path: '/orders/1', token: 0 },
  { ...plain, path: '/legacy/a', key: 0 },
  { ...plain, path: '/v1/users/7', token: 0 },
  { ...plain, host: 'ADMIN.test.:80', path: '/internal', key: 0 },
  { ...plain, host: 'a.tenant.test', path: '/internal', token: 0 },
];

function twisted(path: string, twists: readonly Twist[]): string {
  let text = path;
  for (const { at, how } of twists) {
    const place = at % (text.length + 1);
    const char = text.charAt(place);
    const hex = char.charCodeAt(0).toString(16);
    const [before, behind] = [text.slice(0, place), text.slice(place + 1)];
    if (how.startsWith('escape') || how === 'upper' || how === 'cut') {
      if (char === '') continue;
      if (how === 'upper') text = before + char.toUpperCase() + behind;
      else if (how === 'cut') text = before + behind;
      else
        text = `${before}%${how === 'escape twice' ? '25' : ''}${how === 'escape' ? hex.toUpperCase() : hex}${behind}`;
    } else {
      text = before + how + text.slice(place);
    }
  }
  return text;
}

function textOf(scene: AccessScene, asked: Asked, probe: number): string {
  const { method, path, twists, detour, suffix, form, host, version, token, key, extras } = asked;
  const target = form === '*' ? '*' : form + twisted(path, twists) + (detour?.join('') ?? '') + suffix;
  let text = `${method} ${target} HTTP/${version}\r\nX-Probe: ${probe}\r\n`;
  if (host !== '') text += `Host: ${host}\r\n`;
  if (token >= 0) text += `Authorization: ${scene.tokens[token]}\r\n`;
  if (key >= 0) text += `X-API-Key: ${scene.keys[key]}\r\n`;
  for (const line of extras) text += `${line}\r\n`;
  return `${text}\r\n`;
}

/** Who the gateway must have found out is asking, by what the path needs. */
const consumers: Readonly<Record<Need, readonly string[]>> = {
  anyone: [],
  token: ['X-Consumer: alice', 'X-User-Email: alice@example.com'],
  key: ['X-Consumer: acme'],
  nobody: [],
};

function assertAllowed({ needOf }: GuardedTarget, received: RecordedRequest, asked: Asked): Need {
  const host = hostOf(received);
  const needs = methodsOf(received).flatMap((method) =>
    pathsOf(received).map((path) => needOf(host, method, path)),
  );
  const shown = `${received.method} ${received.target} for ${host}`;
  for (const need of needs) {
    const allowed = { anyone: true, token: asked.token === 0, key: asked.key === 0, nobody: false }[need];
    assert.ok(allowed, `${shown} needs ${need}`);
  }
  const [need = 'nobody'] = needs;
  assert.deepEqual(identityOf(received), consumers[need], `${shown}: who is asking`);
  return need;
}

test('F89, F91: whatever reaches a target has passed the policies of the path that the target sees, and only we say who is asking', async (t) => {
  const scene = await startAccessScene(t);
  t.diagnostic(`WAYGATE_SEED=${seed} WAYGATE_RUNS=${runs}`);
  const reached = new Map<string, number>();
  let probe = 0;
  const property = fc.asyncProperty(request, async (asked) => {
    probe++;
    const client = await openClient(scene.gateway.port);
    await client.send(textOf(scene, asked, probe));
    const outcome = await client.outcome({ to: asked.method });
    client.destroy();
    assert.ok(outcome.kind === 'response' || outcome.kind === 'closed', outcome.kind);
    let forwarded = 0;
    for (const guarded of scene.targets) {
      for (const received of guarded.target.requests) {
        assert.equal(received.header('x-probe'), String(probe), 'a target gets the request that was sent');
        const need = assertAllowed(guarded, received, asked);
        reached.set(need, (reached.get(need) ?? 0) + 1);
        forwarded++;
      }
      assert.deepEqual(guarded.target.irregularities, []);
      guarded.target.forget();
    }
    assert.ok(forwarded <= 1, 'once');
    if (forwarded === 0) reached.set('refused', (reached.get('refused') ?? 0) + 1);
    if (examples.includes(asked)) assert.equal(forwarded, 1, 'what is allowed passes');
  });
  await fc.assert(property, {
    seed,
    numRuns: runs,
    examples: examples.map((each): [Asked] => [each]),
    endOnFailure: false,
  });
  t.diagnostic(`reached: ${JSON.stringify(Object.fromEntries(reached))}`);
  for (const kind of ['anyone', 'token', 'key', 'refused']) assert.ok((reached.get(kind) ?? 0) > 0, kind);
});
