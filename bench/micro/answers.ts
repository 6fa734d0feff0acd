/**
 * What keeping answers costs: a hit in memory, also after purges that name others; putting one; and the memory that an entry
 * takes (with `--expose-gc`), beside what it is counted as.
 */
import { systemClock } from '../../src/core/clock.ts';
import { AnswerMemory } from '../../src/store/answers/answer-memory.ts';
import { storedAnswer } from '../../test/kit/stored-answer.ts';
import { Meter } from './meter.ts';

/** Lines as many services send. */
const lines = [
  ['content-type', 'application/json; charset=utf-8'],
  ['cache-control', 'public, max-age=60, stale-while-revalidate=30'],
  ['etag', 'W/"1f-Zk3hO0tWq1cUj3q0u8Qv9m4yP9k"'],
  ['date', 'Thu, 01 Jan 2026 00:00:00 GMT'],
  ['vary', 'accept-encoding'],
  ['x-powered-by', 'Express'],
  ['access-control-allow-origin', '*'],
  ['server', 'nginx'],
] as const;

/** @param entries how many are kept at a time. */
export function answers(meter: Meter, entries = 100_000): void {
  const before = memoryInUse();
  const memory = fill(entries, 1000);
  const after = memoryInUse();
  if (before !== undefined && after !== undefined)
    meter.line('memory of an entry with a body of 1000 octets', ((after - before) / entries).toFixed(0), 'B');
  meter.line('what it is counted as', (memory.bytes / entries).toFixed(0), 'B');
  const keys = Array.from({ length: entries }, (_, i) => keyOf(i));
  const hit = (call: number): number => memory.get(keys[(call * 7919) % entries] ?? '').length;
  meter.time(`a hit among ${entries}`, 1_000_000, hit);
  const plain = new Map(keys.map((key, i) => [keyOf(i), [key]]));
  meter.time('for comparison: the same look-ups in a Map', 1_000_000, (call) => {
    return plain.get(keys[(call * 7919) % entries] ?? '')?.length ?? 0;
  });
  meter.time('the same hit again and again', 1_000_000, () => memory.get(keys[0] ?? '').length);
  meter.time(
    'a miss',
    1_000_000,
    (call) => 1 + memory.get(`shop\nhttp\nshop.test\n/none/${call & 1023}\n`).length,
  );
  for (let i = 0; i < 50; i++) {
    void memory.purge({ kind: 'prefix', host: 'other.test', path: `/${i}/` });
    void memory.purge({ kind: 'tag', tag: `other-${i}` });
  }
  meter.time('a hit after 100 purges that name others', 1_000_000, hit);
  const answer = answerOf(1, 1000);
  meter.time('putting an answer with 8 lines', 20_000, (call) => {
    memory.put(keys[call % entries] ?? '', { ...answer, requestTime: Date.now() + 1 }, 60);
    return 1;
  });
  memory.close();
}

function fill(entries: number, size: number): AnswerMemory {
  const metrics = { kept: () => undefined, evicted: () => undefined };
  const memory = new AnswerMemory(
    { clock: systemClock, metrics, later: (task) => void setImmediate(task) },
    { bytes: 4e9, largest: 1e6 },
  );
  for (let i = 0; i < entries; i++) memory.put(keyOf(i), answerOf(i, size), 3600);
  return memory;
}

function answerOf(number: number, size: number) {
  return storedAnswer({
    requestTime: Date.now(),
    body: new Uint8Array(size),
    vary: [['accept-encoding', 'gzip,deflate,br']],
    place: { path: `/products/${number}` },
    head: { lines: lines.map(([name, value]) => [name, value]), etag: 'W/"1f-Zk3hO0tWq1cUj3q0u8Qv9m4yP9k"' },
  });
}

function keyOf(number: number): string {
  return `shop\nhttp\nshop.test\n/products/${number}\n`;
}

/** Octets of the process, rubbish gone; undefined without `--expose-gc`. */
function memoryInUse(): number | undefined {
  if (globalThis.gc === undefined) return undefined;
  for (let i = 0; i < 3; i++) globalThis.gc();
  return process.memoryUsage().rss;
}

if (import.meta.main) answers(new Meter());
