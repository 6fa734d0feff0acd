import type { Scenario } from '../scenario.ts';

export const idleConnections: Scenario = {
  id: '10',
  title: '10,000 idle keep-alive connections: memory',
  note: 'The tutorial program is left out: it closes idle connections after 5 seconds.',
  kind: 'idle connections',
  request: { path: '/json' },
  connections: 10_000,
  routes: 3,
  rounds: 3,
  proxies: ['nginx', 'haproxy', 'waygate', 'node-undici', 'fastify', 'express-keep-alive'],
  headline: 'memory',
};
