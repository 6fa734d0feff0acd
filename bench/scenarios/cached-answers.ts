import type { Scenario } from '../scenario.ts';

const common = {
  kind: 'closed loop',
  request: { path: '/json' },
  connections: 64,
  routes: 3,
  proxies: ['nginx', 'waygate', 'waygate-plain'],
} as const;

/** `proxy_cache` as its documentation has it; its answers are in files, which the system keeps in memory. */
const proxyCache = `
  proxy_cache_path cache levels=1:2 keys_zone=answers:10m;
  proxy_cache answers;`;

export const cacheHits: Scenario = {
  ...common,
  id: '16a',
  title: 'cache, when the answer is there',
  note: 'All requests are for the same answer, which is fresh. nginx has its `proxy_cache`.',
  policies: {
    waygate: [{ cache: { ttl: '1h' } }],
    nginx: { http: `${proxyCache}\n  proxy_cache_valid 200 1h;` },
  },
};

export const cacheMisses: Scenario = {
  ...common,
  id: '16b',
  title: 'cache, when there is nothing to keep',
  note: 'The answers say nothing of how long they are fresh, so that every request goes to the target.',
  policies: { waygate: [{ cache: {} }], nginx: { http: proxyCache } },
};
