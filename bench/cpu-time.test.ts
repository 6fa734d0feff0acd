import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { cpuBetween, readCpu } from './cpu-time.ts';
import type { CpuReading } from './cpu-time.ts';

function reading(ticks: number, threads: Record<number, number> | undefined): CpuReading {
  return {
    ticks: new Map([[1, ticks]]),
    threads:
      threads === undefined
        ? undefined
        : new Map(Object.entries(threads).map(([id, time]) => [Number(id), time])),
  };
}

test('the time of threads counts, of those that have begun meanwhile too', () => {
  const before = reading(100_000, { 1: 90_000, 2: 12_345 });
  assert.equal(cpuBetween(before, reading(160_000, { 1: 130_000, 2: 22_345, 3: 12_000 })), 62_000);
});

test('ticks count when a thread has ended and taken its time along, whether it was seen before or not', () => {
  const before = reading(100_000, { 1: 90_000, 2: 12_345 });
  assert.equal(cpuBetween(before, reading(160_000, { 1: 130_000 })), 60_000);
  assert.equal(cpuBetween(before, reading(200_000, { 1: 130_000, 2: 22_345 })), 100_000);
});

test('ticks count where the kernel does not count nanoseconds', () => {
  assert.equal(cpuBetween(reading(100_000, undefined), reading(160_000, undefined)), 60_000);
});

test('a process is read with its threads, to less than a tick', async () => {
  const before = readCpu(process.pid);
  const worker = new Worker('for (let i = 0; i < 3e7; i++);', { eval: true });
  await new Promise((resolve) => worker.once('exit', resolve));
  const after = readCpu(process.pid);
  assert.ok(after.ticks.has(process.pid));
  assert.ok(cpuBetween(before, after) > 0);
});
