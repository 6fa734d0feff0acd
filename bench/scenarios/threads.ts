import type { Scenario } from '../scenario.ts';

const proxies = ['nginx', 'nginx-2-workers', 'waygate', 'waygate-2-threads'];

export const threadsOnOneCore: Scenario = {
  id: '12a',
  title: 'One thread and two on the same core, 128 connections',
  note: 'What threads cost by themselves: two event loops that take turns.',
  kind: 'closed loop',
  request: { path: '/json' },
  connections: 128,
  routes: 3,
  observed: true,
  proxies,
};

export const threadsOnTwoCores: Scenario = {
  id: '12b',
  title: 'One thread and two, on two cores, 128 connections',
  note: 'What threads cost that really run at the same time, and share caches, counters and the kernel. On a machine with two cores the load runs on the same ones, also when the proxy has one thread: throughput says little here, CPU per request is what counts.',
  kind: 'closed loop',
  request: { path: '/json' },
  connections: 128,
  routes: 3,
  observed: true,
  cores: 'shared',
  proxies,
};
