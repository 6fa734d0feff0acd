import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningProxy } from '../arena.ts';
import type { Measurement } from '../measurement.ts';
import { memoryBytes, startPinned } from '../pinned-process.ts';
import { pathOnMiddleRoute } from '../routes.ts';
import type { IdleConnections } from '../scenario.ts';

/** Opens connections that ask once and then stay, and looks at how much memory the proxy has taken for each. */
export async function measureIdleConnections(
  { connections, routes, request }: IdleConnections,
  { port, process, proxy }: RunningProxy,
  folder: string,
  cores: string,
): Promise<Measurement> {
  const before = memoryBytes(process.pid);
  const path = pathOnMiddleRoute(routes, request.path);
  const client = startPinned(
    cores,
    {
      command: [
        globalThis.process.execPath,
        join(import.meta.dirname, '../load/idle.ts'),
        String(port),
        path,
        String(connections),
      ],
    },
    join(folder, `idle-${proxy.key}`),
  );
  try {
    const deadline = performance.now() + 60_000;
    while (readFileSync(client.log, 'utf8') === '' && performance.now() < deadline) await sleep(100);
    const answer = readFileSync(client.log, 'utf8');
    const counts =
      answer === ''
        ? { open: 0, failed: connections }
        : (JSON.parse(answer) as { open: number; failed: number });
    if (counts.open !== connections)
      return { values: {}, void: `only ${counts.open} of ${connections} connections were answered` };
    // What the requests left behind is let go.
    await sleep(2000);
    return { values: { memory: (memoryBytes(process.pid) - before) / connections / 1024 } };
  } finally {
    await client.stop();
  }
}
