import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalPath, hasEncodedSeparator } from '../../src/http/path.ts';
import { startBytePipe } from './http1-vectors/proxies.ts';
import { describeReport, runCampaign } from './differential/campaign.ts';
import { expectedPath } from './differential/canonical-path.ts';
import { openOtherLanes, openWaygateLanes } from './differential/lanes.ts';

/** Always the same samples here, so that a failure is no accident; the long run (`npm run test:differential`) draws a seed. */
const seed = Number(process.env['WAYGATE_SEED'] ?? 1);

test('of 1500 generated and mutated requests, exactly those arrive that were accepted', async (t) => {
  const { lanes, close } = await openWaygateLanes(8);
  t.after(close);
  const report = await runCampaign(lanes, seed, 1500);
  t.diagnostic(describeReport({ ...report, failures: [] }, seed));
  assert.deepEqual(report.failures, [], describeReport(report, seed));
  for (const fate of ['forward', 'refuse', 'decline', 'either', 'unfinished']) {
    assert.ok((report.fates[fate] ?? 0) > 0, `some of the requests are of the fate ${fate}`);
  }
});

test('a proxy that hands every byte on is found out at once', async (t) => {
  const { lanes, close } = await openOtherLanes(startBytePipe, 2);
  t.after(close);
  const report = await runCampaign(lanes, seed, 200, { mostFailures: 3, shrinkFailures: false });
  assert.ok(report.failures.length >= 3);
});

test('the canonical path is what a second, plain implementation makes of it', () => {
  const pieces =
    String.raw`/ // . .. /./ /../ a B ~ %2e %2E %2f %5C %00 %25 %252e %7e %41 %c3%a9 %C3 %a9 %ff %e2%82%ac %ed%a0%80
    %f0%9f%98%80 % %z %0a %7f \ # ? ; = " < > [ ] ^ { | } @ : ! ' ( * , & $ +`.split(/\s+/);
  const piece = fc.constantFrom(...pieces, ' ', '\t', '\x7f', '\xe9', '`');
  const path = fc.array(piece, { maxLength: 12 }).map((parts) => `/${parts.join('')}`);
  fc.assert(
    fc.property(path, (raw) => {
      const canonical = canonicalPath(raw);
      const forwarded = canonical === undefined || hasEncodedSeparator(canonical) ? undefined : canonical;
      assert.equal(forwarded, expectedPath(raw));
      if (canonical !== undefined) assert.equal(canonicalPath(canonical), canonical);
    }),
    { numRuns: 20_000, seed },
  );
});
