import module from 'node:module';
import { workerData } from 'node:worker_threads';
import type { ThreadData } from './protocol.ts';

// A thread does not inherit it, and would compile everything anew. Before the program is loaded, or it comes too late.
const { compileCache } = workerData as ThreadData;
if (compileCache !== undefined) module.enableCompileCache(compileCache);

const { runThread } = await import('./run-thread.ts');
runThread();
