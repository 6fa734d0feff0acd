import type { Results } from './results.ts';
import { ratioOf, summaryOf } from './results.ts';

/**
 * Says whether Waygate costs less CPU per request than @fastify/http-proxy in the same run: a margin so wide that a noisy
 * machine cannot miss it by chance.
 * @returns the exit code.
 */
export function smokeVerdict({ scenarios }: Results, print: (line: string) => void): number {
  const [scenario] = scenarios;
  const own = scenario?.proxies.find(({ key }) => key === 'waygate');
  const fastify = scenario?.proxies.find(({ key }) => key === 'fastify');
  if (scenario === undefined || own === undefined || fastify === undefined) {
    print('Not measured: Waygate and @fastify/http-proxy both have to take part.');
    return 1;
  }
  const ratio = ratioOf(scenario, 'fastify', own);
  if (ratio === undefined) {
    print(
      `Not measured: ${[own, fastify].map(({ name, rounds }) => `${name}: ${rounds[0]?.void ?? 'measured'}`).join('; ')}`,
    );
    return 1;
  }
  const costs = [own, fastify].map(
    (proxy) => `${proxy.name} ${summaryOf(proxy, 'cpu')?.median.toFixed(1) ?? '?'} µs`,
  );
  const verdict = ratio.median < 1 ? 'Waygate costs less' : 'Waygate costs MORE';
  print(
    `${verdict} CPU per request than @fastify/http-proxy, ${ratio.median.toFixed(2)} of it: ${costs.join(', ')}.`,
  );
  return ratio.median < 1 ? 0 : 1;
}
