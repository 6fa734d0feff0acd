import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { connectClient, exchangeOnce } from '../../test/kit/raw-client.ts';
import { startRecordingTarget } from '../../test/kit/recording-target.ts';
import type { RecordedRequest } from '../../test/kit/request-parser.ts';
import { startGateway } from '../../test/kit/start-gateway.ts';

/** What a target gets of a request, as text; ports and the gateway's own name are made the same for each run. */
async function outgoing(
  t: TestContext,
  bytes: string,
  route: object = {},
  config: object = {},
): Promise<string> {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [{ path: '/', upstream: 'service', ...route }],
    ...config,
  });
  const client = await connectClient(t, gateway.port);
  await client.send(bytes);
  await target.request(0);
  client.destroy();
  const [connection] = target.connections;
  return (connection?.bytes.toString('latin1') ?? '')
    .replaceAll(target.address, 'target.test')
    .replace(/waygate-[0-9a-f]{8}/, 'waygate');
}

async function received(t: TestContext, bytes: string, route: object = {}): Promise<RecordedRequest> {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [{ path: '/', upstream: 'service', ...route }],
  });
  await exchangeOnce(t, gateway.port, bytes);
  return target.request(0);
}

const forwarded = [
  'X-Forwarded-For: 127.0.0.1',
  'X-Real-IP: 127.0.0.1',
  'X-Forwarded-Proto: http',
  'X-Forwarded-Host: api.test:8080',
];

function lines(...text: readonly string[]): string {
  return text.map((line) => `${line}\r\n`).join('');
}

describe('a request as it leaves for a target', () => {
  it('is what the client sent, with our lines behind it and the target as its Host', async (t) => {
    const asked = lines(
      'GET /a/./b?x=%41 HTTP/1.1',
      'Host: API.test:8080',
      'accept: */*',
      'X-Two:  a ',
      'X-Two: b',
      '',
    );
    assert.equal(
      await outgoing(t, asked),
      lines(
        'GET /a/b?x=%41 HTTP/1.1',
        'Host: target.test',
        'accept: */*',
        'X-Two: a',
        'X-Two: b',
        'Via: 1.1 waygate',
        ...forwarded,
        '',
      ),
    );
  });

  it('has a body of known length as such, and one in chunks in chunks', async (t) => {
    const head = ['POST / HTTP/1.1', 'Host: api.test:8080'];
    assert.equal(
      await outgoing(t, `${lines(...head, 'Content-Length: 5', '')}hello`),
      `${lines(head[0] ?? '', 'Host: target.test', 'Content-Length: 5', 'Via: 1.1 waygate', ...forwarded, '')}hello`,
    );
    assert.equal(
      await outgoing(t, `${lines(...head, 'Transfer-Encoding: chunked', '')}5;ext=1\r\nhello\r\n0\r\n\r\n`),
      `${lines(head[0] ?? '', 'Host: target.test', 'Transfer-Encoding: chunked', 'Via: 1.1 waygate', ...forwarded, '')}5\r\nhello\r\n0\r\n\r\n`,
    );
  });

  it('says that there is no body where one is usual', async (t) => {
    for (const [method, length] of [
      ['GET', undefined],
      ['DELETE', undefined],
      ['POST', '0'],
      ['PUT', '0'],
      ['PATCH', '0'],
    ] as const) {
      const request = await received(t, lines(`${method} / HTTP/1.1`, 'Host: a', ''));
      assert.equal(request.header('content-length'), length, method);
    }
  });

  it('keeps the Host of the client when the route says so', async (t) => {
    const asked = lines('GET / HTTP/1.1', 'Host: API.test:8080', '');
    assert.equal((await received(t, asked, { preserveHost: true })).header('host'), 'api.test:8080');
  });

  it('has the path without the prefix, or the one that the route writes', async (t) => {
    for (const [route, path, expected] of [
      [{ path: '/users', stripPrefix: true }, '/users', '/'],
      [{ path: '/users', stripPrefix: true }, '/users/', '/'],
      [{ path: '/users', stripPrefix: true }, '/users/1?x=/users/2', '/1?x=/users/2'],
      [{ path: '/', stripPrefix: true }, '/a/b', '/a/b'],
      [{ path: '/users/:id', rewrite: '/v2/${params.id}/profile' }, '/users/7?y', '/v2/7/profile?y'],
      [{ path: '/users/:id', rewrite: '/v2/${params.id}' }, '/users/a%20b', '/v2/a%20b'],
    ] as const) {
      const request = await received(t, lines(`GET ${path} HTTP/1.1`, 'Host: a', ''), route);
      assert.equal(request.target, expected, path);
    }
  });

  it('names the client in the style of the configuration', async (t) => {
    const asked = lines(
      'GET / HTTP/1.1',
      'Host: api.test:8080',
      'X-Forwarded-For: 9.9.9.9',
      'Forwarded: for=9.9.9.9',
      '',
    );
    const forwardedLine = 'Forwarded: for=127.0.0.1;host="api.test:8080";proto=http';
    for (const [style, expected] of [
      ['x-forwarded', forwarded],
      ['forwarded', [forwardedLine]],
      ['both', [...forwarded, forwardedLine]],
    ] as const) {
      const text = await outgoing(t, asked, {}, { forwarded: style });
      assert.deepEqual(text.split('\r\n').slice(3, -2), expected, style);
    }
  });

  it('adds a trusted proxy to the chain that it tells', async (t) => {
    const asked = lines(
      'GET / HTTP/1.1',
      'Host: api.test:8080',
      'X-Forwarded-For: 9.9.9.9, 10.0.0.7',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: www.test',
      'X-Forwarded-Port: 443',
      '',
    );
    const config = { trustedProxies: ['127.0.0.1', '10.0.0.0/8'] };
    const text = await outgoing(t, asked, {}, config);
    assert.deepEqual(text.split('\r\n').slice(2, -2).toSorted(), [
      'Via: 1.1 waygate',
      'X-Forwarded-For: 9.9.9.9, 10.0.0.7, 127.0.0.1',
      'X-Forwarded-Host: www.test',
      'X-Forwarded-Port: 443',
      'X-Forwarded-Proto: https',
      'X-Real-IP: 9.9.9.9',
    ]);
  });

  it('adds itself to Via behind those who were there before', async (t) => {
    const request = await received(t, lines('GET / HTTP/1.0', 'Host: a', 'Via: 1.1 first, 1.0 second', ''));
    const [before, own] = request.all('via');
    assert.equal(before, '1.1 first, 1.0 second');
    assert.match(own ?? '', /^1\.0 waygate-[0-9a-f]{8}$/);
  });
});
