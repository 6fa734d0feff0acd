import type { Scenario } from '../scenario.ts';

export const newConnections: Scenario = {
  id: '8',
  title: 'A new connection for each request, 64 at a time',
  note: 'Where rounds of @fastify/http-proxy are void: it passes the `Connection: keep-alive` of the target on to the client and then closes, which counts as an error.',
  kind: 'closed loop',
  request: { path: '/json' },
  connections: 64,
  newConnections: true,
  routes: 3,
};
