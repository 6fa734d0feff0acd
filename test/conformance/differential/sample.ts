import { render } from './draft.ts';
import { generateDraft } from './generate.ts';
import { mutate, mutateBytes } from './mutate.ts';
import { SeededRandom } from './seeded-random.ts';

/** What is sent on one connection. */
export interface Sample {
  /** Latin1. */
  readonly bytes: string;
  /** How many requests it was made of, before they were mutated. */
  readonly requestCount: number;
  /** What was done to them, for the report. */
  readonly mutations: readonly string[];
  /** Whether the client says at once that nothing more will come (FIN), rather than when it has its answers. */
  readonly finishAtOnce: boolean;
}

/** The sample of that seed: one to four pipelined requests, most of them with something done to them. */
export function makeSample(seed: number): Sample {
  const random = new SeededRandom(seed);
  const requestCount = 1 + random.below(4);
  const mutations: string[] = [];
  let bytes = '';
  for (let i = 0; i < requestCount; i++) {
    let draft = generateDraft(random);
    for (let left = random.pick([0, 1, 1, 1, 2]); left > 0; left--) {
      const mutated = mutate(draft, random);
      draft = mutated.draft;
      mutations.push(`${i}: ${mutated.name}`);
    }
    let text = render(draft);
    if (random.chance(0.1)) {
      text = mutateBytes(text, random);
      mutations.push(`${i}: bytes`);
    }
    bytes += text;
  }
  return { bytes, requestCount, mutations, finishAtOnce: random.chance(0.25) };
}
