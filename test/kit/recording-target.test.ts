import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startEchoTarget, startExpressTarget, echo } from './echo-target.ts';
import { eventually } from './eventually.ts';
import { connectClient, exchangeOnce } from './raw-client.ts';
import { startRecordingTarget } from './recording-target.ts';
import { finish, play, raw, requestComplete, reset, responseText, send, silent, waitFor } from './replies.ts';

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('client and target of the kit, without a gateway between them', () => {
  test('pipelined requests are recorded and answered in order', async (t) => {
    const target = await startRecordingTarget(t);
    const client = await connectClient(t, target.port);
    await client.send(`${get}HEAD /two HTTP/1.1\r\nHost: a\r\n\r\n${get}`);
    assert.equal((await client.response()).text, 'OK');
    assert.equal((await client.response({ to: 'HEAD' })).text, '');
    assert.equal((await client.response()).text, 'OK');
    assert.deepEqual(
      target.requests.map((r) => r.target),
      ['/', '/two', '/'],
    );
    assert.deepEqual(target.irregularities, []);
    assert.equal(
      target.connections[0]?.bytes.toString(),
      client.unread.toString() + `${get}HEAD /two HTTP/1.1\r\nHost: a\r\n\r\n${get}`,
    );
  });

  test('scripts answer one request each, held back until the test releases them', async (t) => {
    const target = await startRecordingTarget(t);
    const gate = Promise.withResolvers<void>();
    target.next(
      play(send('HTTP/1.1 100 Continue\r\n\r\n'), waitFor(gate.promise), send(responseText({ body: 'x' }))),
    );
    const client = await connectClient(t, target.port);
    await client.send(get);
    assert.deepEqual((await client.outcome({ within: 30 })).kind, 'quiet');
    gate.resolve();
    const response = await client.response();
    assert.equal(response.text, 'x');
    assert.deepEqual(
      response.interim.map((i) => i.status),
      [100],
    );
  });

  test('an answer that is cut off, a reset, and silence are seen as what they are', async (t) => {
    const target = await startRecordingTarget(t);
    const whole = responseText({ body: 'hello' });
    target.next(play(requestComplete, send(whole.slice(0, -2)), finish), play(reset), silent);
    const cut = await connectClient(t, target.port);
    await cut.send(get);
    const broken = await cut.outcome();
    assert.ok(broken.kind === 'closed' && broken.how === 'finished' && broken.partial?.bodyLength === 3);
    const gone = await connectClient(t, target.port);
    await gone.send(get);
    assert.deepEqual(await gone.outcome(), { kind: 'closed', how: 'reset', partial: undefined });
    const quiet = await connectClient(t, target.port);
    await quiet.send(get);
    assert.equal((await quiet.outcome({ within: 30 })).kind, 'quiet');
  });

  test('the target sees how the client left', async (t) => {
    const target = await startRecordingTarget(t, { script: silent });
    const [polite, rude] = [await connectClient(t, target.port), await connectClient(t, target.port)];
    await polite.send(get);
    await rude.send(get);
    await target.request(1);
    polite.halfClose();
    rude.reset();
    await eventually(() => target.connections.every((c) => c.ended !== undefined), 'both have left');
    const endings = new Set(target.connections.map((c) => c.ended));
    assert.deepEqual(endings, new Set(['finished', 'reset']));
    assert.equal(await polite.ending(), 'finished');
  });

  test('a response can be looked at before its body is complete', async (t) => {
    const gate = Promise.withResolvers<void>();
    const [start, end] = [responseText({ body: 'hello' }).slice(0, -3), 'llo'];
    const target = await startRecordingTarget(t, {
      script: play(send(start), waitFor(gate.promise), send(end)),
    });
    const client = await connectClient(t, target.port);
    await client.sendInPieces(get, [1, 2, 3]);
    assert.equal((await client.head()).status, 200);
    gate.resolve();
    assert.equal((await client.response()).text, 'hello');
  });

  test('a client that reads nothing in time fails with what it has seen', async (t) => {
    const target = await startRecordingTarget(t, { script: raw('HTTP/1.1 200 OK\r\n') });
    const client = await connectClient(t, target.port);
    await client.send(get);
    await assert.rejects(
      client.response({ within: 50 }),
      /No complete response within 50 ms.*HTTP\/1\.1 200 OK/s,
    );
  });
});

describe('the ordinary services of the kit', () => {
  for (const [name, start] of [
    ['node:http', startEchoTarget],
    ['Express', startExpressTarget],
  ] as const) {
    test(`${name} echoes what it was asked`, async (t) => {
      const target = await start(t);
      const response = await exchangeOnce(
        t,
        target.port,
        'PUT /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi',
      );
      const seen = echo.parse(JSON.parse(response.text));
      assert.deepEqual([seen.method, seen.url, seen.bodyLength], ['PUT', '/x?y', 2]);
      assert.equal(target.requestCount, 1);
    });
  }
});
