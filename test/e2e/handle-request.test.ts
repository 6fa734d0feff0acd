import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { createHandler } from '../../src/mount/handler.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway-options.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { startRecordingTarget, type RecordingTarget } from '../kit/recording-target.ts';
import { answer, silent } from '../kit/replies.ts';

async function start(t: TestContext): Promise<{ target: RecordingTarget; gateway: Gateway }> {
  const target = await startRecordingTarget(t);
  const gateway = await createGateway({
    listen: false,
    config: {
      upstreams: { service: target.url },
      routes: [
        { path: '/api', upstream: 'service' },
        { path: '/hello', policies: [{ respond: { body: 'hello' } }] },
      ],
    },
    accessLog: false,
  });
  onFinish(t, 'gateways', () => gateway.close());
  return { target, gateway };
}

it('a Request is answered with a Response, by a policy or by a service', async (t) => {
  const { target, gateway } = await start(t);
  const own = await gateway.handle(new Request('http://gw.test/hello'));
  assert.equal(await own.text(), 'hello');
  target.script = answer((request) => ({ headers: [['X-A', '1']], chunks: [request.body.toString(), '!'] }));
  const served = await gateway.handle(
    new Request('http://gw.test/api/x?y=1', { method: 'POST', body: 'body', headers: { 'x-b': '2' } }),
    { ip: '192.0.2.7' },
  );
  assert.equal(served.headers.get('x-a'), '1');
  assert.equal(await served.text(), 'body!');
  const request = await target.request(0);
  assert.equal(request.target, '/api/x?y=1');
  assert.equal(request.header('x-b'), '2');
  assert.equal(request.header('x-forwarded-for'), '192.0.2.7');
  assert.equal(request.header('x-forwarded-host'), 'gw.test');
  assert.equal((await gateway.handle(new Request('http://gw.test/nothing'))).status, 404);
});

it('a Response that nobody reads pauses its service; one that is cancelled ends the exchange', async (t) => {
  const { target, gateway } = await start(t);
  const body = 'x'.repeat(30 * 1024 * 1024);
  target.script = answer({ body });
  const response = await gateway.handle(new Request('http://gw.test/api'));
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  assert.ok(reader);
  let read = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) read += next.value.length;
  assert.equal(read, body.length);
  const second = await gateway.handle(new Request('http://gw.test/api'));
  await second.body?.cancel();
  await eventually(() => gateway.stats.inFlight === 0, 'the exchange is over');
});

it('a Request that is aborted ends the exchange', async (t) => {
  const { target, gateway } = await start(t);
  target.script = silent;
  const stop = new AbortController();
  const asked = gateway.handle(new Request('http://gw.test/api', { signal: stop.signal }));
  await target.request(0);
  stop.abort();
  await assert.rejects(asked, { name: 'AbortError' });
  await eventually(() => gateway.stats.inFlight === 0, 'the exchange is over');
});

it('a handler starts and ends a gateway of its own', async (t) => {
  const handle = createHandler({
    config: { routes: [{ path: '/hello', policies: [{ respond: { body: 'hello' } }] }] },
    accessLog: false,
  });
  onFinish(t, 'gateways', () => handle.close());
  assert.equal(await (await handle(new Request('http://gw.test/hello'))).text(), 'hello');
  assert.deepEqual((await handle.ready).addresses, []);
  const wrong = createHandler({
    config: { routes: [{ path: '/', upstream: 'nobody' }] },
    accessLog: false,
  });
  await assert.rejects(wrong(new Request('http://gw.test/')), /nobody/);
  await wrong.close();
});

it('a Request that was aborted, or whose body has been read, is not sent', async (t) => {
  const { target, gateway } = await start(t);
  await assert.rejects(gateway.handle(new Request('http://gw.test/api', { signal: AbortSignal.abort() })), {
    name: 'AbortError',
  });
  const read = new Request('http://gw.test/api', { method: 'POST', body: 'body' });
  await read.text();
  await assert.rejects(gateway.handle(read), /has been read already/);
  assert.equal(target.requests.length, 0);
  assert.equal(gateway.stats.inFlight, 0);
});

it('a gateway that listens takes Requests as well, and answers 503 once it is closed', async (t) => {
  const target = await startRecordingTarget(t, { script: answer({ body: 'served' }) });
  const gateway = await createGateway({
    config: {
      listen: { host: '127.0.0.1', port: 0 },
      upstreams: { service: target.url },
      routes: [{ path: '/', upstream: 'service' }],
    },
    accessLog: false,
  });
  onFinish(t, 'gateways', () => gateway.close());
  const [port] = gateway.addresses.map((address) => address.port);
  assert.equal(await (await gateway.handle(new Request('http://gw.test/'))).text(), 'served');
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'served');
  await gateway.close();
  assert.equal((await gateway.handle(new Request('http://gw.test/'))).status, 503);
});

it('a gateway of several threads says why it takes no Requests; one that does not listen has one', async (t) => {
  const config = {
    workers: 2,
    listen: { host: '127.0.0.1', port: 0 },
    routes: [{ path: '/hello', policies: [{ respond: { body: 'hello' } }] }],
  };
  const threads = await createGateway({ config, accessLog: false });
  onFinish(t, 'gateways', () => threads.close());
  await assert.rejects(threads.handle(new Request('http://gw.test/hello')), /listen: false/);
  const alone = await createGateway({ config, accessLog: false, listen: false });
  onFinish(t, 'gateways', () => alone.close());
  assert.deepEqual(alone.addresses, []);
  assert.equal(await (await alone.handle(new Request('http://gw.test/hello'))).text(), 'hello');
});
