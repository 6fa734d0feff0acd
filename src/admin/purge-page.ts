import type { IncomingMessage } from 'node:http';
import type { Purge } from '../core/answer-store.ts';
import { readPurgeRequest } from './purge-request.ts';
import { readBody } from './read-body.ts';

/** What the page needs of the gateway. */
export interface PurgeTools {
  /** The names of the routes that there are. */
  readonly routes: () => readonly string[];
  /**
   * Drops answers. `nothing`: no route keeps any; `here`: this gateway has no Redis; `everywhere`: all gateways on its Redis learn of
   * it; `untold`: this gateway has purged, and Redis could not be told.
   */
  readonly purge: (purge: Purge) => Promise<'nothing' | 'here' | 'everywhere' | 'untold'>;
}

/** Octets of a body, at most. */
const MOST = 16_384;

/** What is said to whoever asks for a purge: a status and an object. */
export async function purgePage(
  request: IncomingMessage,
  { routes, purge }: PurgeTools,
): Promise<readonly [status: number, value: Readonly<Record<string, unknown>>]> {
  // A form of a web page cannot have this type.
  if (!/^application\/json *(?:;|$)/i.test(request.headers['content-type'] ?? ''))
    return refusal(415, 'The body is JSON: Content-Type: application/json.');
  const body = await readBody(request, MOST);
  if (body === undefined) return refusal(413, `The body has at most ${MOST} octets.`);
  const reading = readPurgeRequest(body, routes());
  if ('mistake' in reading) return refusal(400, reading.mistake);
  const purged = reading.purge;
  switch (await purge(purged)) {
    case 'nothing':
      return refusal(409, 'No route of this gateway has the policy cache: there is nothing to purge.');
    case 'here':
      return [200, { purged, reached: 'this gateway' }];
    case 'everywhere':
      return [200, { purged, reached: 'all gateways' }];
    default: {
      const error =
        'This gateway is purged. Redis could not be told: other gateways may go on with what they have. Ask again.';
      return [503, { status: 503, error, purged }];
    }
  }
}

function refusal(status: number, error: string): readonly [number, { status: number; error: string }] {
  return [status, { status, error }];
}
