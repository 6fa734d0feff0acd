import assert from 'node:assert/strict';
import { test } from 'node:test';
import { play, raw, requestComplete, responseText, send, sendInPieces } from '../kit/replies.ts';
import type { ReceivedResponse } from '../kit/response-parser.ts';
import { get, startUpstreamScene } from './upstream-scene.ts';

/** A head of these lines, in front of a body `OK`. */
function head(...lines: readonly string[]): string {
  return `HTTP/1.1 200 OK\r\n${['Content-Length: 2', ...lines].join('\r\n')}\r\n\r\nOK`;
}

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `X-${i}: y`);

for (const [what, text] of [
  ['3000 header lines', head(...many(3000))],
  ['501 header lines', head(...many(500))],
  ['a header line of 20 KB', head(`X-Long: ${'x'.repeat(20_000)}`)],
  ['a head of 70 KB', head(...many(400).map((line) => line + 'z'.repeat(175)))],
  ['a head without end', `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(100_000)}`],
  ['a header line without end', `HTTP/1.1 200 OK\r\nX-A: ${'b'.repeat(1_000_000)}`],
  ['a CR in a value', head('X-A: b\rX-B: c')],
  ['a CR LF CR in a value', head('X-A: b\r\n\rX-B: c')],
  ['a NUL in a value', head('X-A: b\0c')],
  ['a bare LF', head('X-A: b\nX-B: c')],
  ['a folded line', head('X-A: b', ' c')],
  ['a space in a name', head('X A: b')],
  ['a space before the colon', head('X-A : b')],
  ['a line without a colon', head('X-A')],
  ['an empty name', head(': b')],
  ['two lengths', head('Content-Length: 2')],
  ['two different lengths', head('Content-Length: 3')],
  ['a length and chunks', head('Transfer-Encoding: chunked')],
  ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: foo\r\n\r\nOK'],
  ['chunks with HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n'],
  ['the status 600', 'HTTP/1.1 600 What\r\nContent-Length: 0\r\n\r\n'],
  ['the status 99', 'HTTP/1.1 99 What\r\nContent-Length: 0\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 What\r\nContent-Length: 0\r\n\r\n'],
  ['HTTP/2', 'HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['an answer of another protocol', 'SSH-2.0-OpenSSH_9.2p1\r\n'],
  ['a request', 'GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n'],
  ['nothing but garbage', '\x16\x03\x01\x02\0\x01'],
] as const) {
  test(`F141: ${what} is a 502`, async (t) => {
    const scene = await startUpstreamScene(t);
    await scene.assertFailed(get, 502, 'upstream_malformed', raw(text));
    const cuts = [1, 10, 17, 18, 30].filter((cut) => cut < text.length);
    await scene.assertFailed(get, 502, 'upstream_malformed', play(requestComplete, sendInPieces(text, cuts)));
    const faulty = scene.target.connections.filter(({ requests }) =>
      requests.some(({ target }) => target === '/asked'),
    );
    for (const { closed } of faulty) assert.equal(closed, true, 'its connection is not used again');
  });
}

for (const [what, text] of [
  ['a chunk size that is none', 'zz\r\nOK\r\n0\r\n\r\n'],
  ['a chunk longer than its size', '2\r\nOKAY\r\n0\r\n\r\n'],
  ['64 KiB of chunk extensions', `2;${'x'.repeat(65_536)}\r\nOK\r\n0\r\n\r\n`],
  ['600 trailers', `2\r\nOK\r\n0\r\n${many(600).join('\r\n')}\r\n\r\n`],
  ['100 KB of trailers', `2\r\nOK\r\n0\r\nX-A: ${'b'.repeat(100_000)}\r\n\r\n`],
  ['a bare LF in a trailer', '2\r\nOK\r\n0\r\nX-A: b\nX-B: c\r\n\r\n'],
] as const) {
  test(`F141: ${what} breaks the answer off`, async (t) => {
    const scene = await startUpstreamScene(t);
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    await scene.assertBroken(get, 'upstream_body_broken', raw(chunked + text));
    await scene.assertBroken(
      get,
      'upstream_body_broken',
      play(requestComplete, send(chunked), sendInPieces(text, [1])),
    );
  });
}

test('F141: two hundred Set-Cookie stay two hundred, in order, and so does a head of 500 lines', async (t) => {
  const scene = await startUpstreamScene(t);
  const cookies = Array.from({ length: 200 }, (_, i) => `c${i}=v; Path=/, x; HttpOnly`);
  const response = await scene.assertServed(
    get,
    raw(head(...cookies.map((cookie) => `Set-Cookie: ${cookie}`))),
  );
  assert.deepEqual(response.all('set-cookie'), cookies);
  assert.equal((await scene.assertServed(get, raw(head(...many(499))))).all('x-498')[0], 'y');
  await scene.assertNextServed();
});

test('F141: Connection cannot take away what is meant for the client', async (t) => {
  const scene = await startUpstreamScene(t);
  const lines = [
    'Set-Cookie: a=b',
    'Location: https://elsewhere.test/x?y#z',
    'Content-Type: text/plain',
    'Cache-Control: no-store',
    'Strict-Transport-Security: max-age=1',
    'Content-Security-Policy: default-src none',
  ];
  const names = lines.map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
  const response = await scene.assertServed(
    get,
    raw(head(`Connection: ${names.join(', ')}, content-length, x-hop`, ...lines, 'X-Hop: 1')),
  );
  for (const line of lines) {
    const [name = '', value] = line.split(': ');
    assert.equal(response.header(name), value);
  }
  assert.equal(response.header('x-hop'), undefined);
  assert.equal(response.text, 'OK');
});

test('F141: every hop-by-hop line stays on its connection', async (t) => {
  const scene = await startUpstreamScene(t);
  const hop = [
    'Connection: keep-alive',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'Proxy-Authenticate: Basic',
    'Proxy-Authentication-Info: x',
    'TE: trailers',
    'Trailer: X-Sum',
    'Upgrade: h2c',
  ];
  const response = await scene.assertServed(get, raw(head(...hop, 'X-Stay: 1')));
  assert.deepEqual(namesOf(response), ['content-length', 'x-stay', 'date']);
});

test('F141: a reason of a target is not passed on, whatever stands in it', async (t) => {
  const scene = await startUpstreamScene(t);
  const response = await scene.assertServed(get, raw('HTTP/1.1 200 <script>\r\nContent-Length: 0\r\n\r\n'));
  assert.equal(response.reason, 'OK');
  assert.equal((await scene.assertServed(get, raw(responseText({ status: 299 })))).reason, '');
});

function namesOf(response: ReceivedResponse): string[] {
  return response.headers.map(([name]) => name.toLowerCase());
}
