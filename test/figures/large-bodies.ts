// A body of 1 GB each way: resident memory of the gateway below 150 MB.
import { request } from 'node:http';
import { eventually } from '../kit/eventually.ts';
import { openGatewayProcess } from '../kit/gateway-process.ts';
import { buildPackage } from './built.ts';
import { mebibytes, report } from './figure.ts';
import { Load } from './load.ts';
import { openTarget } from './target.ts';

const BODY = 1_000_000_000;
const LIMIT = 150_000_000;
const piece = Buffer.alloc(64 * 1024, 'x');

const { server, url } = await openTarget((incoming, response) => {
  if (incoming.method === 'POST') {
    let received = 0;
    incoming.on('data', (chunk: Buffer) => (received += chunk.length));
    incoming.on('end', () => response.end(String(received)));
    return;
  }
  if (incoming.url !== '/large') {
    response.end('OK');
    return;
  }
  response.writeHead(200, { 'content-length': BODY });
  writeAll(response);
});

const gateway = await openGatewayProcess(
  {
    upstreams: { service: url },
    routes: [{ path: '/', upstream: 'service', streaming: true, limits: { body: 0 } }],
    log: { access: 'off' },
  },
  { main: buildPackage() },
);
try {
  const warm = new Load(gateway.port, '/x', 32);
  await eventually(() => warm.answered > 200, 'it is warm', 60_000);
  await warm.stop();
  const base = gateway.resident().now;
  const down = await watch(() => send('GET', '/large'));
  const up = await watch(() => send('POST', '/upload'));
  report(
    ...[
      { name: 'download', ...down, whole: down.result === String(BODY) },
      { name: 'upload', ...up, whole: up.result === String(BODY) },
    ].map(({ name, most, whole }) => ({
      name: `1 GB ${name}${whole ? '' : ' (broke off)'}: most resident memory, from a base of ${mebibytes(base)}`,
      measured: mebibytes(most),
      asked: `below ${mebibytes(LIMIT)}`,
      met: whole && most < LIMIT,
    })),
  );
} finally {
  await gateway.close();
  server.close();
  server.closeAllConnections();
}

/** Sends a request, its body if it is a POST, and gives how many octets the other side got. */
function send(method: 'GET' | 'POST', path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = method === 'POST' ? { 'content-length': BODY } : {};
    const outgoing = request({ port: gateway.port, method, path, headers }, (response) => {
      let received = 0;
      let text = '';
      response.on('data', (chunk: Buffer) => {
        received += chunk.length;
        if (method === 'POST') text += chunk.toString();
      });
      response.on('end', () => {
        resolve(method === 'POST' ? text : String(received));
      });
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    if (method === 'POST') writeAll(outgoing);
    else outgoing.end();
  });
}

/** Writes {@link BODY} octets as fast as they are taken, and ends. */
function writeAll(stream: NodeJS.WritableStream): void {
  let left = BODY;
  const fill = (): void => {
    while (left > 0) {
      const part = left >= piece.length ? piece : piece.subarray(0, left);
      left -= part.length;
      if (!stream.write(part)) {
        stream.once('drain', fill);
        return;
      }
    }
    stream.end();
  };
  fill();
}

/** Runs something and looks at the gateway's memory meanwhile. */
async function watch(
  run: () => Promise<string>,
): Promise<{ readonly result: string; readonly most: number }> {
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, gateway.resident().now)), 20);
  try {
    const result = await run();
    return { result, most: Math.max(most, gateway.resident().now) };
  } finally {
    clearInterval(timer);
  }
}
