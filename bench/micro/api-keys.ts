/** What API keys cost: the digest, look-ups in tables of different size, memory, and reading a file of them. */
import { hash } from 'node:crypto';
import { digestOf } from '../../src/policies/api-key/digest.ts';
import { KeyFileText } from '../../src/policies/api-key/key-file-text.ts';
import { KeyTable } from '../../src/policies/api-key/key-table.ts';
import { Meter } from './meter.ts';

/** Requests spread over the whole table. */
const samples = 4096;
const calls = 400_000;
const linesAtOnce = 500;

export function apiKeys(meter: Meter, sizes: readonly number[] = [1000, 1_000_000]): void {
  meter.time('SHA-256 of a key', calls, (call) => digestOf(keyOf(call & 1023)).length);
  for (const count of sizes) {
    const label = `${count} keys`;
    const table = new KeyTable(count);
    meter.once(`${label}: into a table`, () => {
      const owner = table.addConsumer({ id: 'acme' });
      for (let i = 0; i < count; i++) table.add(digestOf(keyOf(i)), owner, 0);
      return table;
    });
    meter.line(`${label}: octets a key`, (table.byteLength / count).toFixed(1), 'B');
    const model = new Map(Array.from({ length: count }, (_, i) => [digestOf(keyOf(i)), i]));
    const known = digests((n) => Math.floor((n * count) / samples));
    const unknown = digests((n) => count + n);
    for (const [what, asked] of [
      ['a key', known],
      ['no key', unknown],
    ] as const) {
      meter.time(`${label}: look-up, ${what}`, calls, (call) => 1 + table.find(asked[call % samples] ?? ''));
      meter.time(
        `${label}: naive: Map of texts, ${what}`,
        calls,
        (call) => model.get(asked[call % samples] ?? '') ?? 1,
      );
    }
    model.clear();
    readFile(meter, label, count);
  }
}

/** Reads a file in which each key has a consumer of its own. */
function readFile(meter: Meter, label: string, count: number): void {
  const before = usedMemory();
  const text = new KeyFileText(count * lineOf(0).length);
  let table: KeyTable | undefined;
  let longest = 0;
  meter.once(`${label}: read from a file, a consumer each, with making its lines`, () => {
    for (let i = 0; i < count; i += linesAtOnce) {
      const piece = Buffer.from(Array.from({ length: linesAtOnce }, (_, n) => lineOf(i + n)).join(''));
      const start = performance.now();
      text.push(piece);
      longest = Math.max(longest, performance.now() - start);
    }
    return (table = text.end());
  });
  meter.line(`${label}: the longest of its pieces of 64 KiB`, longest.toFixed(1), 'ms');
  if (before !== undefined)
    meter.line(
      `${label}: octets a key with its consumer and its name`,
      (((usedMemory() ?? 0) - before) / count).toFixed(0),
      'B',
    );
  if (table?.size !== count) throw new Error('the file was not read');
}

function digests(numberOf: (sample: number) => number): string[] {
  return Array.from({ length: samples }, (_, n) => digestOf(keyOf(numberOf(n))));
}

function keyOf(number: number): string {
  return `wg_${String(number).padStart(49, '0')}`;
}

function lineOf(number: number): string {
  const keys = [`sha256:${hash('sha256', keyOf(number))}`];
  return `${JSON.stringify({ name: `consumer-${number}`, groups: ['gold'], keys })}\n`;
}

/** Octets that are in use after a collection; undefined without `--expose-gc`. */
function usedMemory(): number | undefined {
  if (globalThis.gc === undefined) return undefined;
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

if (import.meta.main) apiKeys(new Meter());
