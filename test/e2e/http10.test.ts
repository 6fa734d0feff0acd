import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, finish, play, raw, requestComplete, responseText, send } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const http10 = (method: string, ...lines: readonly string[]): string =>
  `${method} /old HTTP/1.0\r\n${['Host: gw.test', ...lines].map((line) => `${line}\r\n`).join('')}\r\n`;
const http11 = 'GET /new HTTP/1.1\r\nHost: gw.test\r\n\r\n';
const large = 'x'.repeat(300_000);

for (const [what, script, text] of [
  ['a length', answer({ body: 'hello' }), 'hello'],
  ['chunks', answer({ chunks: ['hel', large, 'lo'] }), `hel${large}lo`],
  ['its end', play(requestComplete, send(`HTTP/1.1 200 OK\r\n\r\nhello${large}`), finish), `hello${large}`],
  ['no body', raw(responseText({ status: 204 })), ''],
] as const) {
  test(`a client of HTTP/1.0 gets an answer framed by ${what} whole, and the end of the connection with it`, async (t) => {
    const target = await startRecordingTarget(t, { script });
    const gateway = await startGateway(t, routeTo(target));
    const client = await connectClient(t, gateway.port);
    await client.send(http10('GET'));
    const response = await client.response();
    assert.equal(response.text, text);
    assert.equal(response.header('transfer-encoding'), undefined);
    assert.equal(await client.ending(), 'finished');
    const [request] = target.requests;
    assert.deepEqual([request?.version, request?.header('via')?.slice(0, 4)], ['HTTP/1.1', '1.0 ']);
  });
}

test('a client of HTTP/1.0 that asks for it keeps its connection, as long as lengths are known', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  const client = await connectClient(t, gateway.port);
  for (const method of ['GET', 'HEAD', 'POST', 'GET']) {
    const lines = ['Connection: keep-alive', ...(method === 'POST' ? ['Content-Length: 5'] : [])];
    await client.send(http10(method, ...lines) + (method === 'POST' ? 'hello' : ''));
    const response = await client.response({ to: method });
    assert.equal(response.status, 200);
    assert.equal(response.header('connection'), 'keep-alive');
  }
  target.next(answer({ chunks: ['hello'] }));
  await client.send(http10('GET', 'Connection: keep-alive'));
  const last = await client.response();
  assert.deepEqual([last.text, last.header('connection')], ['hello', 'close']);
  assert.equal(await client.ending(), 'finished');
});

test('a target of HTTP/1.0 serves clients of HTTP/1.1, who keep their connections', async (t) => {
  const old = (text: string): string => text.replace('HTTP/1.1', 'HTTP/1.0');
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  const client = await connectClient(t, gateway.port);
  for (const [script, text, framing] of [
    [raw(old(responseText({ body: 'counted' }))), 'counted', 'length'],
    [play(requestComplete, send('HTTP/1.0 200 OK\r\n\r\nuntil the end'), finish), 'until the end', 'chunked'],
    [play(requestComplete, send('HTTP/1.0 200 OK\r\n\r\n'), finish), '', 'chunked'],
    [raw(old(responseText({ body: 'kept', headers: [['Connection', 'keep-alive']] }))), 'kept', 'length'],
  ] as const) {
    target.next(script);
    await client.send(http11);
    const response = await client.response();
    assert.deepEqual([response.text, response.framing, response.version], [text, framing, 'HTTP/1.1']);
  }
  await client.send(http11);
  assert.equal((await client.response()).text, 'OK');
  const shared = target.connections.find(({ requests }) => requests.length > 1);
  assert.equal(
    shared?.requests.length,
    2,
    'only the target that said keep-alive is asked again on its connection',
  );
});

test('an answer to HEAD has the length that the answer to GET would have', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  for (const [text, length] of [
    ['HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n', '1234'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', undefined],
    ['HTTP/1.0 200 OK\r\nContent-Length: 1234\r\n\r\n', '1234'],
    ['HTTP/1.1 200 OK\r\n\r\n', undefined],
  ] as const) {
    target.next(raw(text));
    const bytes = http11.replace('GET', 'HEAD');
    const response = await exchangeOnce(t, gateway.port, bytes, { to: 'HEAD' });
    assert.deepEqual([response.header('content-length'), response.bodyLength], [length, 0]);
  }
});

test('a client of HTTP/1.0 that names no host is served by routes for any host', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  assert.equal((await exchangeOnce(t, gateway.port, 'GET / HTTP/1.0\r\n\r\n')).text, 'OK');
  const [request] = target.requests;
  assert.equal(request?.header('host'), target.address);
  assert.equal(request?.header('x-forwarded-host'), undefined);
});
