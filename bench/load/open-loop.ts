import { Worker } from 'node:worker_threads';
import type { Answer, ClientConnection } from './client-connection.ts';
import { LatencyRecord } from './latency-record.ts';
import type { LoadOrder } from './order.ts';

/** Takes an answer and the moment from which its latency counts. */
export type RecordAnswer = (answer: Answer, since: number) => void;

/** What an open loop tells beyond its answers. */
export interface OpenLoopEnd {
  readonly warmUpRequests: number;
  /** Requests that had no answer five seconds after the end. */
  readonly unanswered: number;
  /** How late requests left because this program was late, as the 99th percentile in milliseconds. */
  readonly lateness: number;
  /** The share of one core that this program used. */
  readonly share: number;
}

/** Milliseconds after the end in which answers still count. */
const grace = 5000;

/**
 * Sends at a fixed rate. Latencies count from when a request was due, by the schedule: what waits because every connection
 * is busy counts, and so does what this program itself is late by.
 */
export async function runOpenLoop(
  connections: readonly ClientConnection[],
  { rate, seconds, warmUp = 0 }: Pick<LoadOrder, 'seconds' | 'warmUp'> & { readonly rate: number },
  record: RecordAnswer,
): Promise<OpenLoopEnd> {
  const free = [...connections];
  const interval = 1000 / rate;
  const unrecorded = Math.floor(rate * warmUp);
  const count = unrecorded + Math.floor(rate * seconds);
  const lateness = new LatencyRecord();
  // The ticker needs a moment to start.
  const start = now() + 200;
  const ticker = new Worker(new URL('ticker.ts', import.meta.url), {
    workerData: { start, interval, count },
  });
  let noticed = 0;
  let sent = 0;
  let answered = 0;
  const send = (): void => {
    for (; sent < noticed; sent++) {
      const connection = free.pop();
      if (connection === undefined) return;
      const due = start + sent * interval;
      const isRecorded = sent >= unrecorded;
      connection.send((answer) => {
        answered++;
        if (isRecorded) record(answer, due);
        free.push(connection);
        send();
      });
    }
  };
  const used = new Promise<NodeJS.CpuUsage>((resolve) => {
    // From the end of the warm-up on.
    setTimeout(
      () => {
        resolve(process.cpuUsage());
      },
      200 + warmUp * 1000,
    );
  });
  await new Promise<void>((resolve) => {
    const notice = (): void => {
      for (; noticed < count; noticed++) {
        const late = now() - (start + noticed * interval);
        if (late < 0) break;
        if (noticed >= unrecorded) lateness.add(late);
      }
      send();
    };
    ticker.on('message', notice);
    const end = start + (warmUp + seconds) * 1000;
    const timer = setInterval(() => {
      // The clocks of two threads differ by a hair, so the last tick may have come before its request was due.
      notice();
      if (now() < end || (answered < count && now() < end + grace)) return;
      clearInterval(timer);
      resolve();
    }, 10);
  });
  const { user, system } = process.cpuUsage(await used);
  const measured = (now() - start) / 1000 - warmUp;
  await ticker.terminate();
  return {
    warmUpRequests: unrecorded,
    unanswered: count - answered,
    lateness: lateness.percentiles().p99,
    share: (user + system) / 1e6 / measured,
  };
}

/** `performance.now` begins anew in each thread, `process.hrtime` does not; but it costs more. */
const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds by the clock that all threads share. */
export function now(): number {
  return performance.now() + offset;
}
