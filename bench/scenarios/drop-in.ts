import type { Scenario } from '../scenario.ts';

export const dropIn: Scenario = {
  id: '17',
  title: "The tutorials' program, with its import changed",
  note: 'One program, Express with `createProxyMiddleware`, a target on localhost and `changeOrigin`: on http-proxy-middleware 4, which keeps connections, and with its import changed to `waygate/http-proxy-middleware` and nothing else. Beside it the same on version 3, which tutorials are written for, and Waygate without an app around it.',
  kind: 'closed loop',
  request: { path: '/json' },
  connections: 64,
  routes: 3,
  proxies: ['nginx', 'waygate', 'waygate-drop-in', 'express-tutorial-4', 'express-tutorial'],
};
