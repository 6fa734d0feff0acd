import type { Scenario } from '../scenario.ts';

export const manyConnections: Scenario = {
  id: '2',
  title: 'Small JSON answers, 1,024 connections',
  kind: 'closed loop',
  request: { path: '/json' },
  connections: 1024,
  routes: 3,
};
