import type { Scenario } from '../scenario.ts';

export const smallJson: Scenario = {
  id: '1',
  title: 'Small JSON answers, 64 connections',
  kind: 'closed loop',
  request: { path: '/json' },
  connections: 64,
  routes: 3,
};
