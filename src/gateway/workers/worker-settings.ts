import { once } from 'node:events';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import type { Config } from '../../config/schema.ts';

/** How threads behave; tests have other patience, and threads of their own. */
export interface WorkerSettings {
  /** The program that a thread runs. */
  readonly program: URL;
  /** Whether this system lets several sockets listen on one port. */
  readonly sharesPorts: () => Promise<boolean>;
  /** Milliseconds that a thread may take to start, or to prepare for a configuration. */
  readonly patience: number;
  /** Milliseconds without a turn of its event loop after which a thread is ended. */
  readonly silence: number;
  /** Milliseconds that a thread must have served so that its end is no sign of more to come. */
  readonly goodLife: number;
}

/** The program beside this file, as TypeScript here and as JavaScript in the package. */
const program = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url);

/** How threads behave in production. */
export const usualWorkers: WorkerSettings = {
  program,
  sharesPorts,
  patience: 30_000,
  silence: 10_000,
  goodLife: 2000,
};

/** Milliseconds between the first and second restart of a thread that dies again and again; doubled with each. */
const firstDelay = 100;
const mostDelay = 30_000;

/**
 * How long to wait before a dead thread is replaced: not at all the first time.
 * @param deaths how many ends in a row came soon after the start, this one included; 0 for an end after a good life.
 */
export function restartDelay(deaths: number): number {
  return deaths <= 1 ? 0 : Math.min(firstDelay * 2 ** (deaths - 2), mostDelay);
}

/** How many threads a configuration asks for. */
export function threadsIn({ workers }: Config): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

async function sharesPorts(): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host: '127.0.0.1', port: 0, reusePort: true });
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
