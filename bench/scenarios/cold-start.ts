import type { Scenario } from '../scenario.ts';

export const coldStart: Scenario = {
  id: '11a',
  title: 'Start to the first answered request, 3 routes',
  kind: 'cold start',
  request: { path: '/json' },
  routes: 3,
  headline: 'start',
};

export const coldStartThousandRoutes: Scenario = {
  id: '11b',
  title: 'Start to the first answered request, 1,000 routes',
  kind: 'cold start',
  request: { path: '/json' },
  routes: 1000,
  proxies: ['nginx', 'haproxy', 'waygate'],
  headline: 'start',
};
