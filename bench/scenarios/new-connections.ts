import type { Scenario } from '../scenario.ts';

export const newConnections: Scenario = {
  id: '8',
  title: 'A new connection for each request, 64 at a time',
  kind: 'closed loop',
  request: { path: '/json' },
  connections: 64,
  newConnections: true,
  routes: 3,
};
