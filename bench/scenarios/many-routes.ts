import type { Scenario } from '../scenario.ts';

const proxies = ['nginx', 'haproxy', 'waygate'];

export const tenRoutes: Scenario = {
  id: '6a',
  title: '10 routes, 64 connections',
  kind: 'closed loop',
  request: { path: '/json' },
  connections: 64,
  routes: 10,
  proxies,
};

export const tenThousandRoutes: Scenario = {
  id: '6b',
  title: '10,000 routes, 64 connections',
  note: 'Express and Fastify are left out: they would need ten thousand instances of their proxy.',
  kind: 'closed loop',
  request: { path: '/json' },
  connections: 64,
  routes: 10_000,
  proxies,
};
