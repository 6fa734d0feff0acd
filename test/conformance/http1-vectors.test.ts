import assert from 'node:assert/strict';
import { before, after, describe, test } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import type { RecordingTarget } from '../kit/recording-target.ts';
import { loadVectors } from './http1-vectors/cases.ts';
import type { Vector } from './http1-vectors/cases.ts';
import { startBytePipe } from './http1-vectors/proxies.ts';
import type { Proxy } from './http1-vectors/proxies.ts';
import { exceptions, isMust, runAll, summarize } from './http1-vectors/run-all.ts';
import type { Judged } from './http1-vectors/run-all.ts';
import { openVectorTarget } from './http1-vectors/vector-target.ts';
import { startWaygate } from './http1-vectors/waygate.ts';
import type { WaygateProxy } from './http1-vectors/waygate.ts';

const vectors = loadVectors();
const skip = vectors === undefined && 'needs ../shared/vectors/http1/cases.json beside the project';

async function openTargets(count: number): Promise<RecordingTarget[]> {
  return Promise.all(Array.from({ length: count }, () => openVectorTarget()));
}

async function run(proxy: Proxy, targets: readonly RecordingTarget[]): Promise<readonly Judged[]> {
  return runAll(
    targets.map((target, i) => ({ target, port: proxy.ports[i] ?? 0 })),
    vectors ?? [],
  );
}

/** Results as a list of what is wrong, with all that is needed to see why. */
function wrong(results: readonly Judged[], why: (judged: Judged) => string | undefined): string[] {
  return results.flatMap((judged) => {
    const words = why(judged);
    const { vector, verdict } = judged;
    return words === undefined ? [] : `${vector.id} (${vector.description}): ${words} [${verdict.outcome}]`;
  });
}

describe('the raw HTTP/1.1 cases', { skip }, () => {
  let targets: RecordingTarget[] = [];
  let proxy: WaygateProxy | undefined;
  let results: readonly Judged[] = [];

  before(async () => {
    targets = await openTargets(16);
    proxy = await startWaygate(targets);
    results = await run(proxy, targets);
  });

  after(async () => {
    await proxy?.close();
    await Promise.all(targets.map((target) => target.close()));
  });

  test('every case is safe', (t) => {
    t.diagnostic(summarize(results));
    for (const { vector, verdict, excepted } of results) {
      if (excepted) t.diagnostic(`${vector.id}: ${verdict.outcome}: ${exceptions[vector.id]?.reason}`);
    }
    assert.equal(results.length, 529);
    assert.deepEqual(
      wrong(results, ({ verdict, excepted }) =>
        verdict.unsafe.length > 0 && !excepted ? verdict.unsafe.join('; ') : undefined,
      ),
      [],
    );
  });

  test('every MUST that is no matter of taste passes', () => {
    assert.equal(results.filter(({ vector }) => isMust(vector)).length, 110);
    assert.deepEqual(
      wrong(results, ({ vector, verdict, excepted }) =>
        isMust(vector) && verdict.score !== 'pass' && !excepted ? verdict.score : undefined,
      ),
      [],
    );
  });

  test('nothing irregular reaches the target, every answer is well-formed, and the next client is served', () => {
    assert.deepEqual(
      wrong(results, ({ verdict }) => (verdict.unclean.length > 0 ? verdict.unclean.join('; ') : undefined)),
      [],
    );
  });

  test('every case leaves one well-formed record in the access log, no complaint and no connection', async () => {
    assert.ok(proxy);
    const { left, complaints } = proxy;
    await eventually(() => left() === 0, 'exchanges and connections end with their clients');
    assert.deepEqual(complaints, []);
    const records = proxy.records.flat();
    // Each case is followed by a client that is served.
    assert.ok(records.length >= 529 * 1.9, `${records.length} records`);
    for (const record of records)
      assert.ok(record.status === 0 || record.status >= 100, JSON.stringify(record));
  });
});

test('a proxy that hands every byte on is found out', { skip }, async (t) => {
  const targets = await openTargets(16);
  const proxy = await startBytePipe(targets);
  t.after(async () => {
    await proxy.close();
    await Promise.all(targets.map((target) => target.close()));
  });
  const unsafe = (await run(proxy, targets)).filter(({ verdict }) => verdict.unsafe.length > 0);
  const found = (kind: Vector['expect']['class']): number =>
    unsafe.filter(({ vector }) => vector.expect.class === kind).length;
  assert.ok(found('safe') > 150, `${found('safe')} of the 198 exploits`);
  assert.ok(found('reject') > 80, `${found('reject')} of the 133 to be rejected`);
  assert.ok(found('sequence') > 10, `${found('sequence')} of the 32 sequences`);
});
