import { ClientConnection } from './client-connection.ts';

/**
 * Opens connections, sends one request on each, and holds them: `node idle.ts PORT PATH CONNECTIONS`. Prints how many are
 * open when all are, and keeps them until it is ended.
 */
const [port = 0, connections = 0] = [process.argv[2], process.argv[4]].map(Number);
const request = `GET ${process.argv[3]} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
let open = 0;
let failed = 0;

async function openOne(): Promise<void> {
  const connection = new ClientConnection(port, request);
  const status = await new Promise<number>((resolve) => {
    connection.send((answer) => {
      resolve(answer.status);
    });
    // A proxy that takes no more connections leaves the next one waiting for ever.
    setTimeout(resolve, 10_000, 0).unref();
  });
  if (status === 200) open++;
  else failed++;
}

// A hundred at a time, so that nobody's queue of new connections runs over.
for (let left = connections; left > 0; left -= 100)
  await Promise.all(Array.from({ length: Math.min(left, 100) }, openOne));
console.log(JSON.stringify({ open, failed }));
setInterval(() => {}, 60_000);
