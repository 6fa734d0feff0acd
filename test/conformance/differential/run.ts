/**
 * The long differential run: `npm run test:differential -- --requests 20000 --seed 1`.
 * `--against nginx|haproxy|node:http|byte-pipe` sends the same to another proxy, to see what the checks find there.
 */
import { parseArgs } from 'node:util';
import { openRecordingTarget } from '../../kit/recording-target.ts';
import { startBytePipe, startHaproxy, startNginx, startNodeProxy } from '../http1-vectors/proxies.ts';
import type { StartProxy } from '../http1-vectors/proxies.ts';
import { describeReport, runCampaign } from './campaign.ts';
import { sequencedAnswer } from './check-sample.ts';
import type { Lane } from './check-sample.ts';

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
    against: { type: 'string', default: 'nginx' },
    failures: { type: 'string', default: '5' },
  },
});

const start = others[values.against];
if (start === undefined) throw new Error(`--against one of ${Object.keys(others).join(', ')}`);
const targets = await Promise.all(
  Array.from({ length: 8 }, () => openRecordingTarget({ script: sequencedAnswer() })),
);
const proxy = await start(targets);
const lanes: Lane[] = targets.map((target, i) => ({ target, port: proxy.ports[i] ?? 0 }));
const seed = Number(values.seed);
const began = performance.now();
const report = await runCampaign(lanes, seed, Number(values.requests), Number(values.failures));
await proxy.close();
await Promise.all(targets.map((target) => target.close()));
console.log(describeReport(report, seed));
console.log(`${report.failures.length} failures, ${((performance.now() - began) / 1000).toFixed(1)} s`);
process.exitCode = report.failures.length === 0 ? 0 : 1;
