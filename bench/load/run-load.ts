import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { missingProgram } from '../debian.ts';
import { loadCore } from '../pinned-process.ts';
import type { LoadOrder, LoadResult } from './order.ts';

const run = promisify(execFile);

/** Puts load on a proxy, and tells what happened. */
export type LoadGenerator = (order: LoadOrder) => Promise<LoadResult>;

/** A load generator on the load's core: wrk where it is installed and can do it, otherwise a Node program. */
export function createLoadGenerator(): LoadGenerator {
  const hasWrk = missingProgram('wrk') === undefined;
  return async (order) => {
    const command = order.rate === undefined && hasWrk ? wrkCommand(order) : nodeCommand(order);
    const { stdout } = await run('taskset', ['-c', String(loadCore), ...command]);
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as LoadResult;
  };
}

function wrkCommand(order: LoadOrder): string[] {
  const url = `http://127.0.0.1:${order.port}${order.path}`;
  const flags = ['-t1', `-c${order.connections}`, `-d${order.seconds}s`, '--timeout', '10s', '--latency'];
  const script = ['-s', join(import.meta.dirname, 'wrk.lua'), url, '--'];
  return [
    'wrk',
    ...flags,
    ...script,
    order.method,
    String(order.body),
    order.newConnections === true ? 'new' : 'keep',
  ];
}

function nodeCommand(order: LoadOrder): string[] {
  return [process.execPath, join(import.meta.dirname, 'load.ts'), JSON.stringify(order)];
}
