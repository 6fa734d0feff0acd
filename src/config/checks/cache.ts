import type { DocumentView } from '../document-view.ts';
import type { Finding } from '../finding.ts';

/** What is said about the cache and cannot be. */
export function cacheMistakes({ cache, has }: DocumentView): Finding[] {
  const findings: Finding[] = [];
  if (cache === undefined) return findings;
  if (cache.largest > cache.memory) {
    findings.push({
      path: has(['cache', 'largest']) ? ['cache', 'largest'] : ['cache', 'memory'],
      found: 'the largest body does not fit into the memory for answers',
      remedy: 'make cache.memory larger, or cache.largest smaller',
    });
  }
  if (cache.redis && has(['cache', 'redis']) && !has(['redis'])) {
    findings.push({
      path: ['cache', 'redis'],
      found: 'answers are to be kept in Redis, and there is none',
      remedy: 'write redis: with the URL of one, or leave this out',
    });
  }
  return findings;
}
