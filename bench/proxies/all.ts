import type { Proxy } from '../proxy.ts';
import { haproxy } from './haproxy.ts';
import { nginx } from './nginx.ts';
import { expressKeepAlive, expressTutorial, fastifyHttpProxy, nodeUndici } from './node-programs.ts';

/** Everyone whom Waygate is compared with, the yardstick first. */
export const rivals: readonly Proxy[] = [
  nginx,
  haproxy,
  nodeUndici,
  fastifyHttpProxy,
  expressKeepAlive,
  expressTutorial,
];
