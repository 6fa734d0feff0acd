import { eventually } from '../../kit/eventually.ts';
import { openRecordingTarget } from '../../kit/recording-target.ts';
import type { Proxy, StartProxy } from '../http1-vectors/proxies.ts';
import { startWaygate } from '../http1-vectors/waygate.ts';
import { sequencedAnswer } from './check-sample.ts';
import type { Lane } from './check-sample.ts';

/** Lanes and what closes them. */
export interface Lanes {
  readonly lanes: readonly Lane[];
  readonly close: () => Promise<void>;
}

/** Lanes through Waygate, whose access log is compared with what arrives. */
export async function openWaygateLanes(count: number): Promise<Lanes> {
  const targets = await openTargets(count);
  const proxy = await startWaygate(targets);
  const lanes = targets.map((target, i): Lane => {
    const records = proxy.records[i] ?? [];
    return {
      target,
      port: proxy.ports[i] ?? 0,
      patience: 3000,
      takeForwarded: async () => {
        const isLast = ({ path }: { path: string }): boolean => path === '/next-client';
        // Whoever was served last is on record when everything before is: answers before it have been read.
        await eventually(() => records.some(isLast), 'the last client is in the access log');
        return records
          .splice(0)
          .filter((record) => !isLast(record) && record.target !== undefined && record.error === undefined)
          .map(({ method, path, requestBytes }) => ({ method, path, bodyLength: requestBytes }));
      },
    };
  });
  return { lanes, close: () => closeAll(proxy, targets) };
}

/** Lanes through another proxy, to see what the checks find there. */
export async function openOtherLanes(start: StartProxy, count: number): Promise<Lanes> {
  const targets = await openTargets(count);
  const proxy = await start(targets);
  const lanes = targets.map((target, i): Lane => ({ target, port: proxy.ports[i] ?? 0, patience: 300 }));
  return { lanes, close: () => closeAll(proxy, targets) };
}

async function openTargets(count: number): Promise<Lane['target'][]> {
  return Promise.all(Array.from({ length: count }, () => openRecordingTarget({ script: sequencedAnswer() })));
}

async function closeAll(proxy: Proxy, targets: readonly Lane['target'][]): Promise<void> {
  await proxy.close();
  await Promise.all(targets.map((target) => target.close()));
}
