// SIGTERM with 200 exchanges under way, twenty times over: none lost.
import { request } from 'node:http';
import { connect } from 'node:net';
import { eventually } from '../kit/eventually.ts';
import { openGatewayProcess } from '../kit/gateway-process.ts';
import { handshake, switching } from '../kit/socket-target.ts';
import { report } from './figure.ts';
import { openTarget } from './target.ts';

const ROUNDS = 20;
const EXCHANGES = 200;
/** Of them, those that no drain can wait for, half of them event streams and half WebSockets. */
const ENDLESS = 20;

// Half of the answers begin late, the other half begin at once and end late.
const { server, url } = await openTarget((incoming, response) => {
  if (incoming.url === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: one\n\n');
    return;
  }
  incoming.resume();
  const late = 300 + Number(new URL(incoming.url ?? '/', 'http://x').searchParams.get('n')) * 3;
  if (incoming.url?.startsWith('/begun') === true) response.write('begun ');
  incoming.on('end', () => setTimeout(() => response.end('complete'), late));
});
server.on('upgrade', (_incoming, socket) => {
  socket.on('error', () => socket.destroy());
  socket.write(switching);
});

let complete = 0;
let closed = 0;
const lost: string[] = [];
const codes = new Map<number | string, number>();
try {
  for (let round = 0; round < ROUNDS; round++) {
    const gateway = await openGatewayProcess({
      upstreams: { service: url },
      routes: [{ path: '/', upstream: 'service' }],
      drain: { accept: 0, timeout: '3s' },
      log: { access: 'off' },
    });
    try {
      const endless = Array.from({ length: ENDLESS }, (_, n) => open(gateway.port, n % 2 === 0));
      const ordinary = Array.from({ length: EXCHANGES - ENDLESS }, (_, n) => exchange(gateway.port, n));
      await eventually(
        async () => (await gateway.metric('waygate_requests_in_flight')) === EXCHANGES,
        'all are under way',
        20_000,
      );
      gateway.child.kill('SIGTERM');
      for (const failure of await Promise.all(ordinary)) {
        if (failure === undefined) complete++;
        else lost.push(`round ${round}: ${failure}`);
      }
      for (const how of await Promise.all(endless)) if (how === 'closed') closed++;
      const code = await gateway.ended;
      codes.set(code, (codes.get(code) ?? 0) + 1);
    } finally {
      await gateway.close();
    }
  }
} finally {
  server.close();
  server.closeAllConnections();
}
report(
  {
    name: `whole answers after ${ROUNDS} × SIGTERM with ${EXCHANGES} exchanges under way`,
    measured: `${complete}, lost ${lost.length}${lost.length === 0 ? '' : `: ${lost.slice(0, 3).join('; ')}`}`,
    asked: `${ROUNDS * (EXCHANGES - ENDLESS)}, lost 0`,
    met: complete === ROUNDS * (EXCHANGES - ENDLESS),
  },
  {
    name: 'event streams and WebSockets among them that were closed in good order when the time was over',
    measured: String(closed),
    asked: String(ROUNDS * ENDLESS),
    met: closed === ROUNDS * ENDLESS,
  },
  {
    name: 'exit codes',
    measured: [...codes].map(([code, count]) => `${count} × ${code}`).join(', '),
    asked: `${ROUNDS} × 0`,
    met: codes.get(0) === ROUNDS,
  },
);

/** An exchange without an end of its own: an event stream or a WebSocket. @returns how it ended. */
function open(port: number, events: boolean): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(events ? 'GET /events HTTP/1.1\r\nHost: gw.test\r\n\r\n' : handshake);
    });
    let began = false;
    socket.on('data', () => (began = true));
    socket.on('end', () => {
      resolve(began ? 'closed' : 'closed before it began');
    });
    socket.on('error', (error) => {
      resolve(error.message);
    });
  });
}

/** One exchange: by turns a GET, one whose answer has begun, and an upload that ends late. @returns what went wrong. */
function exchange(port: number, n: number): Promise<string | undefined> {
  const path = `${n % 2 === 0 ? '/late' : '/begun'}?n=${n % 100}`;
  const upload = n % 4 === 0;
  return new Promise((resolve) => {
    const outgoing = request({ port, path, method: upload ? 'POST' : 'GET', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        resolve(response.complete && text.endsWith('complete') ? undefined : `status ${response.statusCode}`);
      });
      response.on('error', (error) => {
        resolve(error.message);
      });
    });
    outgoing.on('error', (error) => {
      resolve(error.message);
    });
    if (upload) {
      outgoing.write('half');
      setTimeout(() => outgoing.end('half'), 600);
    } else outgoing.end();
  });
}
