import type { Scenario } from '../scenario.ts';

export const chunkedAnswers: Scenario = {
  id: '5',
  title: 'Chunked answers of 8 KiB, 64 connections',
  kind: 'closed loop',
  request: { path: '/chunked' },
  connections: 64,
  routes: 3,
};
