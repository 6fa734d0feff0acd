import { definePolicy } from '../../core/policy.ts';
import { CachedAnswers } from './cached-answers.ts';
import { CachedRequests } from './cached-requests.ts';
import { explainCache } from './explain-cache.ts';
import { options } from './options.ts';
import { RouteCache } from './route-cache.ts';

/**
 * Answers from what the service has answered before, as far as RFC 9111 and the service allow it: a shared cache, which keeps
 * nothing when in doubt.
 */
export const cache = definePolicy({
  name: 'cache',
  description: 'Answers from what the service has answered before, as far as it allows that.',
  options,
  create(written, setup) {
    const routeCache = new RouteCache(written, setup);
    const requests = new CachedRequests(routeCache);
    const answers = new CachedAnswers(routeCache);
    return {
      onRequest: (exchange) => requests.onRequest(exchange),
      onResponse: (exchange, head) => {
        answers.onResponse(exchange, head);
      },
      onFinish: (exchange) => {
        answers.onFinish(exchange);
      },
      explain: (exchange) => explainCache(routeCache, exchange),
      close: () => {
        routeCache.close();
      },
    };
  },
});
