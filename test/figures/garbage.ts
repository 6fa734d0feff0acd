// A hundred octets of garbage, a TLS hello, an HTTP/2 preface on the plain port: closed quickly, one line in the log each.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { eventually } from '../kit/eventually.ts';
import { openGatewayProcess } from '../kit/gateway-process.ts';
import { report } from './figure.ts';

const EACH = 100;
/** Milliseconds. */
const QUICKLY = 500;

const gateway = await openGatewayProcess({
  routes: [{ path: '/', policies: [{ respond: { body: 'OK' } }] }],
  log: { access: 'json' },
});
try {
  const kinds = {
    'a hundred octets of garbage': () => visit(randomBytes(100)),
    'a TLS hello': visitWithTls,
    'an HTTP/2 preface': () =>
      visit(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1')),
  };
  for (const [name, visitOnce] of Object.entries(kinds)) {
    const before = lines().length;
    let slowest = 0;
    for (let i = 0; i < EACH; i++) slowest = Math.max(slowest, await visitOnce());
    await eventually(() => lines().length >= before + EACH, 'each has its line in the log');
    const ours = lines().slice(before);
    const sound = ours.every(
      (line) => /"status":(?:4|5)\d\d,/.test(line) && typeof JSON.parse(line) === 'object',
    );
    report(
      {
        name: `${name}, ${EACH} times: closed within`,
        measured: `${slowest.toFixed(0)} ms`,
        asked: `${QUICKLY} ms`,
        met: slowest < QUICKLY,
      },
      {
        name: `${name}: lines in the log`,
        measured: `${ours.length}${sound ? '' : ', not all of them refusals'}`,
        asked: String(EACH),
        met: sound && ours.length === EACH,
      },
    );
  }
  const left = await gateway.metric('waygate_connections_open');
  report({ name: 'connections left', measured: String(left), asked: '0', met: left === 0 });
} finally {
  await gateway.close();
}

function lines(): string[] {
  return gateway.out.split('\n').filter((line) => line !== '');
}

/** Sends these octets, and gives the milliseconds until the gateway has closed. */
async function visit(octets: Uint8Array): Promise<number> {
  const socket = connect(gateway.port, '127.0.0.1');
  await once(socket, 'connect');
  const sent = performance.now();
  socket.write(octets);
  socket.resume();
  await closed(socket);
  return performance.now() - sent;
}

async function visitWithTls(): Promise<number> {
  const began = performance.now();
  const socket = connectTls({ port: gateway.port, host: '127.0.0.1', rejectUnauthorized: false });
  await closed(socket);
  return performance.now() - began;
}

async function closed(socket: NodeJS.EventEmitter): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const event of ['end', 'error', 'close']) socket.on(event, () => resolve());
  });
}
