import type { Scenario } from '../scenario.ts';

export const rateLimits: Scenario = {
  id: '15',
  title: 'rate-limit, by address, counted in the process and in Redis',
  note: 'A limit that nobody reaches, with what is left told in headers. nginx has its `limit_req`, by address too, which tells clients nothing. Redis runs on the core of the load; with `exact`, it is asked for every request, and the load waits for it as well.',
  kind: 'closed loop',
  request: { path: '/json' },
  connections: 64,
  routes: 3,
  proxies: ['nginx', 'waygate', 'waygate-plain', 'waygate-exact', 'waygate-synced'],
  redis: true,
  policies: {
    waygate: [{ 'rate-limit': { limit: 1_000_000, window: '1s' } }],
    nginx: {
      http: `
  limit_req_zone $binary_remote_addr zone=clients:10m rate=1000000r/s;
  limit_req_status 429;
  limit_req zone=clients burst=100000 nodelay;`,
    },
  },
};
