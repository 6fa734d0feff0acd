import type { Proxy } from './proxy.ts';
import type { Scenario } from './scenario.ts';
import { takesPart } from './scenario.ts';

/** How long proxies are loaded before they are measured, in seconds. */
export interface WarmUp {
  /** A program of Node, once, before the first round. */
  readonly node: number;
  /** Any other program, once. */
  readonly native: number;
  /** Everyone, each time before it is measured. */
  readonly round: number;
}

/**
 * The warm-ups of a run. V8 goes on compiling and making programs faster for about ten seconds of full load: Waygate's CPU
 * per request falls from 84 µs in the first second to 34 in the sixth and 32 in the tenth, and stays there.
 * @param seconds that a proxy is measured for in a round. Runs that are shorter than usual take less care.
 */
export function warmUpSeconds(seconds: number): WarmUp {
  return { node: Math.min(10, 3 * seconds + 1), native: Math.min(2, seconds), round: 1 };
}

/** Starting and stopping a proxy, and a measurement of idle connections or of a start, take about so many seconds. */
const takes = { start: 0.5, stop: 0.3, idle: 7, coldStart: 0.6 };

/** About how long a run takes, in seconds. */
export function expectedSeconds(
  scenarios: readonly Scenario[],
  proxies: readonly Proxy[],
  rounds: number,
  seconds: number,
): number {
  const warmUp = warmUpSeconds(seconds);
  let sum = 0;
  for (const scenario of scenarios) {
    for (const proxy of proxies.filter((each) => takesPart(scenario, each))) {
      if (scenario.kind === 'cold start') sum += rounds * takes.coldStart;
      else if (scenario.kind === 'idle connections') sum += rounds * takes.idle;
      else {
        sum += takes.start + (proxy.runsOnNode ? warmUp.node : warmUp.native) + takes.stop;
        sum += rounds * (warmUp.round + seconds + 0.1);
        // What the slowest can take is found out first, and the generator warms up longer.
        if (scenario.kind === 'open loop') sum += seconds + rounds * 1.5;
      }
    }
  }
  return sum;
}
