import type { Scenario } from '../scenario.ts';

export const observed: Scenario = {
  id: '7',
  title: 'As everyone runs it: access log and metrics on',
  note: 'nginx, HAProxy, Waygate and Fastify write their access log into a file, and Waygate counts its metrics; the programs around Express and `node:http` have neither.',
  kind: 'closed loop',
  request: { path: '/json' },
  connections: 64,
  routes: 3,
  observed: true,
};
