import type { Scenario } from '../scenario.ts';

export const post: Scenario = {
  id: '3',
  title: 'POST with a JSON body of 16 KiB, 64 connections',
  kind: 'closed loop',
  request: { path: '/json', method: 'POST', body: 16 * 1024 },
  connections: 64,
  routes: 3,
};
