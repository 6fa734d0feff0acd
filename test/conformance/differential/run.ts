/**
 * The long differential run: `npm run test:differential -- --requests 20000 --seed 1`.
 * `--sample SEED` sends one sample alone, as a failure names it.
 * `--against nginx|haproxy|node:http|byte-pipe` sends the same to another proxy, to see what the checks find there.
 */
import { parseArgs } from 'node:util';
import { startBytePipe, startHaproxy, startNginx, startNodeProxy } from '../http1-vectors/proxies.ts';
import type { StartProxy } from '../http1-vectors/proxies.ts';
import { describeReport, runCampaign } from './campaign.ts';
import { checkSample } from './check-sample.ts';
import { openOtherLanes, openWaygateLanes } from './lanes.ts';
import { makeSample } from './sample.ts';

const others: Readonly<Record<string, StartProxy>> = {
  nginx: startNginx,
  haproxy: startHaproxy,
  'node:http': startNodeProxy,
  'byte-pipe': startBytePipe,
};

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    against: { type: 'string', default: 'waygate' },
    sample: { type: 'string' },
    failures: { type: 'string', default: '5' },
  },
});

const other = others[values.against];
if (other === undefined && values.against !== 'waygate') {
  throw new Error(`--against one of waygate, ${Object.keys(others).join(', ')}`);
}
const { lanes, close } = other === undefined ? await openWaygateLanes(8) : await openOtherLanes(other, 8);
if (values.sample === undefined) await runAll(Number(values.seed));
else await runOne(Number(values.sample));
await close();

async function runAll(seed: number): Promise<void> {
  const began = performance.now();
  const report = await runCampaign(lanes, seed, Number(values.requests), {
    mostFailures: Number(values.failures),
  });
  console.log(describeReport(report, seed));
  console.log(`${report.failures.length} failures, ${((performance.now() - began) / 1000).toFixed(1)} s`);
  process.exitCode = report.failures.length === 0 ? 0 : 1;
}

async function runOne(seed: number): Promise<void> {
  const [lane] = lanes;
  if (lane === undefined) throw new Error('There is no lane.');
  const sample = makeSample(seed);
  const problems = await checkSample(lane, sample);
  console.log(JSON.stringify(sample, undefined, 2));
  console.log(problems.join('\n') || 'Nothing is wrong with it.');
  process.exitCode = problems.length === 0 ? 0 : 1;
}
