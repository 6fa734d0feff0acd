import { z } from 'zod';
import { foundIn } from '../../core/found-in.ts';
import { withRemedy } from '../../core/remedy.ts';

const valueRemedy = "write a text, such as '${consumer.id}' or '${consumer.claims.email}'";

const headerText = z.string({
  error: (issue) =>
    withRemedy(`expected the value of a header, found ${foundIn(issue.input)}`, valueRemedy),
});

/** What services learn about who is asking. Names and templates are looked at by `checks/identity.ts`. */
export const identity = z
  .strictObject({
    headers: z
      .record(z.string(), headerText)
      .prefault({ 'X-Consumer': '${consumer.id}' })
      .describe(
        'Headers that tell services who is asking, by name, with variables; deleted from every request that comes in. {} sets none.',
      ),
  })
  .prefault({})
  .describe('What services learn about who is asking.');
