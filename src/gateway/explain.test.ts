import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { exchangeOnce } from '../../test/kit/raw-client.ts';
import { startRecordingTarget, type RecordingTarget } from '../../test/kit/recording-target.ts';
import { startGateway, type TestGateway } from '../../test/kit/start-gateway.ts';
import type { ConfigInput } from '../config/schema.ts';
import { builtInPolicies } from './built-in-policies.ts';
import { explainRequest, type Explanation } from './explain.ts';

interface Setting {
  readonly target: RecordingTarget;
  readonly running: TestGateway;
}

async function start(t: TestContext, config: (url: string) => ConfigInput): Promise<Setting> {
  const target = await startRecordingTarget(t);
  return { target, running: await startGateway(t, config(target.url)) };
}

function explain({ running }: Setting, head: string, peerIp = '127.0.0.1'): Promise<Explanation> {
  return explainRequest(running.gateway.config, { head, peerIp }, builtInPolicies);
}

/** Everything that routes, policies and headers can do to a request. */
const everything = (url: string): ConfigInput => ({
  trustedProxies: ['10.0.0.0/8'],
  upstreams: { service: url, two: { targets: [{ url, weight: 2 }] } },
  policies: [{ 'request-id': {} }, { headers: { request: { set: { 'x-client': '${client.ip}' } } } }],
  routes: [
    { path: '/users', stripPrefix: true, upstream: 'service' },
    {
      path: '/users/:id',
      method: ['GET', 'PUT'],
      rewrite: '/v2/${params.id}/x',
      upstream: 'service',
      policies: [{ headers: { request: { set: { 'x-id': '${params.id}' }, remove: ['accept'] } } }],
    },
    { path: { regex: '/v(?<version>[0-9]+)/.*' }, upstream: 'two', preserveHost: true },
    { path: '/trailers', upstream: 'service', trailers: ['x-checksum'] },
    { path: '/small', upstream: 'service', limits: { body: '1b' } },
    { path: '/private', upstream: 'service', policies: [{ 'ip-filter': { deny: ['127.0.0.0/8'] } }] },
    { path: '/gone', policies: [{ redirect: { to: '/users' } }] },
    { path: '/here', method: 'POST', policies: [{ respond: { status: 418, body: 'short' } }] },
    { path: '/encoded', allowEncodedSeparators: true, upstream: 'service' },
    { path: '/plain', upstream: 'service' },
    {
      path: '/cors',
      method: ['PUT'],
      upstream: 'service',
      policies: [{ cors: { origins: ['https://app.example'] } }],
    },
    { path: '/socket', websocket: false, upstream: 'service' },
  ],
});

/** Requests as clients send them, and worse. Each has its body, if any, behind its head. */
const samples = [
  'GET /users HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /users/1/2?x=1&y HTTP/1.1\r\nHost: a.example:80\r\nAccept: */*\r\nX_Under: 1\r\n\r\n',
  'GET /users/%7e1 HTTP/1.1\r\nHost: A.Example.\r\naccept: text/html\r\nCookie: a=1\r\n\r\n',
  'PUT /users/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
  'POST /users/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
  'DELETE /plain HTTP/1.1\r\nHost: a\r\nConnection: close, x-hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n\r\n',
  'HEAD /v1/x HTTP/1.1\r\nHost: shop.example:8080\r\n\r\n',
  'POST /v22/ HTTP/1.1\r\nHost: shop.example\r\n\r\n',
  'GET /trailers HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n',
  'GET /plain HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nX-Real-IP: 1.1.1.1\r\nVia: 1.1 other\r\n\r\n',
  'GET /plain HTTP/1.0\r\n\r\n',
  'GET /plain/../plain//./x HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /plain/a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /encoded/a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab',
  'GET /private HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /gone HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST /here HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /here HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /Users HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'GET /plain HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n',
  'GET /plain HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n',
  'OPTIONS /cors HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: PUT\r\n\r\n',
  'OPTIONS /cors HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: GET\r\n\r\n',
  'OPTIONS /cors HTTP/1.1\r\nHost: a\r\n\r\n',
  'OPTIONS /plain HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: PUT\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
  'PUT /cors HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example\r\nX-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n\r\n',
  'GET /plain HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  'GET http://other.example/plain HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET http://a/plain HTTP/1.1\r\nHost: a\r\nPriority: u=1\r\nX-Waygate-X: 1\r\n\r\n',
  'GET /users/%E2%9C%93/x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n',
  'POST /plain HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok',
  'POST /plain HTTP/1.1\r\nHost: a\r\nExpect: nonsense\r\nContent-Length: 2\r\n\r\nok',
  'TRACE /plain HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /plain HTTP/1.1\r\n\r\n',
  'GET /plain HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'GET /plain HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n',
  'NONSENSE /plain HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /plain HTTP/3.0\r\nHost: a\r\n\r\n',
];

/** What differs from one request to the next, or from one gateway to the next. */
function withoutIds(head: string): string {
  return head
    .replace(/^(Via: .* waygate-)[0-9a-f]{8}\r$/m, '$1…\r')
    .replace(/^(x-request-id: ).*\r$/im, '$1…\r');
}

describe('an explanation says what really happens', () => {
  test('to every kind of request: the same octets at the target, or the same refusal', async (t) => {
    const setting = await start(t, everything);
    let forwarded = 0;
    for (const sample of samples) {
      const [head = ''] = sample.split(/(?<=\r\n\r\n)/, 1);
      const { end } = await explain(setting, head);
      const before = setting.target.requests.length;
      const response = await exchangeOnce(t, setting.running.port, sample, {
        to: /^[A-Z]*/.exec(sample)?.[0] ?? '',
      });
      if (end.type !== 'forwarded') {
        const status = end.type === 'answered' ? end.reply.status : end.status;
        assert.equal(response.status, status, sample);
        assert.equal(setting.target.requests.length, before, sample);
        continue;
      }
      forwarded++;
      const connection = setting.target.connections.find(({ requests }) =>
        requests.includes(at(setting.target, before)),
      );
      const request = at(setting.target, before);
      const received = connection?.bytes.subarray(request.start).toString('latin1') ?? '';
      const [receivedHead = ''] = received.split(/(?<=\r\n\r\n)/, 1);
      assert.equal(withoutIds(end.head), withoutIds(receivedHead), sample);
    }
    assert.ok(forwarded >= 12, `${forwarded} of ${samples.length} were forwarded`);
  });
});

function at(target: RecordingTarget, index: number): RecordingTarget['requests'][number] {
  const request = target.requests[index];
  assert.ok(request !== undefined, `request ${index} has arrived`);
  return request;
}

describe('an explanation', () => {
  test('names the route, its parameters, and why the others lose', async (t) => {
    const setting = await start(t, everything);
    const { route, params, considered } = await explain(setting, 'GET /users/7 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(route, setting.running.gateway.config.routes[1]?.name);
    assert.deepEqual({ ...params }, { id: '7' });
    assert.equal(considered.filter(({ outcome }) => outcome === 'won').length, 1);
    assert.equal(considered.length, setting.running.gateway.config.routes.length);
  });

  test('says of each policy whether it lets the request pass', async (t) => {
    const setting = await start(t, (url) => ({
      upstreams: { service: url },
      policies: [{ 'request-id': {} }],
      routes: [
        {
          path: '/',
          upstream: 'service',
          policies: [{ 'ip-filter': { deny: ['192.0.2.0/24'] } }, { 'body-limit': { size: '1kb' } }],
        },
      ],
    }));
    const { policies, end } = await explain(setting, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', '192.0.2.1');
    assert.deepEqual(
      policies.map(({ name, from, verdict }) => [name, from, verdict]),
      [
        ['request-id', 'every route', 'passes'],
        ['ip-filter', 'route', 'answers'],
        ['body-limit', 'route', 'not reached'],
      ],
    );
    assert.notEqual(end.type, 'forwarded');
  });

  test('of a preflight is about the request that it asks for', async (t) => {
    const setting = await start(t, everything);
    const origin = 'Origin: https://app.example\r\nAccess-Control-Request-Method: PUT';
    const explanation = await explain(setting, `OPTIONS /cors HTTP/1.1\r\nHost: a\r\n${origin}\r\n\r\n`);
    const won = explanation.considered.find(({ outcome }) => outcome === 'won');
    assert.deepEqual([explanation.preflight, explanation.route, won?.name], [true, 'PUT /cors', 'PUT /cors']);
    assert.equal(explanation.end.type, 'answered');
  });

  test('takes the client from a trusted proxy', async (t) => {
    const setting = await start(t, everything);
    const head = 'GET /plain HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n';
    const explanation = await explain(setting, head, '10.0.0.1');
    assert.equal(explanation.clientIp, '192.0.2.7');
    assert.ok(explanation.end.type === 'forwarded');
    assert.match(explanation.end.head, /\r\nX-Forwarded-For: 192\.0\.2\.7, 10\.0\.0\.1\r\n/);
    assert.match(explanation.end.head, /\r\nx-client: 192\.0\.2\.7\r\n/i);
  });

  test('is the same each time', async (t) => {
    const setting = await start(t, everything);
    const head = 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n';
    assert.deepEqual(await explain(setting, head), await explain(setting, head));
  });

  test('sends nothing', async (t) => {
    const setting = await start(t, everything);
    await explain(setting, 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(setting.target.connections.length, 0);
  });
});
