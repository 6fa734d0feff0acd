import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

/** Two small services, as they may run elsewhere: users over HTTP, and a chat that repeats what it hears. */
export function startServices(usersPort: number, chatPort: number): void {
  createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const seenBy = request.headers['x-visit'] ?? 'nobody';
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ path: request.url, visit: seenBy, got: body }));
    });
  }).listen(usersPort, '127.0.0.1');
  new WebSocketServer({ port: chatPort, host: '127.0.0.1' }).on('connection', (socket) => {
    socket.on('message', (message: Buffer) => {
      socket.send(`you said: ${message.toString()}`);
    });
  });
}
