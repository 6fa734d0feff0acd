import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { performancePage } from '../bench/performance-page.ts';
import type { Results } from '../bench/results.ts';
import { generateJsonSchema } from '../src/config/json-schema.ts';
import { expectationsJsonSchema } from '../src/expectations/json-schema.ts';
import { builtInPolicies } from '../src/gateway/built-in-policies.ts';
import { readResults as readCacheResults } from '../test/conformance/http-cache-tests/results.ts';
import { withScores } from '../test/conformance/http-cache-tests/score-section.ts';
import { configurationPage } from './generate-config-docs.ts';

/** A file that is made from the source, and committed so that readers and editors find it. */
interface GeneratedFile {
  readonly path: string;
  /** @param current what the file holds now, '' when there is none: a page keeps its head. */
  readonly content: (current: string) => string;
}

const generatedFiles: readonly GeneratedFile[] = [
  { path: 'schema/waygate.schema.json', content: () => JSON.stringify(generateJsonSchema(builtInPolicies)) },
  { path: 'schema/waygate-test.schema.json', content: () => JSON.stringify(expectationsJsonSchema()) },
  { path: 'docs/configuration.md', content: configurationPage },
  { path: 'docs/caching.md', content: (current) => withScores(current, readCacheResults()) },
  // Until somebody has run the whole bench there are no results, and no page.
  ...readResults().map((results) => ({
    path: 'docs/performance.md',
    content: () => performancePage(results),
  })),
];

// `npm run generate` writes them; with `--check` it only says which are out of date.
const onlyCheck = process.argv.includes('--check');

for (const { path, content } of generatedFiles) {
  const file = join(import.meta.dirname, '..', path);
  const current = readIfThere(file);
  // As `prettier --check` wants it, so that the two never disagree.
  const text = await format(content(current), { ...(await resolveConfig(file)), filepath: file });
  if (text === current) continue;
  if (onlyCheck) {
    console.error(`${path} is not what the source generates: npm run generate`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`${path} is written.`);
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function readResults(): Results[] {
  const text = readIfThere(join(import.meta.dirname, '../bench/results.json'));
  return text === '' ? [] : [JSON.parse(text) as Results];
}
