import { z } from 'zod';
import type { Exchange } from '../../core/exchange.ts';
import { checkFieldName, fieldName } from '../../core/option-schemas.ts';
import { definePolicy } from '../../core/policy.ts';
import type { Random } from '../../core/random.ts';

const options = z.strictObject({
  header: fieldName()
    .default('x-request-id')
    .describe('The header that carries the id to the service. Without it: x-request-id.'),
  accept: z
    .enum(['trusted', 'anyone', 'never'])
    .default('trusted')
    .describe(
      'Whose id is kept: one that came through a trusted proxy (see trustedProxies), one that anyone sends, or none. Without it: trusted.',
    ),
  generator: z
    .enum(['uuid', 'short'])
    .default('uuid')
    .describe(
      'What a new id looks like: a random UUID, or 16 characters with 96 random bits. Without it: uuid.',
    ),
  respond: z
    .boolean()
    .default(false)
    .describe('Whether the answer carries the id too, in the same header. Without it: no.'),
});

/** What an id may look like when it comes from outside: nothing that a log, a shell or a header would stumble over. */
const acceptable = /^[A-Za-z0-9._:=+/-]{1,128}$/;

/** Gives each exchange an id that the service, the log and the answer share. */
export const requestId = definePolicy({
  name: 'request-id',
  description: 'Gives each request an id that the service, the log and the answer share.',
  options,
  create({ header, accept, generator, respond }, { random }) {
    checkFieldName(['header'], header);
    const lowerName = header.toLowerCase();
    const generate = generator === 'uuid' ? () => random.uuid() : () => shortId(random);
    return {
      onRequest(exchange) {
        exchange.id = (isHeard(accept, exchange) ? receivedId(exchange, lowerName) : undefined) ?? generate();
        exchange.request.headers.set(header, exchange.id);
      },
      ...(respond && {
        onResponse(exchange, head) {
          head.headers.set(header, exchange.id);
        },
      }),
    };
  },
});

function isHeard(accept: 'trusted' | 'anyone' | 'never', { client }: Exchange): boolean {
  if (accept === 'trusted') return client.peerIp !== client.ip;
  return accept === 'anyone';
}

/** Two lines are no id: the service might read the other one. */
function receivedId({ request }: Exchange, lowerName: string): string | undefined {
  const [id, second] = request.headers.getAll(lowerName);
  return id !== undefined && second === undefined && acceptable.test(id) ? id : undefined;
}

function shortId(random: Random): string {
  return Buffer.from(random.bytes(12)).toString('base64url');
}
