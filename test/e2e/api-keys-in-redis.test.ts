import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { createConfigFolder, startGatewayOn } from '../kit/config-folder.ts';
import { eventually } from '../kit/eventually.ts';
import { needs } from '../kit/needs.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRedis } from '../kit/redis-server.ts';
import { testDefaults } from '../kit/start-gateway.ts';

const get = 'GET / HTTP/1.1\r\nHost: gw.test\r\nX-Api-Key: good\r\n\r\n';

test(
  'a reload that names another Redis: keys of the one before are good no longer, remembered or not',
  { skip: needs('redis-server') },
  async (t) => {
    const [before, after] = await Promise.all([startRedis(t), startRedis(t)]);
    await before.ask('SET', `waygate:apikey:${hash('sha256', 'good')}`, '{"name":"acme"}');
    const folder = createConfigFolder(t);
    const write = (redis: string): string =>
      folder.write('waygate.json', {
        ...testDefaults,
        // Longer than any test waits.
        routes: [{ path: '/', policies: [{ 'api-key': { redis: { remember: '1h' } } }, { respond: {} }] }],
        redis: { url: redis, timeout: '1s' },
      });
    const gateway = await startGatewayOn(t, write(before.url), { watch: false });
    const status = async (): Promise<number> => (await exchangeOnce(t, gateway.port, get)).status;
    await eventually(async () => (await status()) === 200, 'the key is there');
    write(after.url);
    assert.ok((await gateway.gateway.reload()).ok);
    await eventually(async () => (await status()) === 401, 'the key is not in the Redis that is named now');
  },
);
