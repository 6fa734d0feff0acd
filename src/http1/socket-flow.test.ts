import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { SocketFlow } from './socket-flow.ts';
import { socketOptions } from './socket-options.ts';

/** Two ends of a connection. */
async function pair(t: TestContext): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const near = connect({ port, host: '127.0.0.1', ...socketOptions });
  const [far] = (await once(server, 'connection')) as [Socket];
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

test('a paused socket reads nothing more, not even into its own buffer, and loses nothing', async (t) => {
  const { near, far } = await pair(t);
  const flow = new SocketFlow(near);
  let received = 0;
  let first: (() => void) | undefined;
  const read = new Promise<void>((resolve) => (first = resolve));
  near.on('data', (chunk) => {
    received += chunk.length;
    if (received <= 5) {
      flow.pause();
      first?.();
    }
  });
  far.write('first');
  await read;
  assert.equal(received, 5);
  assert.ok(flow.paused);
  // More than a socket's own buffer, and then a turn in which it could have come.
  const total = 3_000_000;
  far.end(Buffer.alloc(total));
  const { near: other, far: otherFar } = await pair(t);
  otherFar.write('x');
  await once(other, 'data');
  assert.equal(near.bytesRead, 5, 'the handle is stopped: Node still has what this relies on');
  assert.equal(near.readableLength, 0);
  flow.resume();
  await once(near, 'end');
  assert.equal(received, 5 + total);
});

test('pausing and resuming in the same turn, again and again, keeps the flow', async (t) => {
  const { near, far } = await pair(t);
  const flow = new SocketFlow(near);
  let received = 0;
  near.on('data', (chunk) => {
    received += chunk.length;
    flow.pause();
    flow.pause();
    flow.resume();
    flow.pause();
    setImmediate(() => {
      flow.resume();
    });
  });
  far.end(Buffer.alloc(2_000_000));
  await once(near, 'end');
  assert.equal(received, 2_000_000);
});
