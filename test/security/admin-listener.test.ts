import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer, request } from 'node:http';
import { test, type TestContext } from 'node:test';
import { listen } from '../kit/listen.ts';
import { findProgram, needs } from '../kit/needs.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { freePorts } from '../kit/running-program.ts';
import { routeTo, startGateway, type TestGateway } from '../kit/start-gateway.ts';

const token = 'canary-token-of-the-admin';
const bearer = { authorization: `Bearer ${token}` };

function adminUrl({ gateway }: TestGateway): string {
  const address = gateway.adminAddress;
  assert.ok(address !== undefined);
  return `http://${address.host}:${address.port}`;
}

/** Node's own client: `fetch` sends `Sec-Fetch-*`, as a page would. */
function get(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
    })
      .on('error', reject)
      .end();
  });
}

test('F198 nothing of the admin listener is served where clients connect', async (t) => {
  const target = await startRecordingTarget(t);
  const running = await startGateway(t, {
    admin: { port: 0 },
    upstreams: { service: target.url },
    routes: [{ path: '/api', upstream: 'service' }],
  });
  for (const path of ['/metrics', '/healthz', '/readyz', '/config', '/health']) {
    const response = await exchangeOnce(t, running.port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    assert.equal(response.status, 404, path);
  }
  assert.equal(target.requests.length, 0);
});

test('F190 an upstream that points at the admin listener serves nothing', async (t) => {
  const { ADMIN: port } = await freePorts('ADMIN');
  const running = await startGateway(t, {
    admin: { port: Number(port) },
    ...routeTo({ url: `http://127.0.0.1:${port}` }),
  }).catch((error: unknown) => {
    // A configuration that is refused for it is as good.
    assert.match(String(error), /admin/);
  });
  if (running === undefined) return;
  for (const path of ['/metrics', '/config', '/healthz']) {
    for (const host of ['localhost', `127.0.0.1:${port}`]) {
      const response = await exchangeOnce(t, running.port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.notEqual(response.status, 200, path);
    }
  }
});

test('F195 no secret is shown by any page, nor by the log', async (t) => {
  const running = await startGateway(t, {
    admin: { port: 0, token },
    routes: [
      {
        path: '/',
        policies: [
          { headers: { request: { set: { authorization: 'Basic canary', 'x-api-key': 'canary' } } } },
          { respond: { status: 200, headers: { 'set-cookie': 'session=canary' } } },
        ],
      },
    ],
  });
  const lines = [
    'GET /?token=canary&access_token=canary HTTP/1.1',
    'Host: a',
    'Authorization: Bearer canary',
    'Cookie: session=canary',
    'X-Api-Key: canary',
  ];
  await exchangeOnce(t, running.port, `${lines.join('\r\n')}\r\n\r\n`);
  await running.record(0);
  const url = adminUrl(running);
  for (const path of ['/metrics', '/config', '/healthz', '/readyz', '/nothing']) {
    const { body } = await get(url + path, bearer);
    assert.doesNotMatch(body, /canary/, path);
  }
  assert.equal((await get(`${url}/config`, bearer)).status, 200);
  assert.doesNotMatch(JSON.stringify(running.lines), /canary/);
});

test('a new token takes the place of the old one at a reload', async (t) => {
  const { ADMIN: port } = await freePorts('ADMIN');
  const admin = { port: Number(port), token };
  const running = await startGateway(t, {
    admin,
    routes: [{ path: '/', policies: [{ respond: { status: 204 } }] }],
  });
  assert.equal((await get(`${adminUrl(running)}/config`, bearer)).status, 200);
  admin.token = 'another-token-of-the-admin';
  assert.deepEqual((await running.gateway.reload()).ok, true);
  assert.equal((await get(`${adminUrl(running)}/config`, bearer)).status, 401);
});

test('readyz is 503 and healthz 200 while the gateway drains', async (t) => {
  const target = createServer();
  const { port } = await listen(target);
  t.after(() => target.close());
  const running = await startGateway(t, {
    admin: { port: 0 },
    drain: { accept: '1s', timeout: '1s' },
    ...routeTo({ url: `http://127.0.0.1:${port}` }),
  });
  const url = adminUrl(running);
  assert.equal((await get(`${url}/readyz`)).status, 200);
  void running.gateway.drain();
  const { status, body } = await get(`${url}/readyz`);
  assert.deepEqual([status, JSON.parse(body)], [503, { ready: false, reason: 'draining' }]);
  assert.equal((await get(`${url}/healthz`)).status, 200);
});

test('what a gateway counts is what promtool wants', { skip: needs('promtool') }, async (t) => {
  const running = await trafficOf(t);
  const { body } = await get(`${adminUrl(running)}/metrics`);
  assert.match(body, /^waygate_requests_total\{route="\/",method="GET",status="2xx"\} 1$/m);
  const promtool = findProgram('promtool') ?? 'promtool';
  assert.equal(
    execFileSync(promtool, ['check', 'metrics'], { input: body, encoding: 'utf8', stdio: 'pipe' }),
    '',
  );
});

test('F197 whatever clients send, the series stay the same', async (t) => {
  const running = await trafficOf(t);
  const series = (): number =>
    running.gateway
      .metrics()
      .split('\n')
      .filter((line) => /^waygate_.*\{/.test(line)).length;
  for (let i = 0; i < 3; i++) {
    for (const method of ['GET', 'PROPFIND', 'REPORT', 'NONSENSE', 'get']) {
      await exchangeOnce(
        t,
        running.port,
        `${method} /p${i}/${Math.random()} HTTP/1.1\r\nHost: h${i}.example\r\n\r\n`,
      );
    }
    if (i === 0) continue;
    assert.ok(series() < 120, `${series()} series`);
  }
  const before = series();
  for (let i = 0; i < 20; i++) {
    await exchangeOnce(
      t,
      running.port,
      `GET /q${i} HTTP/1.1\r\nHost: q${i}.example\r\nUser-Agent: ${i}\r\n\r\n`,
    );
  }
  assert.equal(series(), before);
});

async function trafficOf(t: TestContext): Promise<TestGateway> {
  const target = await startRecordingTarget(t);
  const running = await startGateway(t, { admin: { port: 0 }, ...routeTo(target) });
  await exchangeOnce(t, running.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await running.record(0);
  return running;
}
