import { connect } from 'node:net';
import { get } from '../kit/worker-gateway.ts';

/** Requests that a connection has under way at once. */
const PIPELINED = 20;

/** Sends so many requests over one connection. @returns how many were refused. */
export function flood(port: number, requests: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let [sent, answered, refused, tail] = [0, 0, 0, ''];
    const send = (many: number): void => {
      const next = Math.min(many, requests - sent);
      sent += next;
      if (next > 0) socket.write(get('/').repeat(next));
    };
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      const text = tail + chunk.toString('latin1');
      // What is cut off counts with the next piece. A body has no end of line: the next status stands right behind it.
      const end = text.lastIndexOf('\n') + 1;
      tail = text.slice(end);
      const whole = text.slice(0, end);
      const now = whole.match(/HTTP\/1\.1 \d/g)?.length ?? 0;
      refused += whole.match(/HTTP\/1\.1 429 /g)?.length ?? 0;
      answered += now;
      if (answered >= requests) {
        socket.destroy();
        resolve(refused);
      } else send(now);
    });
    send(PIPELINED);
  });
}
