import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { onFinish } from './finish.ts';
import { listen, stopListening } from './listen.ts';

/** Something that answers every command with the same octets, whatever they are. */
export interface FakeRedis {
  readonly port: number;
  /** What the next command is answered with; undefined leaves it without an answer. */
  answer: string | undefined;
  /** How many connections have been made. */
  readonly connections: number;
  /** How many of them are open. */
  readonly open: number;
}

/** Starts one; it is gone when the test ends. */
export async function startFakeRedis(t: TestContext, answer: string | undefined): Promise<FakeRedis> {
  const sockets = new Set<Socket>();
  const fake = { port: 0, answer, connections: 0, open: 0 };
  const server = createServer((socket) => {
    fake.connections++;
    fake.open++;
    sockets.add(socket);
    socket.on('data', (chunk) => {
      // Each command is a list: `*3` and so on at the beginning of a line.
      const commands = chunk.latin1Slice().match(/(?:^|\n)\*\d/g)?.length ?? 0;
      if (fake.answer !== undefined) socket.write(fake.answer.repeat(commands), 'latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      fake.open--;
      sockets.delete(socket);
    });
  });
  fake.port = (await listen(server)).port;
  onFinish(t, 'targets', async () => {
    for (const socket of sockets) socket.destroy();
    await stopListening(server);
  });
  return fake;
}
