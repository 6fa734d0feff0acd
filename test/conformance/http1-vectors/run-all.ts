import type { Vector } from './cases.ts';
import { judge } from './judge.ts';
import type { Verdict } from './judge.ts';
import { runCase } from './run-case.ts';
import type { Lane } from './run-case.ts';

/** A case and what it said about the proxy. */
export interface Judged {
  readonly vector: Vector;
  readonly verdict: Verdict;
}

/** Runs all cases, as many at a time as there are lanes. Results stand in the order of the cases. */
export async function runAll(lanes: readonly Lane[], vectors: readonly Vector[]): Promise<readonly Judged[]> {
  const results: Judged[] = [];
  const order = new Map(vectors.map((vector, index) => [vector, index]));
  const left = vectors.values();
  const work = async (lane: Lane): Promise<void> => {
    // One iterator for all lanes: each takes the next case that nobody has taken.
    for (const vector of left) results.push({ vector, verdict: judge(vector, await runCase(lane, vector)) });
  };
  await Promise.all(lanes.map(work));
  return results.toSorted((a, b) => (order.get(a.vector) ?? 0) - (order.get(b.vector) ?? 0));
}

/** Whether the source states the case as a MUST that is no matter of taste, and names an outcome that is right. */
export function isMust({ level, scored, expect }: Vector): boolean {
  return level === 'Must' && scored === true && (expect.class === 'sequence' || expect.pass.length > 0);
}

/** The results in one line. */
export function summarize(results: readonly Judged[]): string {
  const safe = results.filter(({ verdict }) => verdict.unsafe.length === 0);
  const must = results.filter(({ vector }) => isMust(vector));
  const passed = must.filter(({ verdict }) => verdict.score === 'pass');
  const clean = results.filter(({ verdict }) => verdict.unclean.length === 0);
  return `safe ${safe.length}/${results.length}, Must passed ${passed.length}/${must.length}, clean ${clean.length}`;
}
