import type { Proxy } from './proxy.ts';
import type { Scenario } from './scenario.ts';
import { takesPart } from './scenario.ts';

/** Seconds that everyone is loaded for each time before it is measured. */
export const roundWarmUp = 1;

/**
 * Seconds that a proxy is loaded for once, before the first round. V8 goes on compiling and making programs faster for about ten
 * seconds of full load: Waygate's CPU per request falls from 84 µs in the first second to 33 in the sixth and 32 in the tenth,
 * and stays there. Threads share the load, and each is compiled for itself.
 * @param seconds that it is measured for in a round. Runs that are shorter than usual take less care.
 */
export function firstWarmUp({ runsOnNode, threads = 1 }: Proxy, seconds: number): number {
  return runsOnNode ? threads * Math.min(8, 2 + 2 * seconds) : Math.min(2, seconds);
}

/** How many rounds a scenario has in a run of so many. */
export function roundsOf({ rounds = Infinity }: Scenario, wanted: number): number {
  return Math.min(rounds, wanted);
}

/** Starting and stopping a proxy, and a measurement of idle connections or of a start, take about so many seconds. */
const takes = { start: 0.5, stop: 0.3, idle: 7, coldStart: 0.6 };

/** About how long a run takes, in seconds. */
export function expectedSeconds(
  scenarios: readonly Scenario[],
  proxies: readonly Proxy[],
  wanted: number,
  seconds: number,
): number {
  let sum = 0;
  for (const scenario of scenarios) {
    const rounds = roundsOf(scenario, wanted);
    for (const proxy of proxies.filter((each) => takesPart(scenario, each))) {
      if (scenario.kind === 'cold start') sum += rounds * takes.coldStart;
      else if (scenario.kind === 'idle connections') sum += rounds * takes.idle;
      else {
        sum += takes.start + firstWarmUp(proxy, seconds) + takes.stop;
        sum += rounds * (roundWarmUp + seconds + 0.1);
        // What the slowest can take is found out first, and the generator warms up longer.
        if (scenario.kind === 'open loop') sum += seconds + rounds * 1.5;
      }
    }
  }
  return sum;
}
