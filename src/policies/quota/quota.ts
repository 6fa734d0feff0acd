import { limitPhases } from '../../core/limit-phases.ts';
import { LimitVerdicts, type LimitWords } from '../../core/limit-verdicts.ts';
import { definePolicy } from '../../core/policy.ts';
import { options } from './options.ts';
import { QuotaAccount } from './quota-account.ts';

const words: LimitWords = {
  code: 'quota_exceeded',
  detail: 'The quota is used up; Retry-After says when the next one begins.',
  refused: 'Requests refused because their quota was used up.',
  noun: 'quota',
};

/** Refuses requests beyond what a day, week or month of the calendar allows with 429 (`quota_exceeded`). */
export const quota = definePolicy({
  name: 'quota',
  description: 'Refuses requests beyond so many a day, week or month of the calendar.',
  options,
  create(written, setup) {
    const account = new QuotaAccount(written, setup);
    const verdicts = new LimitVerdicts(words, account.names(), written.dryRun, setup);
    return limitPhases(written, account, verdicts, setup);
  },
});
