import { after } from 'node:test';

/**
 * In which order things are taken down when a test ends: whoever talks first, then the gateway, then what it talked
 * to, then the checks that look at what is left.
 */
const stages = ['clients', 'gateways', 'targets', 'checks'] as const;

/** When in the end of a test something is taken down. */
export type Stage = (typeof stages)[number];

type Finisher = () => void | Promise<void>;

/** A test, or a {@link suiteEnd}. */
export interface Ending {
  after(finisher: () => unknown): void;
}

const finishers = new WeakMap<Ending, Map<Stage, Finisher[]>>();

/**
 * Runs something when the test ends: stage by stage, within a stage the newest first. Every finisher runs even when
 * one before it failed; the first failure is the test's.
 */
export function onFinish(t: Ending, stage: Stage, finisher: Finisher): void {
  let byStage = finishers.get(t);
  if (byStage === undefined) {
    byStage = new Map();
    finishers.set(t, byStage);
    const registered = byStage;
    t.after(() => finish(registered));
  }
  const list = byStage.get(stage);
  if (list === undefined) byStage.set(stage, [finisher]);
  else list.unshift(finisher);
}

/** For what all tests of a suite have in common: what is to be taken down ends with the suite that this is called in. */
export function suiteEnd(): Ending {
  let finisher: (() => unknown) | undefined;
  after(() => finisher?.());
  return { after: (given) => void (finisher = given) };
}

async function finish(byStage: ReadonlyMap<Stage, readonly Finisher[]>): Promise<void> {
  const failures: unknown[] = [];
  for (const stage of stages) {
    for (const finisher of byStage.get(stage) ?? []) {
      try {
        await finisher();
      } catch (error) {
        failures.push(error);
      }
    }
  }
  if (failures.length > 0) throw failures[0];
}
