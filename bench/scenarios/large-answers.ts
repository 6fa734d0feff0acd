import type { Scenario } from '../scenario.ts';

export const answersOf64Kib: Scenario = {
  id: '4a',
  title: 'Answers of 64 KiB, 64 connections',
  kind: 'closed loop',
  request: { path: '/64k' },
  connections: 64,
  routes: 3,
  headline: 'perCpuSecond',
};

export const answersOf10Mb: Scenario = {
  id: '4b',
  title: 'Answers of 10 MiB, 8 connections',
  kind: 'closed loop',
  request: { path: '/10m' },
  connections: 8,
  routes: 3,
  headline: 'perCpuSecond',
};
