import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import type { PolicyDefinition } from '../../src/core/policy.ts';
import { forwardAuth } from '../../src/policies/forward-auth/forward-auth.ts';
import { introspection } from '../../src/policies/introspection/introspection.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import {
  answer,
  finish,
  play,
  raw,
  requestComplete,
  reset,
  responseText,
  send,
  silent,
  type Script,
} from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const canary = 'canary-4c1f';
const upgrade =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** Both policies against the same kinds of services. */
const kinds = {
  'forward-auth': (url: string, options: object) => ({
    'forward-auth': {
      url: `${url}/verify?key=${canary}-url`,
      responseHeaders: ['X-User'],
      consumerHeader: 'X-User',
      ...options,
    },
  }),
  introspection: (url: string, options: object) => ({
    introspection: { url, clientId: 'gateway', clientSecret: `${canary}-secret`, ...options },
  }),
} as const;

type Kind = keyof typeof kinds;

/** What a service says that lets everybody pass. */
const yes = responseText({
  headers: [['X-User', 'alice']],
  body: '{"active":true,"sub":"alice"}',
});

async function scene(t: TestContext, kind: Kind, script: Script, options: object = {}) {
  const service = await startRecordingTarget(t, { script });
  const target = await startRecordingTarget(t);
  const policies = [kinds[kind](service.url, { timeout: '1s', ...options })];
  const gateway = await startGateway(t, routeTo(target, { policies }));
  const get = (head = '', line = 'GET /'): ReturnType<typeof exchangeOnce> => {
    const [to = ''] = line.split(' ');
    const bytes = `${line} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${canary}-token\r\n${head}\r\n`;
    return exchangeOnce(t, gateway.port, bytes, { to });
  };
  return { service, target, gateway, get };
}

/** One octet at a time, for as long as somebody listens. */
const trickle: Script = ({ socket }) => {
  let at = 0;
  const timer = setInterval(() => socket.write(yes[at++] ?? ' '), 20);
  socket.on('close', () => clearInterval(timer));
};

const flood: Script = ({ socket }) => {
  socket.write('HTTP/1.1 200 OK\r\nX-User: alice\r\nContent-Length: 104857600\r\n\r\n');
  const pour = (): void => {
    if (!socket.destroyed) socket.write(Buffer.alloc(65_536), () => setImmediate(pour));
  };
  pour();
};

const misbehaviour: Readonly<Record<string, Script>> = {
  'never answers': silent,
  'answers one octet at a time': trickle,
  'answers with 100 MB': flood,
  'answers garbage': raw('\x15\x03\x01\x00\x02\x02\x28'),
  'closes without an answer': play(finish),
  resets: play(reset),
  'breaks off in its body': play(
    requestComplete,
    send('HTTP/1.1 200 OK\r\nX-User: alice\r\nContent-Length: 99\r\n\r\n{"active":true,"sub":"alice"}'),
    finish,
  ),
  'sends interim answers for ever': raw('HTTP/1.1 103 Early Hints\r\nX-User: alice\r\n\r\n'.repeat(100)),
  'switches protocols': raw('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
  'answers 500': answer({
    status: 500,
    headers: [['X-User', 'alice']],
    body: '{"active":true,"sub":"alice"}',
  }),
  'redirects to itself': answer({ status: 302, headers: [['Location', '/']] }),
};

for (const kind of ['forward-auth', 'introspection'] as const) {
  describe(`${kind} with a service that`, () => {
    for (const [what, script] of Object.entries(misbehaviour)) {
      test(`${what}: 503, and the service behind hears nothing`, async (t) => {
        const { get, target, service, gateway } = await scene(t, kind, script);
        const { status, headers, body } = await get();
        assert.equal(status, 503);
        assert.ok(headers.some(([name]) => name.toLowerCase() === 'retry-after'));
        assert.match(body.toString(), /"(?:auth|introspection)_unavailable"/);
        assert.equal(target.requests.length, 0);
        assert.equal(service.requests.length, 1);
        await gateway.record(0);
        const { records, lines, gateway: running } = gateway;
        const said = [
          JSON.stringify(records),
          JSON.stringify(lines),
          running.metrics(),
          body.toString(),
          JSON.stringify(headers),
        ];
        for (const each of said) assert.doesNotMatch(each, new RegExp(canary));
      });
    }

    test('does not exist: 503', async (t) => {
      const { get, target, service } = await scene(t, kind, silent);
      await service.close();
      assert.equal((await get()).status, 503);
      assert.equal(target.requests.length, 0);
    });

    test('sends interim answers before a real one: that one counts', async (t) => {
      const { get } = await scene(t, kind, raw(`HTTP/1.1 103 Early Hints\r\nX-User: mallory\r\n\r\n${yes}`));
      assert.equal((await get()).status, 200);
    });
  });

  test(`F89: ${kind} asks the same of every method, of upgrades, and under every spelling of the path`, async (t) => {
    const refusal = kind === 'introspection' ? answer({ body: '{"active":false}' }) : answer({ status: 401 });
    const { get, target, service } = await scene(t, kind, refusal);
    for (const [line, more] of [
      ['GET /', upgrade],
      ['HEAD /', ''],
      ['OPTIONS /', 'Origin: https://a.example\r\nAccess-Control-Request-Method: PUT\r\n'],
      ['OPTIONS *', ''],
      ['POST /', 'Content-Length: 0\r\n'],
      ['POST /', 'Content-Type: application/grpc\r\nTE: trailers\r\nContent-Length: 0\r\n'],
      ['DELETE /a/../b', ''],
      ['GET /a//b;c?d', ''],
      ['GET /%61', ''],
    ] as const)
      assert.equal((await get(more, line)).status, 401, line);
    assert.equal(target.requests.length, 0);
    if (kind === 'introspection') return;
    const uris = service.requests.map((request) => request.all('x-forwarded-uri').join());
    assert.deepEqual(uris, ['/', '/', '/', '*', '/', '/', '/b', '/a/b;c?d', '/a']);
  });
}

test('F58: what a client says it is does not pass a service that says it is somebody else, or nobody', async (t) => {
  for (const [script, expected] of [
    [raw(yes), ['alice']],
    [raw(responseText({})), []],
  ] as const) {
    const { get, target } = await scene(t, 'forward-auth', script, { optional: true });
    for (const forged of [
      'X-User: admin',
      'x-user: admin',
      'X_User: admin',
      'X.User: admin',
      'X-USER:admin',
      'X-User: admin\r\nConnection: X-User',
    ]) {
      assert.equal((await get(`${forged}\r\n`)).status, 200, forged);
      const request = await target.request(target.requests.length - 1);
      const said = request.headers.filter(([name]) => /^x.user$/i.test(name)).map(([, value]) => value);
      assert.deepEqual(said, expected, forged);
    }
  }
});

test('F63: a line end in a header of an answer goes neither to the service nor to the client', async (t) => {
  for (const end of ['\r', '\n', '\0', '\r\n\t', '\x0b']) {
    for (const status of [200, 401]) {
      const text = `HTTP/1.1 ${status} X\r\nX-User: alice${end}X-Admin: 1\r\nSet-Cookie: a${end}X-Admin: 1\r\nContent-Length: 0\r\n\r\n`;
      const { get, target } = await scene(t, 'forward-auth', raw(text));
      const { status: answered, headers } = await get();
      assert.equal(answered, 503, JSON.stringify(text));
      assert.ok(!headers.some(([name]) => /admin|cookie/i.test(name)));
      assert.equal(target.requests.length, 0);
    }
  }
});

test('F79: a revoked token is refused when its time is over, over real sockets', async (t) => {
  const { get, service } = await scene(
    t,
    'introspection',
    answer({ body: '{"active":true,"sub":"alice"}' }),
    {
      cache: { for: 0 },
    },
  );
  assert.equal((await get()).status, 200);
  service.script = answer({ body: '{"active":false}' });
  assert.equal((await get()).status, 401);
  assert.equal(service.connections.length, 1, 'the connection is kept');
  const asked = await service.request(0);
  assert.equal(asked.body.toString(), `token=${canary}-token&token_type_hint=access_token`);
});

test('F195: no credential that was asked about is in the log, a metric or the configuration as shown', async (t) => {
  for (const kind of Object.keys(kinds) as Kind[]) {
    for (const script of [
      raw(yes),
      answer({ status: 401, body: '{}' }),
      answer({ body: '{"active":false}' }),
    ]) {
      const { get, gateway } = await scene(t, kind, script);
      await get(`Cookie: session=${canary}-cookie\r\n`);
      await gateway.record(0);
      const { records, lines, gateway: running } = gateway;
      for (const said of [JSON.stringify(records), JSON.stringify(lines), running.metrics()])
        assert.doesNotMatch(said, new RegExp(canary));
    }
  }
});

test('F170: a question that leads back to its own gateway ends at the third turn', async (t) => {
  let port = 0;
  const around: Script = async ({ request, socket }) => {
    const hops = request.all('forward-auth-hops').join();
    const { status } = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'forward-auth-hops': hops } });
    socket.end(responseText({ status: status === 200 ? 200 : 403 }));
  };
  const { gateway, service, target, get } = await scene(t, 'forward-auth', around, { timeout: '5s' });
  port = gateway.port;
  assert.equal((await get()).status, 403);
  assert.equal(service.requests.length, 3);
  await gateway.record(3);
  assert.deepEqual(
    gateway.records.map(({ status }) => status),
    [503, 403, 403, 403],
  );
  assert.equal(target.requests.length, 0);
});

test('a client that goes away leaves nothing behind, and the next one is answered', async (t) => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const { get, gateway, target } = await scene(
    t,
    'forward-auth',
    play(requestComplete, () => held, send(yes)),
  );
  const gone = connect(gateway.port, '127.0.0.1');
  gone.write(`GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\n\r\n`);
  const next = get();
  gone.resetAndDestroy();
  release();
  assert.equal((await next).status, 200);
  assert.ok(target.requests.length >= 1);
});

test('the definitions say that they establish who is asking', () => {
  const definitions: readonly PolicyDefinition[] = [forwardAuth, introspection];
  assert.ok(definitions.every(({ authenticates }) => authenticates === true));
});
