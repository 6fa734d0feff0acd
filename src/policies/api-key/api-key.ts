import { z } from 'zod';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { checkFieldName, fieldName } from '../../core/option-schemas.ts';
import { definePolicy } from '../../core/policy.ts';
import { problemReply } from '../../core/problem.ts';
import { withRemedy } from '../../core/remedy.ts';
import { duration } from '../../core/units.ts';
import { consumerOptions, type ConsumerEntry } from './consumer-options.ts';
import { digestOf } from './digest.ts';
import type { FoundKey } from './found-key.ts';
import { openKeySource } from './key-source.ts';
import { hasKey, takeKey } from './presented-key.ts';

/** Names that the access log masks wherever they stand, also when a request ends before this policy sees it. */
const maskedName = /^[A-Za-z0-9_.-]*(?:api[-_]?key|access[-_]?key|token|secret)[A-Za-z0-9_.-]*$/i;

/** Where in Redis keys are, and how long they are remembered. */
const redisOptions = z.strictObject({
  prefix: z
    .string()
    .regex(/^[\x21-\x7a|~]{0,100}$/, {
      error: () =>
        withRemedy(
          'this is not a prefix for keys',
          'write up to 100 letters, digits and signs, such as shop:',
        ),
    })
    .optional()
    .describe('What stands between the `keyPrefix` of the link and `apikey:`. Without it: nothing.'),
  remember: duration({ max: '1h' })
    .prefault('10s')
    .describe(
      'How long a key is taken without asking Redis again: so long at most one that is revoked still works. Without it: 10s.',
    ),
  keepWhileDown: duration({ off: true, max: '7d' })
    .prefault('10m')
    .describe(
      'How long a key goes on working while Redis is gone, from when it was last asked about; all others are answered 503. 0 is not at all. Without it: 10m.',
    ),
});

const options = z.strictObject({
  header: fieldName()
    .default('x-api-key')
    .describe('The header that the key is read from. Without it: x-api-key.'),
  query: z
    .string()
    .max(100)
    .regex(maskedName, {
      error: () =>
        withRemedy(
          'the access log would show keys under this name',
          'write a name that has api_key, access_key, token or secret in it, such as api_key',
        ),
    })
    .optional()
    .describe(
      'A query parameter that the key is read from as well, and that the service never sees. Without it: none, which is safer, for URLs end up in histories and logs.',
    ),
  forward: z
    .boolean()
    .default(false)
    .describe('Whether the service sees the header with the key. Without it: no.'),
  consumers: z
    .array(consumerOptions)
    .max(10_000)
    .superRefine(reportDuplicates)
    .default([])
    .describe('Who has keys. Without it: whoever is in `file`.'),
  file: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      'A file of consumers, one a line as JSON, that is read again by itself when it changes; its whole path. Without it: those under `consumers`.',
    ),
  redis: z
    .union([z.literal(true).transform(() => redisOptions.parse({})), redisOptions])
    .optional()
    .describe(
      'That keys are in the Redis of the configuration, for many instances and millions of keys: true, or { prefix, remember, keepWhileDown }. Without it: they are not.',
    ),
});

/**
 * Lets requests pass that have the key of a consumer, and says whose it is; refuses all others with 401
 * (`api_key_refused`), and with the same words whatever the reason.
 */
export const apiKey = definePolicy({
  name: 'api-key',
  description: 'Lets requests of consumers with an API key pass.',
  options,
  authenticates: true,
  create(given, setup) {
    const { header, query, forward } = given;
    const { metrics } = setup;
    checkFieldName(['header'], header);
    const keys = openKeySource({ consumers: given.consumers, file: given.file, redis: given.redis }, setup);
    const places = { header: header.toLowerCase(), query, forward };
    // RFC 9110 §11.6.1: every 401 says how to do better. No scheme is registered for keys; this one says where they go.
    const challenge = `ApiKey header="${header}"${query === undefined ? '' : `, query="${query}"`}`;
    const refused = metrics.counter('refused', 'Requests refused because they had no key that is valid.');
    const expired = metrics.counter('expired', 'Requests refused because their key has expired.');
    const unavailable =
      given.redis &&
      metrics.counter(
        'unavailable',
        'Requests answered 503 because Redis was gone and their key was not remembered.',
      );

    /** @param found that of a key which has expired, or none. @param anonymous whether there was not even a wrong one. */
    const refuse = (exchange: Exchange, found: FoundKey, anonymous: boolean): Reply => {
      if (found === 'unavailable') {
        unavailable?.add();
        return unavailableReply(exchange);
      }
      (found === undefined ? refused : expired).add();
      const detail = 'A valid API key is needed.';
      const headers = [['www-authenticate', challenge]] as const;
      const reply = problemReply({ status: 401, detail, code: 'api_key_refused', headers }, exchange);
      return anonymous ? { ...reply, anonymous } : reply;
    };

    const judge = (exchange: Exchange, found: FoundKey): Reply | undefined => {
      if (found === undefined || found === 'unavailable' || found.expired)
        return refuse(exchange, found, false);
      exchange.consumer = found.consumer;
      return undefined;
    };

    return {
      onRequest(exchange): Reply | undefined | Promise<Reply | undefined> {
        if (!hasKey(exchange.request, places)) return refuse(exchange, undefined, true);
        const key = takeKey(exchange.request, places);
        if (key === undefined) return refuse(exchange, undefined, false);
        const found = keys.look(digestOf(key));
        return found instanceof Promise
          ? found.then((known) => judge(exchange, known))
          : judge(exchange, found);
      },
      async explain(exchange) {
        const anonymous = !hasKey(exchange.request, places);
        const key = takeKey(exchange.request, places);
        if (key === undefined)
          return {
            reply: refuse(exchange, undefined, anonymous),
            notes: ['there is no key, or more than one'],
          };
        const found = await keys.look(digestOf(key));
        return { reply: judge(exchange, found), notes: [noteOf(found)] };
      },
      discardCredentials({ request }) {
        takeKey(request, { ...places, forward: false });
      },
      onResponse(_exchange, { headers }) {
        // Caches know that answers to `Authorization` are private (RFC 9111 §3.5), but not that these are.
        headers.append('Vary', header);
      },
      close() {
        keys.release();
      },
    };
  },
});

/** Never a 401, which would make a client throw a good key away, and never a pass. */
function unavailableReply(exchange: Exchange): Reply {
  const detail = 'API keys cannot be verified now; try again in a moment.';
  const headers = [['retry-after', '1']] as const;
  return problemReply({ status: 503, detail, code: 'api_keys_unavailable', headers }, exchange);
}

/** What `explain` says of it. */
function noteOf(found: FoundKey): string {
  if (found === undefined) return 'nobody has this key';
  if (found === 'unavailable') return 'keys are in Redis, which is not asked or does not answer';
  const { id } = found.consumer;
  return found.expired ? `the key of ${id} has expired` : `it is a key of ${id}`;
}

/** Reports every name and every key that stands twice. */
function reportDuplicates(consumers: readonly ConsumerEntry[], context: z.RefinementCtx): void {
  const names = new Map<string, number>();
  const owners = new Map<string, number>();
  for (const [index, { name, keys }] of consumers.entries()) {
    const namesake = names.get(name);
    if (namesake === undefined) names.set(name, index);
    else
      report(
        [index, 'name'],
        `consumer ${namesake + 1} of the list has this name too`,
        'give each a name of its own, and put all of its keys in one entry',
      );
    for (const [at, key] of keys.entries()) {
      const digest = (typeof key === 'string' ? key : key.digest).toLowerCase();
      const owner = owners.get(digest);
      if (owner === undefined) owners.set(digest, index);
      else
        report(
          [index, 'keys', at],
          owner === index
            ? 'this key stands here twice'
            : `consumer ${owner + 1} of the list has this key too`,
          'leave one of them out: a key stands for one consumer',
        );
    }
  }

  function report(path: (string | number)[], found: string, remedy: string): void {
    context.addIssue({ code: 'custom', path, message: withRemedy(found, remedy) });
  }
}
