import { setTimeout as pause } from 'node:timers/promises';
import { GatewayError } from '../core/errors.ts';
import { messageOf } from '../core/message-of.ts';
import type { FakeClock } from '../testing/fake-clock.ts';

/** No answer came, or it broke off. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** What stands between a request and its answer. */
export interface Waiting {
  readonly clock: FakeClock;
  /** How many services are known to be slow. */
  waiting(): number;
  pass(milliseconds: number): Promise<void>;
}

/** How long somebody slow is waited for by the clock of the test, in milliseconds. */
const mostFakeTime = 15 * 60_000;

/** How long is waited for what takes the machine time, such as to hash a password; milliseconds. */
const mostRealTime = 30_000;

/**
 * Waits for an answer. The clock of the test moves only while a service is known to be slow: then to what is due next.
 * @throws NoAnswerError when none comes.
 */
export async function untilAnswered<Answer>(answer: Promise<Answer>, waiting: Waiting): Promise<Answer> {
  const { clock } = waiting;
  let settled = false;
  const settle = (): void => void (settled = true);
  answer.then(settle, settle);
  const start = clock.monotonic();
  let until = performance.now() + mostRealTime;
  for (;;) {
    await waiting.pass(0);
    if (settled) return answer.catch(breaksOff);
    const { next } = clock;
    if (waiting.waiting() === 0 || next === undefined) {
      if (performance.now() > until)
        throw new NoAnswerError(`there was no answer within ${mostRealTime / 1000} s`);
      await pause(5);
      continue;
    }
    if (clock.monotonic() + next - start > mostFakeTime)
      throw new NoAnswerError('there was no answer within 15 minutes by the clock of the test');
    await waiting.pass(next);
    until = performance.now() + mostRealTime;
  }
}

function breaksOff(error: unknown): never {
  const words = error instanceof GatewayError ? `${error.code}, ${error.detail}` : messageOf(error);
  throw new NoAnswerError(`the answer breaks off: ${words}`, { cause: error });
}
