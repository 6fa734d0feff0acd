/**
 * What the load of a configuration costs: milliseconds per phase, for files of 10, 1,000 and 10,000 routes in YAML and
 * JSON. Each is measured in a process of its own, for a start runs every phase once, before anything is optimised.
 * Run with `npx node bench/micro/load.ts`.
 */
import { execFileSync } from 'node:child_process';
import { buildConfig } from '../../src/config/build-config.ts';
import { allCrossMistakes } from '../../src/config/cross-mistakes.ts';
import { completeView } from '../../src/config/document-view.ts';
import { readPlainJson } from '../../src/config/plain-json.ts';
import { readPlainYaml } from '../../src/config/plain-yaml.ts';
import { readWithSchema } from '../../src/config/read-with-schema.ts';
import { documentSchema } from '../../src/config/schema/document.ts';
import { filesNamedIn, substitute } from '../../src/config/substitute.ts';
import { TextLines } from '../../src/config/text-lines.ts';
import { readYaml } from '../../src/config/yaml-source.ts';
import { builtInPolicies } from '../../src/gateway/built-in-policies.ts';
import { withIdleCore } from '../../src/gateway/idle-core.ts';
import { compileRouter } from '../../src/router/router.ts';

const RUNS = 7;

/** Milliseconds, by phase, in the order in which they were measured. */
type Phases = Record<string, number>;

/** One configuration of so many routes, as one would write it. */
function fileOf(routes: number, format: string): string {
  const paths = Array.from({ length: routes }, (_, i) => `/r${i}`);
  if (format === 'yaml') {
    const lines = paths.map((path) => `  - path: ${path}\n    upstream: target\n`);
    return `upstreams:\n  target: http://127.0.0.1:3001\nroutes:\n${lines.join('')}`;
  }
  const upstreams = { target: 'http://127.0.0.1:3001' };
  return JSON.stringify({ upstreams, routes: paths.map((path) => ({ path, upstream: 'target' })) }, null, 2);
}

/** Loads one file, phase by phase, as `loadConfig` and the gateway do. */
async function load(text: string, format: string): Promise<Phases> {
  const phases: Phases = {};
  const phase = <Result>(name: string, run: () => Result): Result => {
    const start = performance.now();
    const result = run();
    phases[name] = performance.now() - start;
    return result;
  };
  const value = phase('read', () => (format === 'yaml' ? readPlainYaml(text) : readPlainJson(text)));
  const written = phase('substitute', () => {
    filesNamedIn(value);
    return substitute(value, { env: {}, files: new Map() }).value;
  });
  const schema = phase('schema: make', () => documentSchema(builtInPolicies));
  const reading = phase('schema: read', () => readWithSchema(schema, written));
  if (!reading.ok) throw new Error('the configuration has mistakes');
  const document = reading.value;
  phase('checks', () => allCrossMistakes(completeView(document, written), builtInPolicies));
  const config = phase('build', () => buildConfig(document));
  phase('router', () => compileRouter(config.routes));
  await withIdleCore(builtInPolicies, (core) => {
    phase('snapshot, with router', () => core.compile(config)).retire();
  });
  // Not part of a start: what a text with a mistake costs on top.
  phase('read with places', () => readYaml(text, new TextLines(text)));
  return phases;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function measure(routes: number, format: string): void {
  const runs = Array.from({ length: RUNS }, () => {
    const output = execFileSync(process.execPath, [import.meta.filename, String(routes), format]);
    return JSON.parse(output.toString()) as Phases;
  });
  console.log(`${routes} routes, ${format}`);
  for (const name of Object.keys(runs[0] ?? {})) {
    const value = median(runs.map((phases) => phases[name] ?? NaN));
    console.log(`  ${name.padEnd(56)} ${value.toFixed(1).padStart(7)} ms`);
  }
}

const [, , routes, format] = process.argv;
if (routes !== undefined && format !== undefined) {
  console.log(JSON.stringify(await load(fileOf(Number(routes), format), format)));
} else {
  for (const count of [10, 1000, 10_000]) for (const each of ['yaml', 'json']) measure(count, each);
}
