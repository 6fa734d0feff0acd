import { readdirSync, readFileSync } from 'node:fs';

/** How much CPU time a program has used up to a moment: user and system, of all its processes and all their threads. */
export interface CpuReading {
  /**
   * Microseconds from `/proc/<pid>/stat`, by process. Threads that have ended are in it, but it comes in ticks of 10 ms,
   * cut off.
   */
  readonly ticks: ReadonlyMap<number, number>;
  /**
   * Microseconds from `/proc/<pid>/task/<tid>/schedstat`, by thread. It counts nanoseconds, but a thread takes its share
   * along when it ends. Undefined where the kernel does not offer it.
   */
  readonly threads: ReadonlyMap<number, number> | undefined;
}

const tickMicroseconds = 10_000;

/** Reads what a process and those it started have used so far. */
export function readCpu(pid: number): CpuReading {
  const processes = withChildren(pid);
  const threads = processes.flatMap(readThreads);
  const isOffered = threads.some(([, time]) => time > 0);
  return {
    ticks: new Map(processes.map((each) => [each, readTicks(each)])),
    threads: isOffered ? new Map(threads) : undefined,
  };
}

/**
 * The CPU time between two readings, in microseconds. The kernel derives both figures from the same clock, so they have to
 * agree within the ticks that were cut off; where they do not, because a thread has come and gone, the one that knows of
 * ended threads counts.
 */
export function cpuBetween(before: CpuReading, after: CpuReading): number {
  const ticks = growth(before.ticks, after.ticks);
  if (before.threads === undefined || after.threads === undefined) return ticks;
  const isLost = [...before.threads.keys()].some((thread) => after.threads?.has(thread) !== true);
  const exact = growth(before.threads, after.threads);
  // User and system time are cut off separately, at the beginning and at the end.
  const cutOff = 2 * tickMicroseconds * after.ticks.size;
  return isLost || Math.abs(exact - ticks) > cutOff ? ticks : exact;
}

function growth(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const [key, time] of after) sum += time - (before.get(key) ?? 0);
  return sum;
}

function readTicks(pid: number): number {
  // proc(5): behind the name in brackets, utime and stime are fields 14 and 15, in hundredths of a second.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * tickMicroseconds;
}

function readThreads(pid: number): [thread: number, microseconds: number][] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const [nanoseconds] = readIfThere(`/proc/${pid}/task/${thread}/schedstat`).split(' ');
    return [Number(thread), Number(nanoseconds) / 1000];
  });
}

/** A process with those it started, and those that these started. */
export function withChildren(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`)
    .flatMap((thread) => readIfThere(`/proc/${pid}/task/${thread}/children`).split(' '))
    .filter((child) => /^\d+$/.test(child))
    .map(Number);
  return [pid, ...children.flatMap(withChildren)];
}

/** Threads end while one looks. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
