import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** As much of a `.cpuprofile` as is looked at. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Arguments of `node` that write a profile into a folder when the program ends; each thread writes one. */
export function profileFlags(folder: string): string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

/** The functions that took the most time themselves, for every profile below a folder. */
export function hottestFunctions(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.cpuprofile'),
  );
  if (files.length === 0)
    return `No profile was written into ${folder}: the program did not end by itself, or is not one of Node.`;
  return files
    .toSorted((a, b) => a.localeCompare(b))
    .map((name) => {
      const file = join(folder, name);
      const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
      return `${file}\n\n${hottestTable(profile)}`;
    })
    .join('\n');
}

/** The functions of one profile that took the most time themselves, as a share of the time in which it was not idle. */
export function hottestTable({ nodes, samples, timeDeltas }: CpuProfile, count = 30): string {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, describeFrame(callFrame)]));
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '';
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  times.delete('(idle)');
  const busy = [...times.values()].reduce((sum, time) => sum + time, 0);
  const rows = [...times]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, time]) => `${((time / busy) * 100).toFixed(1).padStart(6)}  ${name}`);
  return ['self %  function', '------  --------', ...rows, ''].join('\n');
}

function describeFrame({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const path = url.startsWith('file:') ? fileURLToPath(url).split('/').slice(-3).join('/') : url;
  return `${name}  ${path}:${lineNumber + 1}`;
}
