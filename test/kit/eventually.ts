import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds within which something on this machine must have happened, unless a test says otherwise. */
export const patience = 10_000;

/**
 * Waits until a condition holds, by asking again and again; fails when it does not come true in time.
 * @param condition what must become true; a throw counts as not yet, and is the `cause` of the failure.
 * @param what the condition in words, for the failure; called late when it is a function.
 * @param within milliseconds.
 */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
  within: number = patience,
): Promise<void> {
  const giveUp = performance.now() + within;
  let cause: unknown;
  for (let pause = 0; ; pause = Math.min(pause + 1, 20)) {
    try {
      cause = undefined;
      if (await condition()) return;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > giveUp) {
      const words = typeof what === 'string' ? what : what();
      throw new Error(`Not so within ${within} ms: ${words}`, { cause });
    }
    await sleep(pause);
  }
}

/**
 * The promise, or a failure that says what was waited for.
 * @param describe what was waited for and what has been seen so far; called only when the time is up.
 * @param within milliseconds.
 */
export async function beforeDeadline<T>(
  promise: Promise<T>,
  describe: () => string,
  within: number = patience,
): Promise<T> {
  const stop = new AbortController();
  const deadline = sleep(within, undefined, { signal: stop.signal }).then(
    () => {
      throw new Error(`Deadline of ${within} ms passed: ${describe()}`);
    },
    // Aborted: the promise came first, and nobody looks at this one any more.
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    stop.abort();
  }
}
