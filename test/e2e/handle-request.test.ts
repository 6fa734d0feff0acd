import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { createHandler } from '../../src/mount/handler.ts';
import { mountGateway, type MountedGateway } from '../../src/gateway/mounted-gateway.ts';
import { handleRequest } from '../../src/mount/handle-request.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { startRecordingTarget, type RecordingTarget } from '../kit/recording-target.ts';
import { answer, silent } from '../kit/replies.ts';

async function start(t: TestContext): Promise<{ target: RecordingTarget; mounted: MountedGateway }> {
  const target = await startRecordingTarget(t);
  const mounted = await mountGateway({
    config: {
      upstreams: { service: target.url },
      routes: [
        { path: '/api', upstream: 'service' },
        { path: '/hello', policies: [{ respond: { body: 'hello' } }] },
      ],
    },
    accessLog: false,
  });
  onFinish(t, 'gateways', () => mounted.gateway.close());
  return { target, mounted };
}

it('a Request is answered with a Response, by a policy or by a service', async (t) => {
  const { target, mounted } = await start(t);
  const own = await handleRequest(mounted, new Request('http://gw.test/hello'));
  assert.equal(await own.text(), 'hello');
  target.script = answer((request) => ({ headers: [['X-A', '1']], chunks: [request.body.toString(), '!'] }));
  const served = await handleRequest(
    mounted,
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
  assert.equal((await handleRequest(mounted, new Request('http://gw.test/nothing'))).status, 404);
});

it('a Response that nobody reads pauses its service; one that is cancelled ends the exchange', async (t) => {
  const { target, mounted } = await start(t);
  const body = 'x'.repeat(30 * 1024 * 1024);
  target.script = answer({ body });
  const response = await handleRequest(mounted, new Request('http://gw.test/api'));
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  assert.ok(reader);
  let read = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) read += next.value.length;
  assert.equal(read, body.length);
  const second = await handleRequest(mounted, new Request('http://gw.test/api'));
  await second.body?.cancel();
  await eventually(() => mounted.gateway.stats.inFlight === 0, 'the exchange is over');
});

it('a Request that is aborted ends the exchange', async (t) => {
  const { target, mounted } = await start(t);
  target.script = silent;
  const stop = new AbortController();
  const asked = handleRequest(mounted, new Request('http://gw.test/api', { signal: stop.signal }));
  await target.request(0);
  stop.abort();
  await assert.rejects(asked, { name: 'AbortError' });
  await eventually(() => mounted.gateway.stats.inFlight === 0, 'the exchange is over');
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
