import { setImmediate as turn } from 'node:timers/promises';
import { checkSample } from './check-sample.ts';
import type { Lane } from './check-sample.ts';
import { expectStream } from './oracle.ts';
import { makeSample } from './sample.ts';
import type { Sample } from './sample.ts';
import { SeededRandom } from './seeded-random.ts';
import { shrink } from './shrink.ts';

/** A sample that showed something wrong. */
export interface Failure {
  readonly seed: number;
  readonly sample: Sample;
  readonly problems: readonly string[];
  /** The least bytes found that still show it, latin1. */
  readonly least: string;
}

/** What a campaign came to. */
export interface Report {
  readonly requests: number;
  readonly connections: number;
  /** How many of the requests must be forwarded, must be refused, may be either. */
  readonly fates: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
}

/** How a campaign goes about failures. */
export interface CampaignOptions {
  /** Failures after which it stops early; 5 unless said otherwise. */
  readonly mostFailures?: number;
  /** Whether failing bytes are made as few as can be, which takes a while; true unless said otherwise. */
  readonly shrinkFailures?: boolean;
}

/** Sends samples until so many requests have been sent. */
export async function runCampaign(
  lanes: readonly Lane[],
  seed: number,
  requests: number,
  options: CampaignOptions = {},
): Promise<Report> {
  const { mostFailures = 5, shrinkFailures = true } = options;
  const seeds = new SeededRandom(seed);
  const fates: Record<string, number> = { forward: 0, refuse: 0, either: 0, unfinished: 0 };
  const failures: Failure[] = [];
  let sent = 0;
  let connections = 0;
  const work = async (lane: Lane): Promise<void> => {
    while (sent < requests && failures.length < mostFailures) {
      const sampleSeed = seeds.seed();
      const sample = makeSample(sampleSeed);
      sent += sample.requestCount;
      connections++;
      const expectation = expectStream(sample.bytes);
      for (const { fate } of expectation.requests) fates[fate] = (fates[fate] ?? 0) + 1;
      if (expectation.unfinished) fates['unfinished'] = (fates['unfinished'] ?? 0) + 1;
      const problems = await checkSample(lane, sample);
      lane.target.forget();
      if (problems.length > 0) {
        const least = shrinkFailures ? await shrink(lane, sample, problems) : sample.bytes;
        failures.push({ seed: sampleSeed, sample, problems, least });
      }
      await turn();
    }
  };
  await Promise.all(lanes.map(work));
  return { requests: sent, connections, fates, failures };
}

/** The report in words; a failure with the bytes that show it. */
export function describeReport(report: Report, seed: number): string {
  const { requests, connections, fates, failures } = report;
  const counts = Object.entries(fates)
    .map(([fate, count]) => `${fate} ${count}`)
    .join(', ');
  const lines = [
    `differential: ${requests} requests on ${connections} connections, seed ${seed} (${counts})`,
  ];
  for (const { seed: sampleSeed, sample, problems, least } of failures) {
    lines.push(
      `sample ${sampleSeed} (${sample.mutations.join('; ')}${sample.finishAtOnce ? '; FIN at once' : ''}):`,
      ...[...new Set(problems)].map((problem) => `  - ${problem}`),
      `  bytes: ${JSON.stringify(sample.bytes)}`,
      `  least: ${JSON.stringify(least)}`,
    );
  }
  return lines.join('\n');
}
