import { workerData } from 'node:worker_threads';
import { z } from 'zod';
import { definePolicy, PolicyOptionError } from '../../src/policy.ts';

/** The number of this thread; 0 where there is only the main thread. */
const worker = z.object({ id: z.number() }).safeParse(workerData).data?.id ?? 0;

const faults = {
  exit: () => process.exit(3),
  throw: () =>
    void setImmediate(() => {
      throw new Error('a bug that reaches the top');
    }),
  reject: () => void Promise.reject(new Error('a rejection that nobody handles')),
  hang: () => {
    for (;;);
  },
  mistake: () => {
    throw new PolicyOptionError(['inCreate'], `worker ${worker} does not like it`, 'leave it out');
  },
  /** As soon as it serves. */
  dieSoon: () => void setTimeout(() => process.exit(4), 5),
  none: () => undefined,
} as const;

const fault = z.enum(['exit', 'throw', 'reject', 'hang', 'mistake', 'dieSoon', 'none']);

/**
 * What can go wrong in a thread, at the word of a test. A request for `/fault/exit` and the like does it; every answer says in
 * `x-worker` which thread it is from.
 */
export const faultPolicy = definePolicy({
  name: 'fault',
  description: 'Lets a thread of a test do what none should.',
  options: z.strictObject({
    inCreate: fault.prefault('none').describe('What happens when an instance is made.'),
    worker: z.number().optional().describe('In which thread; in all when left out.'),
    /** Nothing but another version of the configuration. */
    madeUp: z
      .boolean()
      .prefault(false)
      .transform((yes) => (yes ? Math.random() : 0))
      .describe('Whether every thread makes another configuration of it.'),
    label: z.string().prefault('').describe('Told in every answer.'),
  }),
  create({ inCreate, worker: wanted = worker, label }) {
    if (wanted === worker) faults[inCreate]();
    return {
      onRequest: ({ request }) => {
        const what = fault.safeParse(request.path.split('/fault/')[1]).data;
        if (what !== undefined) faults[what]();
        return undefined;
      },
      onResponse: (_exchange, { headers }) => {
        headers.set('x-worker', String(worker));
        headers.set('x-label', label);
      },
    };
  },
});
