import { z } from 'zod';
import { inFlightOption } from '../../core/bounded-calls.ts';
import { fieldName } from '../../core/option-schemas.ts';
import { serviceUrl } from '../../core/service-url.ts';
import { duration, size } from '../../core/units.ts';

const names = z.array(fieldName()).max(100);

const cache = z.strictObject({
  for: duration({ min: '100ms', max: '24h' }).describe(
    'How long a 2xx answer stands for the requests that follow: for as long a verdict that was taken back is still obeyed. Has no default: without `cache`, nothing is remembered.',
  ),
  refusedFor: duration({ min: '100ms', max: '1h', off: true })
    .prefault(0)
    .describe(
      'The same for answers that refuse; only of requests with credentials. Without it: 0, they are not remembered.',
    ),
  maxEntries: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe(
      'How many answers of each kind are remembered; those that were not asked for longest go first. Without it: 10000.',
    ),
  by: names
    .min(1)
    .optional()
    .describe(
      'What a 2xx answer depends on, of what the service is told: names from `requestHeaders`, `X-Forwarded-Method`, `X-Forwarded-Proto`, `X-Forwarded-Host`, `X-Forwarded-Uri` and `X-Forwarded-For`. What is left out must not matter to the service: with `[Authorization]` alone, who may see one path may see all. Without it: everything, which is safe.',
    ),
});

/** The options of the policy `forward-auth`. */
export const options = z.strictObject({
  url: serviceUrl().describe(
    'The URL that is asked, with whatever query it needs. Has no default: it must be named.',
  ),
  method: z
    .enum(['GET', 'HEAD', 'POST'])
    .default('GET')
    .describe(
      'The method that it is asked with; the one of the request is in `X-Forwarded-Method`. Without it: GET.',
    ),
  requestHeaders: names
    .default(['Authorization', 'Cookie'])
    .describe(
      'The headers of the request that the service is told, besides the `X-Forwarded-` ones: its credentials. Without it: Authorization and Cookie.',
    ),
  responseHeaders: names
    .default([])
    .describe(
      'The headers of a 2xx answer that the request goes on with. Whatever the client sends under these names is taken out. Without it: none.',
    ),
  consumerHeader: fieldName()
    .optional()
    .describe(
      'The header of a 2xx answer that says who is asking. Without it: nobody learns that but the service.',
    ),
  groupsHeader: fieldName()
    .optional()
    .describe(
      'The header of a 2xx answer with the groups of the consumer, separated by commas. Without it: no groups.',
    ),
  scopesHeader: fieldName()
    .optional()
    .describe(
      'The header of a 2xx answer with what the credential allows, separated by spaces or commas. Without it: no scopes.',
    ),
  optional: z
    .boolean()
    .default(false)
    .describe(
      'Whether a 2xx answer without the `consumerHeader` lets the request pass as anonymous. Without it: no, that is no answer.',
    ),
  redirects: z
    .boolean()
    .default(false)
    .describe(
      'Whether the client gets 301, 302, 303, 307 and 308 too, such as those to a page where one signs in. Without it: no, they are no answer.',
    ),
  refusalHeaders: names
    .default(['WWW-Authenticate', 'Location', 'Set-Cookie'])
    .describe(
      'The headers of an answer that refuses which the client gets, besides `Content-Type`. Without it: WWW-Authenticate, Location and Set-Cookie.',
    ),
  timeout: duration({ min: '10ms', max: '1m' })
    .prefault('5s')
    .describe('How long the whole answer may take; the request waits as long. Without it: 5s.'),
  maxBody: size({ max: '1mb' })
    .prefault('64kb')
    .describe('The largest body that an answer may have. Without it: 64kb.'),
  inFlight: inFlightOption,
  cache: cache
    .optional()
    .describe('What is remembered of answers. Without it: nothing, every request is asked about.'),
});

/** The options of the policy, defaults filled in. */
export type ForwardAuthOptions = z.output<typeof options>;
