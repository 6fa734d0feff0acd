/**
 * Runs the cases against Waygate and others: `npx node test/conformance/http1-vectors/compare.ts waygate nginx`.
 * With `-v`, every case that is not safe is listed.
 */
import { loadVectors } from './cases.ts';
import { startBytePipe, startHaproxy, startNginx, startNodeProxy } from './proxies.ts';
import type { StartProxy } from './proxies.ts';
import { runAll, summarize } from './run-all.ts';
import { openVectorTarget } from './vector-target.ts';
import { startWaygate } from './waygate.ts';

const proxies: Readonly<Record<string, StartProxy>> = {
  waygate: startWaygate,
  nginx: startNginx,
  haproxy: startHaproxy,
  'node:http': startNodeProxy,
  'byte pipe': startBytePipe,
};

const vectors = loadVectors();
if (vectors === undefined) throw new Error('The vectors are not there.');
const wanted = process.argv.slice(2).filter((argument) => argument !== '-v');
for (const [name, start] of Object.entries(proxies)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const targets = await Promise.all(Array.from({ length: 16 }, () => openVectorTarget()));
  const proxy = await start(targets);
  const lanes = targets.map((target, i) => ({ target, port: proxy.ports[i] ?? 0 }));
  const began = performance.now();
  const results = await runAll(lanes, vectors);
  console.log(`${name}: ${summarize(results)}, ${Math.round(performance.now() - began)} ms`);
  for (const { vector, verdict } of results) {
    if (!process.argv.includes('-v') || verdict.unsafe.length === 0) continue;
    console.log(`  ${vector.id} (${vector.expect.class}): ${verdict.unsafe.join('; ')} [${verdict.outcome}]`);
  }
  await proxy.close();
  await Promise.all(targets.map((target) => target.close()));
}
