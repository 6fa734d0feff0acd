import { z } from 'zod';
import type { Exchange } from '../../src/core/exchange.ts';
import { definePolicy } from '../../src/core/policy.ts';

/**
 * A policy that answers everything with what is kept under the path, or a number of its own making, which it keeps for an hour, with the tag
 * `numbers`; and drops it on a DELETE. `X-Thread` says which thread it was. For tests of where answers are kept.
 */
export const keepingPolicy = definePolicy({
  name: 'keeping',
  description: 'Keeps numbers, for tests.',
  options: z.strictObject({}),
  alwaysAnswers: () => true,
  create(_options, { answers, clock, random, routeName }) {
    const thread = random.uuid();
    let made = 0;
    const place = ({ request }: Exchange) => ({
      route: routeName,
      host: request.port === undefined ? request.host : `${request.host}:${request.port}`,
      path: request.path,
      query: request.query === undefined ? '' : `?${request.query}`,
    });
    const make = (exchange: Exchange): string => {
      const body = `${thread} ${++made}`;
      const now = clock.now();
      const head = {
        ...{ status: 200, lines: [], responseTime: now, initialAge: 0, lifetime: 3600 },
        ...{ alwaysValidate: false, neverStale: false, staleWhileRevalidate: 0, staleIfError: 0 },
        ...{ forCredentials: false, etag: undefined, lastModified: undefined, vary: [], tags: ['numbers'] },
        part: undefined,
      };
      const answer = { head, body: Buffer.from(body), place: place(exchange), requestTime: now };
      answers.put(exchange.request.path, answer, 3600);
      return body;
    };
    return {
      async onRequest(exchange) {
        const { path, method } = exchange.request;
        const headers = [['x-thread', thread] as const];
        if (method === 'DELETE') {
          answers.invalidate(path, place(exchange));
          return { status: 204, headers };
        }
        const [kept] = await answers.get(path);
        const body = kept === undefined ? make(exchange) : Buffer.from(kept.body).toString();
        return { status: 200, headers, body };
      },
    };
  },
});
