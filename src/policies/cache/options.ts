import { z } from 'zod';
import { fieldName } from '../../core/option-schemas.ts';
import { duration, size } from '../../core/units.ts';
import { withRemedy } from '../../core/remedy.ts';

const time = duration({ off: true, max: '24d' });

const statusKey = z.string().regex(/^[2-5](?:\d\d|xx)$/, {
  error: ({ input }) =>
    withRemedy(`${JSON.stringify(input)} is no status`, 'write one such as 200, or a hundred such as 4xx'),
});

const ttl = z
  .union([time, z.record(statusKey, time)])
  .optional()
  .describe(
    'How long answers are fresh, in place of what they say: one time for 200, 203, 300, 301, 308 and 410, or times by status (`200`, `4xx`); 0 keeps none. What an answer forbids stays forbidden. Without it: what the answer says.',
  );

const names = z.array(z.string().min(1).max(100)).max(100);

const key = z
  .strictObject({
    query: z
      .union([
        z.enum(['all', 'none']),
        z.strictObject({ only: names.describe('These parameters alone. Has no default: name them.') }),
        z.strictObject({ without: names.describe('All but these. Has no default: name them.') }),
      ])
      .default('all')
      .describe(
        'Which query parameters tell answers apart: all, none, only some, or all without some (such as utm_source). Without it: all.',
      ),
    headers: z
      .array(fieldName())
      .max(20)
      .default([])
      .describe('Headers that tell answers apart whether or not they name them in `Vary`. Without it: none.'),
  })
  .prefault({})
  .describe('What tells answers apart beyond route, scheme, host and path. Without it: the whole query.');

const bypass = z
  .strictObject({
    headers: z
      .array(fieldName())
      .max(20)
      .default([])
      .describe('Requests with one of these headers. Without it: none.'),
    cookies: names.default([]).describe('Requests with one of these cookies. Without it: none.'),
    query: names.default([]).describe('Requests with one of these query parameters. Without it: none.'),
  })
  .prefault({})
  .describe('Requests that go to the service as if there were no cache. Without it: none.');

/** The options of the policy `cache`. */
export const options = z.strictObject({
  ttl,
  heuristic: z
    .boolean()
    .default(false)
    .describe(
      'Whether an answer that does not say how long it is fresh is taken to be so for a tenth of the time since its `Last-Modified`, a day at most (RFC 9111 §4.2.2). Without it: no, it is not kept.',
    ),
  perConsumer: z
    .boolean()
    .default(false)
    .describe(
      'Whether each consumer has answers of their own; what says `private` is kept for nobody. Without it: no, a request with credentials gets only what its service allows for all (RFC 9111 §3.5).',
    ),
  key,
  bypass,
  maxSize: size({ max: '1gb' })
    .optional()
    .describe(
      'The largest body that is kept; larger ones pass through. Without it: what `cache.largest` says.',
    ),
  setCookie: z
    .enum(['refuse', 'strip'])
    .default('refuse')
    .describe(
      'What becomes of an answer with `Set-Cookie`: refuse keeps none, strip keeps it without its cookies. Without it: refuse.',
    ),
  staleWhileRevalidate: time
    .prefault(0)
    .describe(
      'How long an answer that is not fresh any more is used while it is fetched again, where it does not say so itself. Without it: 0, not at all.',
    ),
  staleIfError: time
    .prefault(0)
    .describe(
      'How long an answer that is not fresh any more stands in for 500, 502, 503, 504 and for no answer, where it does not say so itself. Without it: 0, not at all.',
    ),
  errorLimit: time
    .prefault('1m')
    .describe('The longest time for which a 4xx or 5xx is fresh, whatever it says. Without it: 1m.'),
  clientDirectives: z
    .enum(['obey', 'ignore'])
    .default('obey')
    .describe(
      'Whether clients may ask for younger answers than those kept (`Cache-Control: no-cache`, `max-age`). Without it: obey, as RFC 9111 has it.',
    ),
  coalesce: z
    .union([z.literal(false), duration({ max: '1m' })])
    .prefault('5s')
    .describe(
      'How long requests wait for an answer that another has asked for already; false does not wait. Without it: 5s.',
    ),
  cacheStatus: z
    .boolean()
    .default(false)
    .describe('Whether answers say in `Cache-Status` (RFC 9211) what the cache did. Without it: no.'),
});

/** The options of the policy, defaults filled in. */
export type CacheOptions = z.output<typeof options>;

/** Statuses that one `ttl` for all means: those that say something of the resource (RFC 9110 §15.1), errors apart. */
const lasting: ReadonlySet<number> = new Set([200, 203, 300, 301, 308, 410]);

/** Seconds for a status, or undefined where the answer says it. */
export function ttlOf(written: CacheOptions['ttl']): (status: number) => number | undefined {
  if (written === undefined) return () => undefined;
  if (typeof written === 'number') return (status) => (lasting.has(status) ? written / 1000 : undefined);
  const seconds = new Map(Object.entries(written).map(([status, ms]) => [status, ms / 1000]));
  return (status) => seconds.get(String(status)) ?? seconds.get(`${Math.floor(status / 100)}xx`);
}
