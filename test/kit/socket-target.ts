import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { onFinish } from './finish.ts';
import { listen, stopListening } from './listen.ts';

/** A handshake of WebSocket version 13, as a client sends it. */
export const handshake =
  'GET /socket HTTP/1.1\r\nHost: gw.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

/** What a service answers to it. */
export const switching =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

/** The service's end of a WebSocket. */
export interface ServiceSocket {
  readonly socket: Socket;
  /** Octets that came behind the handshake. */
  received: number;
  /** How the other side ended it; undefined while it has not. */
  ended: 'finished' | 'reset' | undefined;
  /** Whether the socket is gone. */
  closed: boolean;
}

/** A service that accepts every WebSocket, and takes what comes over it for what it is: octets. */
export interface SocketTarget {
  readonly url: string;
  readonly sockets: readonly ServiceSocket[];
}

/**
 * Starts a service that speaks WebSocket as far as a relay sees it; it is gone when the test ends.
 * @param patience milliseconds that it leaves its own side open once the other has ended.
 */
export async function startSocketTarget(t: TestContext, patience = 0): Promise<SocketTarget> {
  const sockets: ServiceSocket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const end: ServiceSocket = { socket, received: 0, ended: undefined, closed: false };
    let head: string | undefined = '';
    socket.on('data', (chunk) => {
      if (head === undefined) {
        end.received += chunk.length;
        return;
      }
      head += chunk.latin1Slice();
      const at = head.indexOf('\r\n\r\n');
      if (at === -1) return;
      end.received += head.length - at - 4;
      head = undefined;
      sockets.push(end);
      socket.write(switching);
    });
    socket.on('end', () => {
      end.ended ??= 'finished';
      setTimeout(() => socket.end(), patience).unref();
    });
    socket.on('error', () => (end.ended ??= 'reset'));
    socket.on('close', () => (end.closed = true));
  });
  const { port } = await listen(server);
  onFinish(t, 'targets', async () => {
    for (const { socket } of sockets) socket.destroy();
    await stopListening(server);
  });
  return { url: `http://127.0.0.1:${port}`, sockets };
}
