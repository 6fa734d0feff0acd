// A program whose app has a gateway in it: it serves a request and an upgrade, closes what it opened, and is over when nothing is left.
import { once } from 'node:events';
import { createServer, get, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { appKinds, mountOptions } from './mounted-apps.ts';

const kind = appKinds.find(({ name }) => name === process.argv[2]);
if (kind === undefined) throw new Error(`no kind of app: ${String(process.argv[2])}`);

const service = createServer((_request, response) => response.end('service'));
service.on('upgrade', (_request, socket) => {
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
  );
  socket
    .on('error', () => undefined)
    .on('end', () => socket.end())
    .resume();
});
await once(service.listen(0, '127.0.0.1'), 'listening');
const { port } = service.address() as AddressInfo;

const app = await kind.serve(mountOptions(`http://127.0.0.1:${port}`), []);
const url = `http://127.0.0.1:${app.port}/api/x`;

const [response] = (await once(get(url), 'response')) as [{ statusCode: number; resume(): void }];
response.resume();
const handshake = request(url, {
  headers: {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
  },
}).end();
const [upgraded, socket] = (await once(handshake, 'upgrade')) as [{ statusCode: number }, NodeJS.Socket];
socket.on('error', () => undefined);
await app.close();
if (app.server.listening) app.server.close();
service.close();
console.log(response.statusCode, upgraded.statusCode, 'closed');
