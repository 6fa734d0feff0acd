import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { performancePage } from '../bench/performance-page.ts';
import type { Results } from '../bench/results.ts';
import { generateJsonSchema } from '../src/config/json-schema.ts';
import { builtInPolicies } from '../src/gateway/built-in-policies.ts';

/** A file that is made from others, and committed so that readers and editors find it. */
interface GeneratedFile {
  readonly path: string;
  /** Undefined when there is nothing yet to make it from. */
  readonly content: () => string | undefined;
}

const root = join(import.meta.dirname, '..');

const generatedFiles: readonly GeneratedFile[] = [
  {
    path: 'schema/waygate.schema.json',
    content: () => `${JSON.stringify(generateJsonSchema(builtInPolicies), null, 2)}\n`,
  },
  {
    path: 'docs/performance.md',
    content: () => {
      const results = read('bench/results.json');
      return results === undefined ? undefined : performancePage(JSON.parse(results) as Results);
    },
  },
];

// `npm run generate` writes them; with `--check` it only says which are out of date.
const onlyCheck = process.argv.includes('--check');

for (const { path, content } of generatedFiles) {
  const text = content();
  if (text === read(path)) continue;
  if (onlyCheck || text === undefined) {
    console.error(`${path} is not what its sources say: npm run generate`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    console.log(`${path} is written.`);
  }
}

function read(path: string): string | undefined {
  const file = join(root, path);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
