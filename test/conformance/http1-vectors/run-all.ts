import type { Vector } from './cases.ts';
import { judge } from './judge.ts';
import type { Verdict } from './judge.ts';
import { runCase } from './run-case.ts';
import type { Lane } from './run-case.ts';

/**
 * Cases whose expectation a gateway cannot meet and be right, each with the reason. They are run and reported like the
 * others; only these outcomes of theirs count as right.
 */
export const exceptions: Readonly<Record<string, { readonly outcome: RegExp; readonly reason: string }>> = {
  'llhttp.connection.046': {
    outcome: /^200 400, .* 1 requests, 0 broken off/,
    reason:
      'a whole, unambiguous POST with a malformed request pipelined behind it: the first is answered and the second refused ' +
      '(RFC 9112 §9.3.2); refusing both would depend on what one read happens to bring',
  },
  'h1p.mal-post-cl-huge-no-body': {
    outcome: /^413, .* 0 requests, 0 broken off, 0 octets$/,
    reason: 'a body above the limit is a 413 (RFC 9110 §15.5.14), which the source does not list beside 400',
  },
};

/** A case and what it said about the proxy. */
export interface Judged {
  readonly vector: Vector;
  readonly verdict: Verdict;
  /** Whether it is one of the {@link exceptions}, and its outcome the one that is right. */
  readonly excepted: boolean;
}

/** Runs all cases, as many at a time as there are lanes. Results stand in the order of the cases. */
export async function runAll(lanes: readonly Lane[], vectors: readonly Vector[]): Promise<readonly Judged[]> {
  const results: Judged[] = [];
  const order = new Map(vectors.map((vector, index) => [vector, index]));
  const left = vectors.values();
  const work = async (lane: Lane): Promise<void> => {
    // One iterator for all lanes: each takes the next case that nobody has taken.
    for (const vector of left) {
      const verdict = judge(vector, await runCase(lane, vector));
      results.push({
        vector,
        verdict,
        excepted: exceptions[vector.id]?.outcome.test(verdict.outcome) === true,
      });
    }
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
