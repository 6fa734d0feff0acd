import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { MetricsRegistry } from './metrics.ts';

/** Milliseconds between two samples of the event loop's delay; what Node reports includes it. */
const resolution = 10;
/** Milliseconds that a window of the event loop lasts at least, so that two scrapers do not empty it for each other. */
const shortestWindow = 1000;

/**
 * Declares what the process says of itself: event loops and heaps, of which each thread has its own, memory, processor
 * time, descriptors. Names without the prefix are those that every Prometheus client library uses, so that existing
 * dashboards work.
 * @returns stops the measuring.
 */
export function registerProcessMetrics(registry: MetricsRegistry): () => void {
  const stop = registerEventLoop(registry);
  registerHeap(registry);
  registry.read('gauge', 'waygate_uptime_seconds', 'Time since the process started.', () => process.uptime());
  registry.read(
    'gauge',
    'process_start_time_seconds',
    'When the process started, in seconds since the epoch.',
    () => performance.timeOrigin / 1000,
  );
  registry.read('counter', 'process_cpu_seconds_total', 'Processor time used, by user and system.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  registry.read('gauge', 'process_resident_memory_bytes', 'Resident memory.', () =>
    process.memoryUsage.rss(),
  );
  registry.read('gauge', 'process_open_fds', 'Open file descriptors (Linux only).', openDescriptors);
  registry.read(
    'gauge',
    'process_max_fds',
    'Most file descriptors that may be open (Linux only).',
    maxDescriptors,
  );
  return stop;
}

function registerHeap(registry: MetricsRegistry): void {
  const declare = (name: string, help: string, read: () => number): void => {
    registry.sample('gauge', 'sum', name, help, read);
  };
  // Not `process.memoryUsage`, which opens a file to say more than is asked.
  declare(
    'nodejs_heap_size_used_bytes',
    'Memory of the JavaScript heap in use.',
    () => getHeapStatistics().used_heap_size,
  );
  declare(
    'nodejs_heap_size_total_bytes',
    'Memory of the JavaScript heap in all.',
    () => getHeapStatistics().total_heap_size,
  );
  declare(
    'nodejs_external_memory_bytes',
    'Memory outside the heap that JavaScript objects hold, buffers among it.',
    () => getHeapStatistics().external_memory,
  );
}

function registerEventLoop(registry: MetricsRegistry): () => void {
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  let since = performance.now();
  let utilization = performance.eventLoopUtilization();
  let window = { p50: 0, p99: 0, max: 0, utilization: 0 };
  const look = (): typeof window => {
    const now = performance.now();
    if (now - since < shortestWindow) return window;
    const used = performance.eventLoopUtilization();
    window = {
      p50: delaySeconds(delay.count, delay.percentile(50)),
      p99: delaySeconds(delay.count, delay.percentile(99)),
      max: delaySeconds(delay.count, delay.max),
      utilization: performance.eventLoopUtilization(used, utilization).utilization,
    };
    utilization = used;
    since = now;
    delay.reset();
    return window;
  };
  const declare = (name: string, help: string, read: () => number): void => {
    // Of several event loops, the one that is worst off.
    registry.sample('gauge', 'max', `waygate_event_loop_${name}`, help, read);
  };
  declare('delay_p50_seconds', 'How late the event loop was, median since the last look.', () => look().p50);
  declare(
    'delay_p99_seconds',
    'How late the event loop was, 99th percentile since the last look.',
    () => look().p99,
  );
  declare('delay_max_seconds', 'How late the event loop was at most since the last look.', () => look().max);
  declare('utilization_ratio', 'Share of the time that the event loop was busy since the last look.', () => {
    return look().utilization;
  });
  return () => {
    delay.disable();
  };
}

/** @param nanoseconds between two samples as measured; anything when there was none. */
function delaySeconds(count: number, nanoseconds: number): number {
  return count === 0 ? 0 : Math.max(0, nanoseconds / 1e9 - resolution / 1000);
}

function openDescriptors(): number | undefined {
  try {
    // One of them is the directory that is being read.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}

function maxDescriptors(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
