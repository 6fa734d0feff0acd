import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConfigFolder } from '../../../test/kit/config-folder.ts';
import { eventually } from '../../../test/kit/eventually.ts';
import { needs } from '../../../test/kit/needs.ts';
import { openLink, outcome, settingsFor } from '../../../test/kit/redis-scene.ts';
import { freePort, startRedis } from '../../../test/kit/redis-server.ts';
import { selfSigned } from '../../../test/kit/self-signed.ts';

test(
  'a link with TLS trusts whom it is told to trust, and nobody else',
  { skip: needs('redis-server') },
  async (t) => {
    const folder = createConfigFolder(t);
    const { cert, key } = selfSigned(['redis.internal']);
    const ca = folder.write('cert.pem', cert);
    const keyFile = folder.write('key.pem', key);
    const port = await freePort();
    const files = ['--tls-cert-file', ca, '--tls-key-file', keyFile, '--tls-auth-clients', 'no'];
    await startRedis(t, ['--tls-port', String(port), ...files]);

    const trusting = openLink(
      t,
      settingsFor(port, { tls: { ca, serverName: 'redis.internal', verify: true } }),
    );
    await trusting.up();
    assert.equal(await outcome(trusting.link.command('SET', 'a', ['1'])), 'OK');

    for (const tls of [
      { ca: undefined, serverName: 'redis.internal', verify: true },
      { ca, serverName: 'other.internal', verify: true },
    ]) {
      const { link, log } = openLink(t, settingsFor(port, { tls }));
      await eventually(() => log.length > 0, 'something is said');
      assert.match(log[0] ?? '', /it cannot be trusted or speaks no TLS: /);
      assert.equal(await outcome(link.command('GET', 'a')), 'error:unavailable');
    }
    const careless = openLink(
      t,
      settingsFor(port, { tls: { ca: undefined, serverName: undefined, verify: false } }),
    );
    await careless.up();
  },
);

test(
  'a link without TLS to a server that wants it says what is wrong',
  { skip: needs('redis-server') },
  async (t) => {
    const folder = createConfigFolder(t);
    const { cert, key } = selfSigned(['redis.internal']);
    const port = await freePort();
    const files = [
      '--tls-cert-file',
      folder.write('c.pem', cert),
      '--tls-key-file',
      folder.write('k.pem', key),
    ];
    await startRedis(t, ['--tls-port', String(port), ...files, '--tls-auth-clients', 'no']);
    const { log } = openLink(t, settingsFor(port));
    await eventually(() => log.length > 0, 'something is said');
    assert.match(log[0] ?? '', /it broke the connection|not the protocol of Redis/);
  },
);
