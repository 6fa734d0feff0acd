import { setImmediate as turn } from 'node:timers/promises';
import { checkTime, type FakeClock } from './fake-clock.ts';

/** What is known of a gateway's exchanges. */
export interface Busyness {
  /** Exchanges under way. */
  readonly underWay: () => number;
  /** How many of them are known to wait for time, or for somebody else. */
  readonly waiting: () => number;
}

/** Turns of the event loop in which everything in memory has come to its end, where one thing leads to another. */
const TURNS = 12;

/** Turns behind a timer: what it does in memory begins with it. */
const TURNS_BETWEEN = 2;

/**
 * Milliseconds, of the machine's clock, for what is not in memory and not known to wait: cryptography in threads, files. Most
 * exchanges are known to wait, and nothing is waited for.
 */
const PATIENCE = 50;

/** Lets time pass, and all happen that is due meanwhile, each at its time. */
export async function passTime(clock: FakeClock, milliseconds: number, busyness: Busyness): Promise<void> {
  checkTime(milliseconds, clock.now());
  if (milliseconds < 0) throw new RangeError(`time does not pass by ${milliseconds} ms`);
  const end = clock.monotonic() + milliseconds;
  let known = await settle(busyness, undefined);
  for (;;) {
    const { next } = clock;
    if (next === undefined || clock.monotonic() + next > end) break;
    clock.advance(next);
    for (let i = 0; i < TURNS_BETWEEN; i++) await turn();
    if (stateOf(busyness) !== known) known = await settle(busyness, known);
  }
  clock.advance(end - clock.monotonic());
  await settle(busyness, known);
}

/**
 * Lets everything happen that needs no time to pass.
 * @param known a state in which nothing more happened before.
 * @returns the state that it has come to.
 */
async function settle(busyness: Busyness, known: string | undefined): Promise<string> {
  const until = performance.now() + PATIENCE;
  let state = stateOf(busyness);
  for (let quiet = 0; quiet < TURNS; quiet++) {
    await turn();
    const now = stateOf(busyness);
    const unknown = now !== known && busyness.underWay() > busyness.waiting();
    if (now !== state || (unknown && performance.now() < until)) quiet = -1;
    state = now;
  }
  return state;
}

function stateOf({ underWay, waiting }: Busyness): string {
  return `${underWay()} ${waiting()}`;
}
