import { setTimeout as sleep } from 'node:timers/promises';
import type { Arena } from '../arena.ts';
import { ClientConnection } from '../load/client-connection.ts';
import type { Measurement } from '../measurement.ts';
import type { Proxy } from '../proxy.ts';
import { pathOnMiddleRoute } from '../routes.ts';
import type { ColdStart } from '../scenario.ts';

/** Starts a proxy and asks until it answers. */
export async function measureColdStart(
  { routes, request }: ColdStart,
  proxy: Proxy,
  arena: Arena,
): Promise<Measurement> {
  const path = pathOnMiddleRoute(routes, request.path);
  const started = performance.now();
  const running = await arena.launch(proxy);
  try {
    const client = new ClientConnection(running.port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    for (;;) {
      const { status } = await new Promise<{ status: number }>((resolve) => {
        client.send(resolve);
      });
      const milliseconds = performance.now() - started;
      client.close();
      if (status === 200) return { values: { start: milliseconds } };
      const ended = running.process.ended();
      if (ended !== undefined || milliseconds > 30_000)
        return { values: {}, void: ended ?? 'no answer in 30 s' };
      await sleep(2);
    }
  } finally {
    await running.process.stop();
  }
}
