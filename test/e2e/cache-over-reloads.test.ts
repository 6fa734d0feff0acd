import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { createConfigFolder, startGatewayOn } from '../kit/config-folder.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer } from '../kit/replies.ts';
import { testDefaults } from '../kit/start-gateway.ts';

/** Two services that say who they are, for a minute each time, and a gateway whose routes change. */
async function scene(t: TestContext, routes: ConfigInput['routes']) {
  const serve = (body: string) =>
    startRecordingTarget(t, { script: answer({ headers: [['Cache-Control', 'max-age=60']], body }) });
  const [one, two] = await Promise.all([serve('one'), serve('two')]);
  const folder = createConfigFolder(t);
  const write = (changed: ConfigInput['routes'], more: string[] = []): string =>
    folder.write('waygate.json', {
      ...testDefaults,
      upstreams: { one: { targets: [one.url, ...more] }, two: two.url },
      policies: [{ cache: {} }],
      routes: changed,
    });
  const gateway = await startGatewayOn(t, write(routes), { watch: false });
  return {
    one,
    two,
    ask: async (headers = '', path = '/') =>
      (await exchangeOnce(t, gateway.port, `GET ${path} HTTP/1.1\r\nHost: gw.test\r\n${headers}\r\n`)).text,
    reload: async (changed: ConfigInput['routes'], more?: string[]) => {
      write(changed, more);
      assert.ok((await gateway.gateway.reload()).ok);
    },
  };
}

test('what is kept survives a reload, also of its route: its policies, its time-outs, the targets of its upstream', async (t) => {
  const route = { path: '/', upstream: 'one' };
  const { ask, reload, one, two } = await scene(t, [route]);
  assert.equal(await ask(), 'one');
  await reload([{ ...route, timeouts: { exchange: '9s' }, policies: [{ 'request-id': {} }] }], [two.url]);
  assert.equal(await ask(), 'one');
  assert.equal(one.requests.length, 1);
});

test('a route that is given another upstream is not answered from what the one before has said', async (t) => {
  const { ask, reload, one } = await scene(t, [{ name: 'shop', path: '/', upstream: 'one' }]);
  assert.equal(await ask(), 'one');
  await reload([{ name: 'shop', path: '/', upstream: 'two' }]);
  assert.equal(await ask(), 'two');
  await reload([{ name: 'shop', path: '/', upstream: 'one' }]);
  assert.equal(await ask(), 'one');
  assert.equal(one.requests.length, 1);
});

test('routes without a name that swap places are not answered from what the other has kept', async (t) => {
  const beta = { path: '/', headers: { 'x-beta': { present: true } }, upstream: 'two' } as const;
  const usual = { path: '/', upstream: 'one' };
  const { ask, reload } = await scene(t, [beta, usual]);
  const both = async (): Promise<string[]> => [await ask('X-Beta: yes\r\n'), await ask()];
  assert.deepEqual(await both(), ['two', 'one']);
  // By then the other one is the first that would be called `/`.
  await reload([{ ...beta, path: '/', method: 'GET' }, usual]);
  assert.deepEqual(await both(), ['two', 'one']);
  await reload([usual, beta]);
  assert.deepEqual(await both(), ['two', 'one']);
});

test('a route with other conditions, or that sends another Host, is another', async (t) => {
  const route = { name: 'shop', path: '/', upstream: 'one' };
  const { ask, reload, one } = await scene(t, [route]);
  const variants = [
    { headers: { 'x-beta': 'yes' } },
    { headers: { 'x-beta': { regex: 'yes' } } },
    { query: { a: { regex: '.*' } } },
    { preserveHost: true },
  ];
  await ask('X-Beta: yes\r\n', '/?a=1');
  for (const [index, more] of variants.entries()) {
    await reload([{ ...route, ...more }]);
    await ask('X-Beta: yes\r\n', '/?a=1');
    assert.equal(one.requests.length, index + 2, JSON.stringify(more));
  }
});
