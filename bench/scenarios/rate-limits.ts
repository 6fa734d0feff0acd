import type { Scenario } from '../scenario.ts';

export const rateLimits: Scenario = {
  id: '15',
  title: 'rate-limit, by address, counted in the process',
  note: 'A limit that nobody reaches, with what is left told in headers. nginx has its `limit_req`, by address too, which tells clients nothing.',
  kind: 'closed loop',
  request: { path: '/json' },
  connections: 64,
  routes: 3,
  proxies: ['nginx', 'waygate', 'waygate-plain'],
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
