import type { Scenario } from '../scenario.ts';

export const fixedRate: Scenario = {
  id: '9',
  title: 'Latency at a fixed rate: half of what the slowest proxy can take',
  note: 'Requests leave when they are due, whether earlier ones have been answered or not; what waits for a free connection counts.',
  kind: 'open loop',
  request: { path: '/json' },
  connections: 64,
  shareOfSlowest: 0.5,
  routes: 3,
  headline: 'p99',
};
