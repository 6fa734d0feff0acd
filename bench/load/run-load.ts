import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { missingProgram } from '../debian.ts';
import type { LoadOrder, LoadResult } from './order.ts';

const run = promisify(execFile);

/** Puts load on a proxy, and tells what happened. */
export type Load = (order: LoadOrder) => Promise<LoadResult>;

/** The same, from certain cores, as `taskset` takes them. */
export type LoadGenerator = (order: LoadOrder, cores: string) => Promise<LoadResult>;

/** The load generator: wrk where it is installed and can do it, otherwise a Node program. */
export function createLoadGenerator(): LoadGenerator {
  const hasWrk = missingProgram('wrk') === undefined;
  return async (order, cores) => {
    const command = order.rate === undefined && hasWrk ? wrkCommand(order) : nodeCommand(order);
    const { stdout } = await run('taskset', ['-c', cores, ...command]);
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as LoadResult;
  };
}

function wrkCommand(order: LoadOrder): string[] {
  const url = `http://127.0.0.1:${order.port}${order.path}`;
  const flags = ['-t1', `-c${order.connections}`, `-d${order.seconds}s`, '--timeout', '10s', '--latency'];
  const headers = Object.entries(order.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const script = ['-s', join(import.meta.dirname, 'wrk.lua'), url, '--'];
  return [
    'wrk',
    ...flags,
    ...headers,
    ...script,
    order.method,
    String(order.body),
    order.newConnections === true ? 'new' : 'keep',
  ];
}

function nodeCommand(order: LoadOrder): string[] {
  return [process.execPath, join(import.meta.dirname, 'load.ts'), JSON.stringify(order)];
}
