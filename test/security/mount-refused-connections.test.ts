import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import { describe, it } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { appKinds, startMount } from '../kit/mounted-apps.ts';
import { connectClient } from '../kit/raw-client.ts';

async function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}

const handshake =
  'GET /api/x HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
const smuggled = 'GET /api/smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n';

for (const kind of appKinds)
  describe(`connections with something that is refused, in ${kind.name}`, () => {
    const refused = {
      'a handshake with a body': `${handshake}Content-Length: 4\r\n\r\nbody`,
      'a handshake with a body in chunks': `${handshake}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      'another protocol': `${handshake.replace('websocket', 'other')}\r\n`,
      'a handshake of another version': `${handshake.replace(': 13', ': 7')}\r\n`,
      'a handshake with much behind it': `${handshake.replace(': 13', ': 7')}\r\n${'x'.repeat(500_000)}`,
    };
    for (const [what, bytes] of Object.entries(refused))
      it(`are closed on both sides, even if their clients are not: ${what}`, async (t) => {
        const { port, server, ready } = await startMount(t, kind);
        const client = await connectClient(t, port);
        // The client says nothing more, and does not close either.
        client.socket.allowHalfOpen = true;
        await client.send(bytes);
        assert.match(String((await client.head()).status), /^4/);
        await eventually(async () => (await connectionsOf(server)) === 0, 'no connection is left');
        const gateway = await ready;
        await eventually(() => gateway.stats.inFlight === 0, 'nothing is under way');
      });

    const ambiguous = {
      'two codings': 'Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n',
      'a coding twice': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'a length with zeros': 'Content-Length: 000\r\n\r\n',
    };
    for (const [what, rest] of Object.entries(ambiguous))
      it(`serve nothing that came behind it: ${what}`, async (t) => {
        const { port, target } = await startMount(t, kind, { options: { onError: 'next' } });
        const client = await connectClient(t, port);
        await client.send(`POST /api/x HTTP/1.1\r\nHost: app.test\r\n${rest}${smuggled}${smuggled}`);
        assert.equal((await client.response()).status, 400);
        await client.ending();
        assert.equal(client.unread.length, 0);
        assert.equal(target.requests.length, 0);
      });

    it('serve nothing of a version that is another protocol’s', async (t) => {
      const { port, target } = await startMount(t, kind);
      const client = await connectClient(t, port);
      await client.send(`GET /api/x HTTP/2.0\r\nHost: app.test\r\n\r\n${smuggled}`);
      assert.equal((await client.response()).status, 505);
      await client.ending();
      assert.equal(target.requests.length, 0);
    });
  });
