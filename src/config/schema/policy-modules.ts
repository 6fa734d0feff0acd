import { z } from 'zod';
import { foundIn } from '../../core/found-in.ts';
import type { PolicyDefinition } from '../../core/policy.ts';
import { withRemedy } from '../../core/remedy.ts';
import { GivenPolicy } from '../given-policy.ts';

/** More modules than any gateway has; each of them is a file to read and to watch. */
export const mostPolicyModules = 500;

const remedy = 'write a path such as ./policies/tenant.ts, or the name of a package';

/** A program may give the definition itself: by then it is a {@link GivenPolicy}. In a file there are only names. */
const policyModule = z
  .custom<string | PolicyDefinition>(
    (value) => (typeof value === 'string' && value !== '') || value instanceof GivenPolicy,
    { error: (issue) => withRemedy(`expected a module with policies, found ${foundIn(issue.input)}`, remedy) },
  )
  .meta({ type: 'string', minLength: 1, title: 'a module such as `./policies/tenant.ts`' });

/** The modules that bring policies of one's own. What is in them is read before the rest of the document. */
export const policyModules = z
  .array(policyModule, {
    error: (issue) => withRemedy(`expected a list of modules, found ${foundIn(issue.input)}`, `write each module on a line of its own with "- " in front`),
  })
  .max(mostPolicyModules, { error: withRemedy(`there are more than ${mostPolicyModules} modules`, 'let some of them export more than one policy') })
  .prefault([])
  .describe('Modules with policies of your own, each a path from the file of the configuration or the name of a package; see writing-a-policy.md.');
