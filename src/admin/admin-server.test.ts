import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, test } from 'node:test';
import { listen } from '../../test/kit/listen.ts';
import type { Clock } from '../core/clock.ts';
import { AdminGate } from './admin-gate.ts';
import { type AdminOptions, type AdminServer, startAdmin } from './admin-server.ts';

const token = 'a-token-that-nobody-guesses';
let open: AdminServer | undefined;
let logged: { fields: Readonly<Record<string, unknown>>; message: string }[] = [];

afterEach(async () => {
  await open?.close();
  open = undefined;
  logged = [];
});

async function start(options: Partial<AdminOptions> = {}): Promise<AdminServer> {
  const note = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    logged.push({ fields, message });
  };
  open = await startAdmin({
    host: '127.0.0.1',
    port: 0,
    token: undefined,
    logger: { debug: note, info: note, warn: note, error: note },
    metrics: () => '# HELP up x\n',
    ready: () => ({ ready: true, reason: undefined }),
    config: () => ({ version: '1', config: { admin: { token } } }),
    routes: () => ['shop'],
    purge: () => Promise.resolve('here'),
    ...options,
  });
  return open;
}

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends a request as raw text, so that no client library mends what a test breaks. */
async function ask(server: AdminServer, line: string, headers: readonly string[] = []): Promise<Answer> {
  const hasHost = headers.some((header) => /^host:/i.test(header));
  const lines = [
    line,
    ...(hasHost ? [] : [`Host: localhost:${server.address.port}`]),
    'Connection: close',
    ...headers,
  ];
  const socket = connect(server.address.port, server.address.host);
  await once(socket, 'connect');
  // Written, but not ended: a half-closed request must be answered all the same.
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const received = await text(socket);
  const [head = '', body = ''] = received.split(/\r\n\r\n([\s\S]*)/);
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0), head: head.toLowerCase(), body };
}

describe('the pages', () => {
  test('metrics come in the text format of Prometheus', async () => {
    const answer = await ask(await start(), 'GET /metrics HTTP/1.1');
    assert.equal(answer.status, 200);
    assert.match(answer.head, /content-type: text\/plain; version=0\.0\.4; charset=utf-8/);
    assert.equal(answer.body, '# HELP up x\n');
  });

  test('healthz says that the process lives, whether it is ready or not', async () => {
    const server = await start({ ready: () => ({ ready: false, reason: 'draining' }) });
    const answer = await ask(server, 'GET /healthz HTTP/1.1');
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [200, { alive: true }]);
  });

  test('readyz is 503 with the reason while the gateway is not ready', async () => {
    const server = await start({ ready: () => ({ ready: false, reason: 'draining' }) });
    const answer = await ask(server, 'GET /readyz HTTP/1.1');
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [503, { ready: false, reason: 'draining' }]);
  });

  test('readyz is 200 once it is ready', async () => {
    const answer = await ask(await start(), 'GET /readyz HTTP/1.1');
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [200, { ready: true }]);
  });

  test('config shows the running configuration with its secrets masked', async () => {
    const answer = await ask(await start(), 'GET /config HTTP/1.1');
    assert.equal(answer.status, 200);
    assert.deepEqual(JSON.parse(answer.body), { version: '1', config: { admin: { token: '***' } } });
  });

  test('a query string is ignored', async () => {
    assert.equal((await ask(await start(), 'GET /healthz?verbose=1 HTTP/1.1')).status, 200);
  });

  test('everything else is 404', async () => {
    const server = await start();
    for (const target of [
      '/',
      '/metrics/',
      '/METRICS',
      '//metrics',
      '/..%2fmetrics',
      '/__proto__',
      'http://x/metrics',
    ]) {
      assert.equal((await ask(server, `GET ${target} HTTP/1.1`)).status, 404, target);
    }
  });

  test('methods that write are 405, with what is allowed', async () => {
    const server = await start();
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
      const answer = await ask(server, `${method} /config HTTP/1.1`);
      assert.equal(answer.status, 405, method);
      assert.match(answer.head, /allow: get, head/);
    }
  });

  test('HEAD answers without a body', async () => {
    const answer = await ask(await start(), 'HEAD /metrics HTTP/1.1');
    assert.deepEqual([answer.status, answer.body], [200, '']);
  });

  test('nothing is cached, sniffed or framed, whatever the answer', async () => {
    const server = await start();
    for (const target of ['/metrics', '/config', '/nothing']) {
      const { head } = await ask(server, `GET ${target} HTTP/1.1`);
      assert.match(head, /cache-control: no-store/);
      assert.match(head, /x-content-type-options: nosniff/);
      assert.match(head, /content-security-policy: default-src 'none'/);
    }
  });

  test('a page that throws is a 500 without the reason, which is logged', async () => {
    const server = await start({
      metrics: () => {
        throw new Error('internals');
      },
    });
    const answer = await ask(server, 'GET /metrics?token=canary HTTP/1.1');
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.body, /internals/);
    assert.equal(logged[0]?.message, 'the admin listener failed to answer');
    assert.doesNotMatch(JSON.stringify(logged), /canary/);
  });
});

describe('F190 the admin listener answers only who may ask', () => {
  test('without the token: 401, except for the probes', async () => {
    const server = await start({ token });
    for (const target of ['/metrics', '/config', '/nothing', '/']) {
      const answer = await ask(server, `GET ${target} HTTP/1.1`);
      assert.equal(answer.status, 401, target);
      assert.match(answer.head, /www-authenticate: bearer/);
    }
    assert.equal((await ask(server, 'GET /healthz HTTP/1.1')).status, 200);
    assert.equal((await ask(server, 'GET /readyz HTTP/1.1')).status, 200);
  });

  test('with the token, in whatever case the scheme is written', async () => {
    const server = await start({ token });
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const answer = await ask(server, 'GET /metrics HTTP/1.1', [`Authorization: ${scheme} ${token}`]);
      assert.equal(answer.status, 200, scheme);
    }
  });

  test('with a token of any characters, as HTTP carries them', async () => {
    const odd = 'Schlüssel mit Leerzeichen ✓';
    const server = await start({ token: odd });
    const onTheWire = Buffer.from(odd, 'utf8').toString('latin1');
    assert.equal(
      (await ask(server, 'GET /metrics HTTP/1.1', [`Authorization: Bearer ${onTheWire}`])).status,
      200,
    );
    assert.equal((await ask(server, 'GET /metrics HTTP/1.1', ['Authorization: Bearer Schl'])).status, 401);
  });

  test('a token that is almost right is wrong', async () => {
    const server = await start({ token });
    for (const offered of [
      `Bearer ${token}x`,
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${token.toUpperCase()}`,
      `Bearer ${token} ${token}`,
      `Basic ${token}`,
      token,
      'Bearer',
      'Bearer ',
    ]) {
      assert.equal(
        (await ask(server, 'GET /metrics HTTP/1.1', [`Authorization: ${offered}`])).status,
        401,
        offered,
      );
    }
  });

  test('two tokens, or one in the query, are none', async () => {
    const server = await start({ token });
    const two = [`Authorization: Bearer ${token}`, 'Authorization: Bearer x'];
    assert.equal((await ask(server, 'GET /metrics HTTP/1.1', two)).status, 401);
    assert.equal((await ask(server, `GET /metrics?token=${token} HTTP/1.1`)).status, 401);
  });

  test('through a proxy, even with the token', async () => {
    const server = await start({ token });
    for (const header of [
      'Via: 1.1 waygate',
      'X-Forwarded-For: 127.0.0.1',
      'Forwarded: for=127.0.0.1',
      'X-Real-IP: ::1',
    ]) {
      for (const target of ['/metrics', '/healthz']) {
        const answer = await ask(server, `GET ${target} HTTP/1.1`, [
          header,
          `Authorization: Bearer ${token}`,
        ]);
        assert.equal(answer.status, 403, `${header} ${target}`);
      }
    }
  });

  test('by the name of this machine, or by the address asked', async () => {
    const server = await start();
    for (const host of [
      'localhost',
      'LOCALHOST:9901',
      'localhost.',
      '127.0.0.1',
      '127.0.0.1:1',
      '[::1]',
      '[::1]:9901',
    ]) {
      assert.equal((await ask(server, 'GET /metrics HTTP/1.1', [`Host: ${host}`])).status, 200, host);
    }
  });

  test('by the name that it was told to listen on', async (t) => {
    const gate = new AdminGate({ host: 'Gateway.Internal', token: undefined });
    const server = createServer((request, response) => {
      response.writeHead(gate.refuse(request)?.status ?? 200).end();
    });
    t.after(() => server.close());
    const { port } = await listen(server);
    const address = { address: { host: '127.0.0.1', port }, close: () => Promise.resolve() };
    assert.equal((await ask(address, 'GET / HTTP/1.1', ['Host: gateway.internal:9901'])).status, 200);
    assert.equal((await ask(address, 'GET / HTTP/1.1', ['Host: gateway.internal.evil.example'])).status, 403);
  });
});

describe('F191 no web page reaches the admin listener', () => {
  test('a name that somebody points at this machine (DNS rebinding) is refused', async () => {
    const server = await start();
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.nip.io',
      '10.0.0.1',
      '[::2]',
      '0.0.0.0',
      'a@localhost',
    ]) {
      assert.equal((await ask(server, 'GET /metrics HTTP/1.1', [`Host: ${host}`])).status, 403, host);
    }
  });

  test('no Host, an empty one, and two of them are refused', async () => {
    const server = await start();
    assert.equal((await ask(server, 'GET /metrics HTTP/1.1', ['Host:'])).status, 403);
    assert.equal(
      (await ask(server, 'GET /metrics HTTP/1.1', ['Host: localhost', 'Host: evil.example'])).status,
      400,
    );
    assert.equal((await ask(server, 'GET /metrics HTTP/1.0', ['Host: evil.example'])).status, 403);
  });

  test('every Origin is refused, our own too', async () => {
    const server = await start();
    const own = `http://localhost:${server.address.port}`;
    for (const origin of ['https://evil.example', 'null', own]) {
      const answer = await ask(server, 'GET /metrics HTTP/1.1', [`Origin: ${origin}`]);
      assert.equal(answer.status, 403, origin);
      assert.doesNotMatch(answer.head, /access-control/);
    }
  });

  test('what a browser sends for a page without naming its origin is refused', async () => {
    const server = await start();
    for (const site of ['cross-site', 'same-site', 'same-origin']) {
      assert.equal(
        (await ask(server, 'GET /metrics HTTP/1.1', [`Sec-Fetch-Site: ${site}`])).status,
        403,
        site,
      );
    }
    // Typed into the address bar.
    assert.equal((await ask(server, 'GET /metrics HTTP/1.1', ['Sec-Fetch-Site: none'])).status, 200);
  });

  test('a form post changes nothing and is refused', async () => {
    const server = await start();
    const headers = ['Content-Type: text/plain', 'Content-Length: 100000000'];
    const answer = await ask(server, 'POST /config HTTP/1.1', headers);
    assert.equal(answer.status, 405);
    assert.match(answer.head, /connection: close/);
  });
});

describe('F193 guessing the token', () => {
  test('is throttled: after ten wrong tokens not even the right one is looked at, until time has passed', async () => {
    let now = 0;
    const clock: Clock = { now: () => now, monotonic: () => now };
    const server = await start({ token, clock });
    const right = [`Authorization: Bearer ${token}`];
    for (let i = 0; i < 10; i++) {
      assert.equal(
        (await ask(server, 'GET /config HTTP/1.1', [`Authorization: Bearer guess${i}`])).status,
        401,
      );
    }
    const refused = await ask(server, 'GET /config HTTP/1.1', right);
    assert.equal(refused.status, 429);
    assert.match(refused.head, /retry-after: 6/);
    assert.equal((await ask(server, 'GET /healthz HTTP/1.1')).status, 200);
    now += 6000;
    assert.equal((await ask(server, 'GET /config HTTP/1.1', right)).status, 200);
  });

  test('requests without a token are no guesses', async () => {
    const server = await start({ token });
    for (let i = 0; i < 20; i++) assert.equal((await ask(server, 'GET /config HTTP/1.1')).status, 401);
    assert.equal((await ask(server, 'GET /config HTTP/1.1', [`Authorization: Bearer ${token}`])).status, 200);
  });
});

describe('the listener', () => {
  test('a port in use is an error of start', async () => {
    const { address } = await start();
    const first = open;
    await assert.rejects(start({ port: address.port }), { code: 'EADDRINUSE' });
    open = first;
  });

  test('closes connections in the middle of a request', async () => {
    const server = await start();
    const socket = connect(server.address.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /metrics HTTP/1.1\r\nHost: ');
    // Answered on another connection, so that the first one has been read by then.
    await ask(server, 'GET /healthz HTTP/1.1');
    const closed = once(socket, 'close');
    await server.close();
    await closed;
    await server.close();
  });

  test('F126 is not kept from answering by connections that somebody holds open', async (t) => {
    const server = await start();
    const held = Array.from({ length: 100 }, () =>
      connect(server.address.port, '127.0.0.1').on('error', () => {}),
    );
    t.after(() => {
      for (const socket of held) socket.destroy();
    });
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    for (let i = 0; i < 10; i++) assert.equal((await ask(server, 'GET /healthz HTTP/1.1')).status, 200);
  });

  test('a header block of more than 8 KiB is 431', async () => {
    const answer = await ask(await start(), 'GET /healthz HTTP/1.1', [`A: ${'x'.repeat(9000)}`]);
    assert.equal(answer.status, 431);
  });

  test('garbage and a TLS hello end the connection', async () => {
    const server = await start();
    for (const bytes of ['\u0016\u0003\u0001\u0002\u0000\u0001', 'GET\u0000\r\n\r\n']) {
      const socket = connect(server.address.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(bytes, 'latin1');
      assert.doesNotMatch(await text(socket), /^HTTP\/1\.1 2/);
    }
    assert.equal((await ask(server, 'GET /healthz HTTP/1.1')).status, 200);
  });

  test('upgrades and tunnels are not to be had', async () => {
    const server = await start();
    const upgrade = await ask(server, 'GET /metrics HTTP/1.1', ['Connection: Upgrade', 'Upgrade: websocket']);
    assert.notEqual(upgrade.status, 101);
    assert.notEqual((await ask(server, 'CONNECT localhost:1 HTTP/1.1')).status, 200);
  });
});
