import type { Proxy } from '../proxy.ts';
import { haproxy } from './haproxy.ts';
import { nginx, nginxTwoWorkers } from './nginx.ts';
import {
  expressKeepAlive,
  expressTutorial,
  expressTutorial4,
  fastifyHttpProxy,
  nodeUndici,
} from './node-programs.ts';

/** Everyone whom Waygate is compared with, the yardstick first. */
export const rivals: readonly Proxy[] = [
  nginx,
  nginxTwoWorkers,
  haproxy,
  nodeUndici,
  fastifyHttpProxy,
  expressKeepAlive,
  expressTutorial,
  expressTutorial4,
];
