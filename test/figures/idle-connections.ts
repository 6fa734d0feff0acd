// 10,000 idle connections: resident memory of the gateway for each of them. Needs as many file descriptors: ulimit -n 20000.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from '../kit/eventually.ts';
import { openGatewayProcess } from '../kit/gateway-process.ts';
import { buildPackage } from './built.ts';
import { report } from './figure.ts';
import { openTarget } from './target.ts';

const CONNECTIONS = 10_000;
/** Octets for one connection. */
const LIMIT = 16 * 1024;

const { server, url } = await openTarget((_request, response) => response.end('OK'));
const gateway = await openGatewayProcess(
  {
    upstreams: { service: url },
    routes: [{ path: '/', upstream: 'service' }],
    limits: { connections: CONNECTIONS + 100 },
    timeouts: { requestHeaders: '5m', keepAlive: '5m' },
    log: { access: 'off' },
  },
  { main: buildPackage() },
);
const sockets: Socket[] = [];
try {
  // A gateway that has done some work: its code is compiled.
  for (let i = 0; i < 2000; i++) await ask(await open());
  for (const socket of sockets.splice(0)) socket.destroy();
  await eventually(async () => (await gateway.metric('waygate_connections_open')) === 0, 'it is at rest');
  const base = gateway.resident().now;

  for (let i = 0; i < CONNECTIONS; i++) await open();
  await eventually(
    async () => (await gateway.metric('waygate_connections_open')) === CONNECTIONS,
    'all of them are there',
    30_000,
  );
  const silent = (gateway.resident().now - base) / CONNECTIONS;
  for (const socket of sockets) await ask(socket);
  const served = (gateway.resident().now - base) / CONNECTIONS;
  report(
    {
      name: `${CONNECTIONS} connections that have said nothing: memory for each`,
      measured: `${(silent / 1024).toFixed(1)} KiB`,
      asked: `below ${LIMIT / 1024} KiB`,
      met: silent < LIMIT,
    },
    {
      name: 'the same after a request on each',
      measured: `${(served / 1024).toFixed(1)} KiB`,
      asked: `below ${LIMIT / 1024} KiB`,
      met: served < LIMIT,
    },
  );
} finally {
  for (const socket of sockets) socket.destroy();
  await gateway.close();
  server.close();
  server.closeAllConnections();
}

async function open(): Promise<Socket> {
  const socket = connect(gateway.port, '127.0.0.1');
  await once(socket, 'connect');
  sockets.push(socket);
  return socket;
}

/** One request, and its answer. */
async function ask(socket: Socket): Promise<void> {
  socket.write('GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n');
  await once(socket, 'data');
}
