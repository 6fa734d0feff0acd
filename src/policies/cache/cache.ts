import { definePolicy } from '../../core/policy.ts';
import { CacheWork } from './cache-work.ts';
import { options } from './options.ts';

/**
 * Answers from what the service has answered before, as far as RFC 9111 and the service allow it: a shared cache, which keeps
 * nothing when in doubt.
 */
export const cache = definePolicy({
  name: 'cache',
  description: 'Answers from what the service has answered before, as far as it allows that.',
  options,
  create(written, setup) {
    const work = new CacheWork(written, setup);
    return {
      onRequest: (exchange) => work.onRequest(exchange),
      onResponse: (exchange, head) => {
        work.onResponse(exchange, head);
      },
      onFinish: (exchange) => {
        work.onFinish(exchange);
      },
      explain: (exchange) => work.explain(exchange),
      close: () => {
        work.close();
      },
    };
  },
});
