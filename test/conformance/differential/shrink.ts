import { checkSample } from './check-sample.ts';
import type { Lane } from './check-sample.ts';
import type { Sample } from './sample.ts';

/** Milliseconds that are spent on making a failing sample smaller. */
const budget = 10_000;

/** The least bytes found that still show the first of the problems, or one of its kind. */
export async function shrink(lane: Lane, sample: Sample, problems: readonly string[]): Promise<string> {
  const wanted = kindOf(problems[0] ?? '');
  const deadline = performance.now() + budget;
  const fails = async (bytes: string): Promise<boolean> => {
    const found = await checkSample(lane, { ...sample, bytes });
    lane.target.forget();
    return found.some((problem) => kindOf(problem) === wanted);
  };
  let least = sample.bytes;
  for (let size = Math.ceil(least.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < least.length && performance.now() < deadline;) {
      const without = least.slice(0, at) + least.slice(at + size);
      if (without !== '' && (await fails(without))) least = without;
      else at += size;
    }
  }
  return least;
}

/** Problems are of one kind when they differ only in what they quote. */
function kindOf(problem: string): string {
  return problem.replace(/^\S* \S* \(/, '(').replace(/\d+|"[^"]*"/g, '#');
}
