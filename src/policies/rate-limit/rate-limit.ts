import { limitPhases } from '../../core/limit-phases.ts';
import { LimitVerdicts, type LimitWords } from '../../core/limit-verdicts.ts';
import { definePolicy } from '../../core/policy.ts';
import { Counting } from './counting.ts';
import { options } from './options.ts';

const words: LimitWords = {
  code: 'rate_limited',
  detail: 'Too many requests; try again later.',
  refused: 'Requests refused because they were beyond a limit.',
  noun: 'limit',
};

/** Refuses requests that come too often with 429 (`rate_limited`), and tells clients how much is left. */
export const rateLimit = definePolicy({
  name: 'rate-limit',
  description: 'Refuses requests that come too often.',
  options,
  create(written, setup) {
    const counting = new Counting(written, setup);
    const verdicts = new LimitVerdicts(words, counting.names(), written.dryRun, setup);
    return limitPhases(written, counting, verdicts, setup);
  },
});
