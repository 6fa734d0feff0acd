import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { measure, measuredOptions, type Measured } from './measured.ts';
import { resultsFile } from './results.ts';

// Measures anew, each in a process of its own, and writes the results:
//   node test/conformance/http-cache-tests/measure.ts && npm run generate
const [which] = process.argv.slice(2);
if (which === undefined) {
  const results = Object.keys(measuredOptions).map((each) => {
    const { stdout, status } = spawnSync(process.execPath, [import.meta.filename, each], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`The measurement "${each}" failed.`);
    return [each, JSON.parse(stdout.slice(stdout.lastIndexOf('\n{') + 1))] as const;
  });
  writeFileSync(resultsFile, `${JSON.stringify(Object.fromEntries(results), null, 2)}\n`);
} else {
  const scores = await measure(which as Measured);
  // The suite writes lines of its own before this one.
  console.log(`\n${JSON.stringify(scores)}`);
}
