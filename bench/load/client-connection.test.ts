import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Answer } from './client-connection.ts';
import { ClientConnection } from './client-connection.ts';

async function startServer(t: TestContext): Promise<number> {
  const server = createServer((request, response) => {
    if (request.url === '/chunked') {
      response.write('some');
      setImmediate(() => response.end('tail'));
    } else if (request.url === '/broken') {
      response.writeHead(200, { 'content-length': 10 });
      response.write('half', () => response.destroy());
    } else if (request.url === '/close') {
      response.writeHead(200, { connection: 'close' }).end('bye');
    } else {
      response.writeHead(request.url === '/missing' ? 404 : 200).end('x'.repeat(100_000));
    }
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

function ask(connection: ClientConnection): Promise<Answer> {
  return new Promise((resolve) => {
    connection.send(resolve);
  });
}

for (const [path, status] of [
  ['/plain', 200],
  ['/missing', 404],
  ['/chunked', 200],
  ['/close', 200],
  ['/broken', 0],
] as const) {
  test(`the load generator sees where an answer ends, twice in a row: ${path} is ${status}`, async (t) => {
    const port = await startServer(t);
    const connection = new ClientConnection(port, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    t.after(() => {
      connection.close();
    });
    assert.equal((await ask(connection)).status, status);
    assert.equal((await ask(connection)).status, status);
  });
}
