// 500 clients that read a 100 MB answer slowly: resident memory of the gateway below base + 500 × 128 KiB.
import { connect, type Socket } from 'node:net';
import { eventually } from '../kit/eventually.ts';
import { openGatewayProcess } from '../kit/gateway-process.ts';
import { buildPackage } from './built.ts';
import { mebibytes, report } from './figure.ts';
import { failuresIn, Load } from './load.ts';
import { openTarget } from './target.ts';

const CLIENTS = 500;
const ANSWER = 100 * 1000 * 1000;
const SECONDS = 30;
const limit = CLIENTS * 128 * 1024;
const piece = Buffer.alloc(64 * 1024, 'x');

const { server, url } = await openTarget((request, response) => {
  if (request.url !== '/large') {
    response.end('OK');
    return;
  }
  response.writeHead(200, { 'content-length': ANSWER });
  let left = ANSWER;
  const fill = (): void => {
    while (left > 0) {
      const part = left >= piece.length ? piece : piece.subarray(0, left);
      left -= part.length;
      if (!response.write(part)) {
        response.once('drain', fill);
        return;
      }
    }
    response.end();
  };
  fill();
});

const gateway = await openGatewayProcess(
  {
    upstreams: { service: url },
    routes: [{ path: '/', upstream: 'service', streaming: true }],
    log: { access: 'off' },
  },
  { main: buildPackage() },
);
const clients: Socket[] = [];
try {
  // A gateway that has done some work: its code is compiled.
  const warm = new Load(gateway.port, '/x', 32);
  await eventually(() => warm.answered > 20_000, 'it is warm', 60_000);
  const warmed = await warm.stop();
  const base = gateway.resident().now;
  let received = 0;
  for (let i = 0; i < CLIENTS; i++) {
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write('GET /large HTTP/1.1\r\nHost: gw.test\r\n\r\n');
    // One read, then nothing for a second: some 64 KiB/s.
    socket.on('data', (chunk) => {
      received += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 1000);
    });
    clients.push(socket);
  }
  let most = 0;
  const until = performance.now() + SECONDS * 1000;
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    most = Math.max(most, gateway.resident().now);
  }
  const inFlight = await gateway.metric('waygate_requests_in_flight');
  report(
    {
      name: 'answers under way',
      measured: String(inFlight),
      asked: String(CLIENTS),
      met: inFlight === CLIENTS,
    },
    {
      name: 'failed requests while warming up',
      measured: failuresIn(warmed),
      asked: 'none',
      met: warmed.failures.size === 0,
    },
    {
      name: `resident memory over ${SECONDS} s, above a base of ${mebibytes(base)} (${mebibytes(received)} read by the clients)`,
      measured: mebibytes(most - base),
      asked: `below ${mebibytes(limit)}`,
      met: most - base < limit,
    },
  );
} finally {
  for (const socket of clients) socket.destroy();
  await gateway.close();
  server.close();
  server.closeAllConnections();
}
