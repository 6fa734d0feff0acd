import { hash } from 'node:crypto';
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { checkFieldName, fieldName } from '../../core/option-schemas.ts';
import { definePolicy, PolicyOptionError, type Setup } from '../../core/policy.ts';
import { problemReply } from '../../core/problem.ts';
import type { Lease, Shareable } from '../../core/shared.ts';
import { withRemedy } from '../../core/remedy.ts';
import { consumerOptions, type ConsumerEntry } from './consumer-options.ts';
import { digestOf } from './digest.ts';
import { keyTableOf } from './build-table.ts';
import { openKeyFile } from './key-file.ts';
import { type KeyTable, NO_KEY } from './key-table.ts';
import { hasKey, takeKey } from './presented-key.ts';

/** Names that the access log masks wherever they stand, also when a request ends before this policy sees it. */
const maskedName = /^[A-Za-z0-9_.-]*(?:api[-_]?key|access[-_]?key|token|secret)[A-Za-z0-9_.-]*$/i;

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
    const { clock, metrics } = setup;
    checkFieldName(['header'], header);
    const lease = leaseKeys(given, setup);
    const keys = lease.value;
    const places = { header: header.toLowerCase(), query, forward };
    // RFC 9110 §11.6.1: every 401 says how to do better. No scheme is registered for keys; this one says where they go.
    const challenge = `ApiKey header="${header}"${query === undefined ? '' : `, query="${query}"`}`;
    const refused = metrics.counter('refused', 'Requests refused because they had no key that is valid.');
    const expired = metrics.counter('expired', 'Requests refused because their key has expired.');

    /** @param entry that of a key which has expired, or none. @param anonymous whether there was not even a wrong one. */
    const refuse = (exchange: Exchange, entry: number, anonymous: boolean): Reply => {
      (entry === NO_KEY ? refused : expired).add();
      const reply = problemReply(
        { status: 401, detail: 'A valid API key is needed.', code: 'api_key_refused' },
        exchange,
      );
      return {
        ...reply,
        headers: [...(reply.headers ?? []), ['www-authenticate', challenge]],
        ...(anonymous && { anonymous }),
      };
    };

    return {
      onRequest(exchange): Reply | undefined {
        if (!hasKey(exchange.request, places)) return refuse(exchange, NO_KEY, true);
        const key = takeKey(exchange.request, places);
        // One table for the whole look-up: the file may be read again at any time.
        const { table } = keys;
        const entry = key === undefined ? NO_KEY : table.find(digestOf(key));
        if (entry === NO_KEY || table.hasExpired(entry, clock.now())) return refuse(exchange, entry, false);
        exchange.consumer = table.consumerOf(entry);
        return undefined;
      },
      explain(exchange) {
        const anonymous = !hasKey(exchange.request, places);
        const key = takeKey(exchange.request, places);
        if (key === undefined)
          return { reply: refuse(exchange, NO_KEY, anonymous), notes: ['there is no key, or more than one'] };
        const { table } = keys;
        const entry = table.find(digestOf(key));
        if (entry === NO_KEY)
          return { reply: refuse(exchange, NO_KEY, false), notes: ['nobody has this key'] };
        const consumer = table.consumerOf(entry);
        if (table.hasExpired(entry, clock.now()))
          return { reply: refuse(exchange, entry, false), notes: [`the key of ${consumer.id} has expired`] };
        exchange.consumer = consumer;
        return { notes: [`it is a key of ${consumer.id}`] };
      },
      discardCredentials({ request }) {
        takeKey(request, { ...places, forward: false });
      },
      onResponse(_exchange, { headers }) {
        // Caches know that answers to `Authorization` are private (RFC 9111 §3.5), but not that these are.
        headers.append('Vary', header);
      },
      close() {
        lease.release();
      },
    };
  },
});

/** What is looked up in; that of a file changes. */
interface Keys extends Shareable {
  readonly table: KeyTable;
}

/** The keys, which instances on several routes share, and a file also those before and after a reload. */
function leaseKeys({ consumers, file }: z.output<typeof options>, { share, logger }: Setup): Lease<Keys> {
  if (file === undefined) {
    if (consumers.length === 0) {
      throw new PolicyOptionError(
        [],
        'api-key refuses everybody',
        'list who has keys under `consumers` or in a `file`; `waygate key create NAME` makes a key',
      );
    }
    const content = hash('sha256', JSON.stringify(consumers));
    return share(`consumers ${content}`, (): Keys => ({ table: keyTableOf(consumers) }));
  }
  if (consumers.length > 0) {
    throw new PolicyOptionError(
      ['file'],
      'there are consumers in two places',
      'keep either `consumers` or `file`',
    );
  }
  if (!isAbsolute(file)) {
    throw new PolicyOptionError(
      ['file'],
      `${JSON.stringify(file)} depends on where the gateway is started`,
      `write the whole path, such as ${resolve(file)}`,
    );
  }
  return share(`file ${file}`, () => openKeyFile(file, logger));
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
