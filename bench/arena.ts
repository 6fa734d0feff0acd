import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cores } from './cores.ts';
import { missingProgram } from './debian.ts';
import type { PinnedProcess } from './pinned-process.ts';
import { lastLines, startPinned } from './pinned-process.ts';
import { freePort } from './ports.ts';
import type { Launch, Proxy, Setup } from './proxy.ts';
import type { RequestKind } from './scenario.ts';
import { targetLaunch } from './target.ts';

/** A proxy that runs, in front of the target. */
export interface RunningProxy {
  readonly proxy: Proxy;
  readonly port: number;
  readonly process: PinnedProcess;
}

/** What all proxies of a scenario have in common, and where they run. */
export interface ArenaSetup extends Pick<Setup, 'routes' | 'observed' | 'policies'> {
  readonly cores: Cores;
  /** Whether there is a Redis. */
  readonly redis: boolean;
}

/** The target and the proxies of one scenario. */
export interface Arena {
  readonly targetPort: number;
  /** Starts a proxy and waits until it answers a path, asked with what the scenario's requests have. */
  start(proxy: Proxy, path: string, headers?: RequestKind['headers']): Promise<RunningProxy>;
  /** Starts a proxy without waiting for it. */
  launch(proxy: Proxy): Promise<RunningProxy>;
  /** Ends everything. */
  close(): Promise<void>;
}

/**
 * Starts the target, and proxies on demand.
 * @param folder where configurations and logs go; emptied first.
 * @param edit a last change to how a proxy is started, for a profile.
 */
export async function openArena(
  folder: string,
  { routes, observed, policies, cores, redis }: ArenaSetup,
  edit: (launch: Launch, proxy: Proxy) => Launch = (launch) => launch,
): Promise<Arena> {
  rmSync(folder, { recursive: true, force: true });
  const targetPort = await freePort();
  const targetFolder = join(folder, 'target');
  const target = startPinned(cores.load, targetLaunch(targetPort, targetFolder), targetFolder);
  const started: PinnedProcess[] = [target];
  const redisPort = redis && missingProgram('redis-server') === undefined ? await freePort() : undefined;
  if (redisPort !== undefined) started.push(startRedis(cores.load, redisPort, join(folder, 'redis')));
  const close = async (): Promise<void> => {
    for (const each of started.toReversed()) await each.stop();
  };
  const launch = async (proxy: Proxy): Promise<RunningProxy> => {
    const port = await freePort();
    const common = { targetPort, routes, observed, policies, redisPort };
    const setup = { port, ...common, folder: join(folder, fileName(proxy.key)) };
    const running = startPinned(cores.proxy, edit(proxy.launch(setup), proxy), setup.folder);
    started.push(running);
    return { proxy, port, process: running };
  };
  try {
    await untilAnswered(targetPort, '/json', target, 'the target');
  } catch (error) {
    await close();
    throw error;
  }
  return {
    targetPort,
    launch,
    async start(proxy, path, headers) {
      const running = await launch(proxy);
      await untilAnswered(running.port, path, running.process, proxy.name, headers);
      return running;
    },
    close,
  };
}

/** A Redis that keeps nothing. It is up long before a proxy is; the proxy waits for it, if need be. */
function startRedis(cores: string, port: number, folder: string): PinnedProcess {
  const options = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  return startPinned(cores, { command: ['redis-server', '--port', String(port), ...options] }, folder);
}

/** A key as the name of a folder: the branch behind its `@` may have slashes. */
function fileName(key: string): string {
  return key.replaceAll(/[^\w@.-]/g, '-');
}

async function untilAnswered(
  port: number,
  path: string,
  running: PinnedProcess,
  name: string,
  headers: RequestKind['headers'] = {},
): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const status = await fetch(`http://127.0.0.1:${port}${path}`, { headers }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => 0,
    );
    if (status === 200) return;
    const ended = running.ended();
    if (ended !== undefined) throw new Error(`${name} ended:\n${ended}`);
    if (performance.now() > deadline) {
      throw new Error(
        `${name} answers ${path} with ${status === 0 ? 'nothing' : status}:\n${lastLines(running.log)}`,
      );
    }
    await sleep(20);
  }
}
