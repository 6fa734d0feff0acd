import { z } from 'zod';

/** What a process holds, in octets. */
export const memoryAnswer = z.object({
  /** Of the JavaScript heap. */
  heap: z.number(),
  /** Outside of it, buffers among them. */
  external: z.number(),
});

/** What a process holds, in octets. */
export type MemoryAnswer = z.output<typeof memoryAnswer>;

// Preloaded into a process whose memory a test watches: on request it collects what can be, and says what is left.
// It does not keep the process alive, and does nothing where there is nobody to ask.
process.on('message', (message) => {
  if (message !== 'memory') return;
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ heap: heapUsed, external } satisfies MemoryAnswer);
});
process.channel?.unref();
