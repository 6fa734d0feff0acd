import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { z } from 'zod';
import { definePolicy } from '../../src/core/policy.ts';
import type { Gateway } from '../../src/gateway/gateway-options.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import type { MountOptions } from '../../src/mount/mount.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { appKinds, startMount, type Before } from '../kit/mounted-apps.ts';
import { openClient } from '../kit/raw-client.ts';
import { startRecordingTarget, type RecordingTarget } from '../kit/recording-target.ts';
import type { RecordedRequest } from '../kit/request-parser.ts';

/** A long run: `WAYGATE_RUNS=20000 WAYGATE_SEED=7 npx node --test test/security/mounts-against-the-wire.test.ts`. */
const runs = Number(process.env['WAYGATE_RUNS'] ?? 250);
const seed = Number(process.env['WAYGATE_SEED'] ?? 1);

/*
 * The same octets are sent to a gateway of its own and to one mounted in each kind of app. What reaches a service through an app
 * must reach it through the gateway of its own, word for word: method, path, who is asking, and the body.
 *
 * What differs by nature, and always towards less or towards the same request later on the same connection:
 * - Node's parser refuses some heads before the mount sees them, and some methods; Fastify has routes for fewer methods.
 * - Node goes on with a connection after a request that the mount has refused; a gateway of its own closes it. So the requests
 *   that stand behind in their own right, `follower` and `last`, may be there through an app alone. Whatever stands in a body must not.
 * - Node overlooks a second space in front of the version, which nobody can tell later; none is sent here.
 * - A request without Host, or with another expectation, is answered by Node, which takes what it has read behind it for requests; none is sent here.
 * - Node hands over a connection with `Upgrade` for good, and never reads another request there.
 */

interface Asked {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly host: string;
  readonly lines: readonly string[];
  readonly framing: string;
}

const smuggled = 'GET /api/smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n';
const follower = 'POST /api/follower HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n\r\nhi';
const last = 'GET /api/last HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n';
/**
 * Ends connections that wait for more: what was announced and has not come is found here, and what is left is no request. It is sent
 * late, for Node gives up answers under way when it meets something that is none.
 */
const filler = `${'z'.repeat(400)}\r\n\r\n`;

/** By name: the lines of the head, and what stands behind it. */
const framings: Readonly<Record<string, readonly [lines: string, body: string]>> = {
  none: ['', ''],
  length: [`Content-Length: ${smuggled.length}\r\n`, smuggled],
  'length too short': ['Content-Length: 0\r\n', smuggled],
  'length too long': [`Content-Length: ${smuggled.length + 20}\r\n`, smuggled],
  'length with zeros': [`Content-Length: 00${smuggled.length}\r\n`, smuggled],
  'length twice': [`Content-Length: ${smuggled.length}\r\n`.repeat(2), smuggled],
  'two lengths': [`Content-Length: ${smuggled.length}\r\nContent-Length: 0\r\n`, smuggled],
  'length with a sign': [`Content-Length: +${smuggled.length}\r\n`, smuggled],
  chunked: ['Transfer-Encoding: chunked\r\n', chunk(smuggled, '')],
  'chunked, in other letters': ['TRANSFER-ENCODING:\tChunked \r\n', chunk(smuggled, '')],
  'chunked, with extensions': ['Transfer-Encoding: chunked\r\n', chunk(smuggled, ';a=b')],
  'chunked, with a bad size': ['Transfer-Encoding: chunked\r\n', chunk(smuggled, '_0')],
  'chunked, with trailers': [
    'Transfer-Encoding: chunked\r\nTrailer: X-Consumer\r\n',
    '0\r\nX-Consumer: root\r\nContent-Length: 5\r\nX-Trailer: 1\r\n\r\n',
  ],
  'chunked and length': [
    `Transfer-Encoding: chunked\r\nContent-Length: ${smuggled.length}\r\n`,
    `0\r\n\r\n${smuggled}`,
  ],
  'length and chunked': [`Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${smuggled}`],
  'identity and chunked': ['Transfer-Encoding: identity, chunked\r\n', `0\r\n\r\n${smuggled}`],
  'chunked twice': ['Transfer-Encoding: chunked\r\n'.repeat(2), `0\r\n\r\n${smuggled}`],
  'chunked with underscore': ['Transfer_Encoding: chunked\r\n', ''],
  'length with underscore': [`Content_Length: ${smuggled.length}\r\n`, ''],
};

function chunk(text: string, mark: string): string {
  return `${text.length.toString(16)}${mark}\r\n${text}\r\n0\r\n\r\n`;
}

/** What a client may send; most of it must not get through. */
const soundLines = `
X-Consumer: root|x-consumer: root|X_Consumer: root|X.Consumer: root|X-Consumer-Id: root|X-Waygate-A: 1|X-Gw-A: 1
X-API-Key: good|X-API-Key: good|X-API-Key: good|X-API-Key: bad|X_API_Key: good|X-API-Key:|X-HTTP-Method-Override: DELETE
X-Forwarded-For: 6.6.6.6|X-Forwarded-Host: evil.test|X-Forwarded-Proto: https|X-Forwarded-Prefix: /evil|X-Real-IP: 6.6.6.6
Forwarded: for=6.6.6.6|X-Forwarded_For: 6.6.6.6|Via: 1.1 a|X-A: 1|X-A: 2|x-a:|User-Agent: a|User-Agent: b|Referer: a
Connection: X-Consumer, X-Forwarded-For, Host, Via|Connection: X-A, keep-alive|Connection: X-API-Key|Connection:
Connection: Authorization, Cookie|Connection: Content-Length|Connection: Transfer-Encoding|Proxy-Connection: close
Keep-Alive: 1|Authorization: Bearer a|Proxy-Authorization: c|Cookie: a=1|Cookie: b=2|Content-Type: a/b|Content-Type: c/d
__proto__: x|constructor: x|hasOwnProperty: x|X-Lat: \xe9\xff|X-Tab:\ta\tb\t|If-Match: a|If-Match: b|Set-Cookie: a=1
Set-Cookie: b=2|TE: trailers|Trailer: X-A|Expect: 100-continue|Upgrade: h2c|X-Long: ${'x'.repeat(100)}`
  .trim()
  .split(/[|\n]/);
const oddLines = [
  ...['Connection: close', 'Connection: Upgrade', 'Upgrade: websocket', 'Authorization: Bearer b'],
  ...[
    ' X-Fold: a',
    '\tfold',
    'X-Nul: a\0b',
    'Expect: 100-continue\r\nExpect: other',
    'X-A : b',
    ': b',
    'no colon',
  ],
  ...['X-A: b\rX-Consumer: root', 'X-A: b\nX-Consumer: root'],
];

const plain: Asked = {
  method: 'POST',
  target: '/api/x',
  version: 'HTTP/1.1',
  host: 'Host: app.test',
  lines: [],
  framing: 'none',
};
/** What is tried each time. */
const examples: readonly Asked[] = [
  ...Object.keys(framings).map((framing) => ({ ...plain, framing })),
  ...oddLines.map((line) => ({ ...plain, lines: [line], framing: 'length' })),
  ...['HTTP/1.0', 'HTTP/2.0'].map((version) => ({ ...plain, version, framing: 'chunked' })),
];

const asked: fc.Arbitrary<Asked> = fc.record({
  method: mostly(
    fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
    fc.constantFrom('HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'QUERY', 'PROPFIND', 'get', 'FOO', 'CONNECT'),
  ),
  target: mostly(
    fc.constantFrom('/api/x', '/key/x', '/api/a/b?c=d', '/api/%7Ex', '/api/../key/x', '/key/%2e%2e/api/x'),
    fc.constantFrom(
      ...['/api//x', '//evil.test/api/x', '/api/a%2fb', '/api\\x', '/api/%00', '/api/x#y', '/api/x?y#z', '*'],
      ...['/API/x', '/api;x', '/api/\xe9', '/api/%c3%a9', '/ap%69/x', '/k%65y/x', '/api/.%2e/key/x', '', '/'],
      ...[
        'http://app.test/api/x',
        'http://evil.test/api/x',
        'HTTP://APP.TEST/key/x',
        'https://app.test/api/x',
      ],
      ...['http://a@app.test/api', 'app.test:80', '/api/x?%0d%0aX-Consumer:%20root', '/key/x/../../api'],
    ),
  ),
  version: mostly(fc.constant('HTTP/1.1'), fc.constantFrom('HTTP/1.0', 'HTTP/1.2', 'http/1.1', 'HTTP/2.0')),
  host: mostly(
    fc.constant('Host: app.test'),
    fc.constantFrom(
      'Host: app.test\r\nHost: evil.test',
      'Host: app.test, evil.test',
      'Host: a@b',
      'Host:',
      'host: APP.test.:80',
    ),
  ),
  lines: fc.array(mostly(fc.constantFrom(...soundLines), fc.constantFrom(...oddLines)), { maxLength: 6 }),
  framing: mostly(fc.constantFrom('none', 'length', 'chunked'), fc.constantFrom(...Object.keys(framings))),
});

function mostly<T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 7, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

function onTheWire({ method, target, version, host, lines, framing }: Asked): string {
  const [framed, body] = framings[framing] ?? ['', ''];
  const head = [`${method} ${target} ${version}`, host, ...lines].filter((line) => line !== '').join('\r\n');
  return `${head}\r\n${framed}\r\n${body}`;
}

/** Knows one key, so that there is somebody to pass for. */
const key = definePolicy({
  name: 'key',
  description: 'Wants a key.',
  options: z.strictObject({}),
  authenticates: true,
  create: () => ({
    onRequest(exchange) {
      if (exchange.request.headers.get('x-api-key') !== 'good') return { status: 401 };
      exchange.consumer = { id: 'ann' };
      return undefined;
    },
  }),
});

const options: Partial<MountOptions> = { policies: [key] };

function configOf(url: string): NonNullable<MountOptions['config']> {
  return {
    upstreams: { service: url },
    routes: [
      { name: 'api', path: '/api', upstream: 'service' },
      { name: 'key', path: '/key', upstream: 'service', policies: [{ key: {} }] },
    ],
    identity: { headers: { 'X-Consumer': '${consumer.id}' } },
    overload: { eventLoopDelay: 0, memory: 0 },
  };
}

/** A gateway, wherever it is, and its service. */
interface Way {
  readonly name: string;
  readonly port: number;
  readonly gateway: Gateway;
  readonly target: RecordingTarget;
}

async function ownGateway(t: TestContext): Promise<Way> {
  const target = await startRecordingTarget(t);
  const gateway = await createGateway({
    ...options,
    config: { ...configOf(target.url), listen: { host: '127.0.0.1', port: 0 } },
    accessLog: false,
    logger: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  });
  onFinish(t, 'gateways', () => gateway.close());
  return { name: 'its own', port: gateway.addresses[0]?.port ?? 0, gateway, target };
}

const nothing = (): void => undefined;

/** An app that believes everybody: what it takes for the client's address is no business of the gateway. */
const trusting: Before = (request, _response, next) => {
  const { app } = request as { readonly app?: { set(name: string, value: unknown): void } };
  app?.set('trust proxy', true);
  next();
};

async function ways(t: TestContext): Promise<readonly Way[]> {
  const mounted = appKinds.map(async (kind) => {
    const service = await startRecordingTarget(t);
    const scene = await startMount(t, kind, { before: [trusting], config: configOf(service.url), options });
    return { name: kind.name, port: scene.port, gateway: await scene.ready, target: service };
  });
  return Promise.all([ownGateway(t), ...mounted]);
}

/** What has come to the service, once everything is over. */
async function ask({ name, port, gateway, target }: Way, bytes: string): Promise<readonly string[]> {
  const client = await openClient(port);
  await client.send(bytes);
  let octets = -1;
  while (!client.isClosed && octets !== client.receivedLength + target.receivedLength) {
    octets = client.receivedLength + target.receivedLength;
    await Promise.race([client.closed, sleep(100)]);
  }
  await client.send(filler);
  await client.ending();
  client.destroy();
  await eventually(() => gateway.stats.inFlight === 0, `nothing is under way in ${name}`);
  const heads = target.requests.map(inWords);
  // What a service has got a part of, and never the end, it does not act on; but it has seen who is asking.
  for (const one of heads) assertIdentity(one, name);
  const seen = target.completeRequests.map(inWords);
  assert.deepEqual(target.irregularities, []);
  target.forget();
  return seen;
}

function assertIdentity(one: string, name: string): void {
  const [line = '', ...lines] = one.split('\n');
  const wanted = / \/key(?:\/|$)/.test(line) ? ['x-consumer: ann'] : [];
  assert.deepEqual(
    lines.filter((other) => /^x.consumer/.test(other)),
    wanted,
    `${name}: ${one}`,
  );
}

/** What counts for a service. The host is that of the target, and `Via` names the gateway. */
function inWords(request: RecordedRequest): string {
  const lines = request.headers
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    .filter((line) => !/^(host|via|connection|content-length|transfer-encoding):/.test(line))
    .toSorted((a, b) => a.localeCompare(b));
  return [`${request.method} ${request.target}`, ...lines, request.body.toString('latin1')].join('\n');
}

/** Fastify answers other methods itself: no mount sees the request, and what is behind it is what Node takes it for. */
const routed: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What stands behind the request in its own right. */
const inItsOwnRight = /^(?:POST \/api\/follower|GET \/api\/last)\n/;

test('what reaches a service through an app reaches it through a gateway of its own, word for word', async (t) => {
  const [own, ...mounts] = await ways(t);
  assert.ok(own);
  let compared = 0;
  let refusedByNature = 0;
  await fc.assert(
    fc.asyncProperty(asked, async (request) => {
      const bytes = onTheWire(request) + follower + last;
      const [expected = [], ...others] = await Promise.all([own, ...mounts].map((way) => ask(way, bytes)));
      for (const [at, seen] of others.entries()) {
        const { name } = mounts[at] ?? own;
        for (const one of seen) {
          if (expected.includes(one)) compared++;
          else if (name !== 'Fastify' || routed.has(request.method))
            assert.match(one, inItsOwnRight, `through ${name}, and not through a gateway of its own: ${one}`);
        }
        if (seen.length < expected.length) refusedByNature++;
      }
    }),
    { numRuns: runs, seed, examples: examples.map((example): [Asked] => [example]), verbose: 1 },
  );
  t.diagnostic(
    `seed ${seed}: ${compared} requests alike, ${refusedByNature} connections with fewer through an app`,
  );
  assert.ok(compared > runs);
});
