import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MessageChannel } from 'node:worker_threads';
import { type Counter, MetricsRegistry } from './metrics.ts';
import { type SeriesNews, SharedSlots } from './shared-slots.ts';
import { ThreadSeries } from './thread-series.ts';

/** What a thread counts with, and what another sees of it. */
interface Thread {
  readonly registry: MetricsRegistry;
  readonly series: ThreadSeries;
  readonly news: MessageChannel;
}

let seen: MetricsRegistry;
let threads: Thread[];

beforeEach(() => {
  seen = new MetricsRegistry();
  threads = [];
  seen.beforeLook(() => {
    for (const { series } of threads) series.update();
  });
});

afterEach(() => {
  for (const { news } of threads) for (const port of [news.port1, news.port2]) port.close();
});

/** Not a thread, but everything that is between two. */
function startThread(): Thread {
  const news = new MessageChannel();
  const thread = {
    registry: new MetricsRegistry(new SharedSlots(news.port2)),
    series: new ThreadSeries(seen, news.port1),
    news,
  };
  threads.push(thread);
  return thread;
}

/** The samples of a metric as they are exposed. */
function samples(name: string): string[] {
  return seen
    .expose()
    .split('\n')
    .filter((line) => line.startsWith(name));
}

const byRoute = (registry: MetricsRegistry): ((route: string) => Counter) => {
  const set = registry.counters('x_total', 'X.', ['route']);
  return (route) => set.with(route);
};

describe('counters of several threads', () => {
  test('are summed, each series by itself, with what this thread counts', () => {
    const [one, two] = [byRoute(startThread().registry), byRoute(startThread().registry)];
    byRoute(seen)('a').add(100);
    one('a').add(1);
    two('a').add(2);
    two('b').add(5);
    one('a').add(10);
    assert.deepEqual(samples('x_total'), ['x_total{route="a"} 113', 'x_total{route="b"} 5']);
  });

  test('are known here although only other threads declare them', () => {
    byRoute(startThread().registry)('a').add(3);
    assert.deepEqual(samples('# TYPE x_total'), ['# TYPE x_total counter']);
    assert.deepEqual(samples('x_total'), ['x_total{route="a"} 3']);
  });

  test('are read without asking: what was added since the series was made is there', () => {
    const counter = byRoute(startThread().registry)('a');
    assert.deepEqual(samples('x_total'), ['x_total{route="a"} 0']);
    counter.add(7);
    assert.deepEqual(samples('x_total'), ['x_total{route="a"} 7']);
  });

  test('keep what a thread has counted that is gone, and never go backwards', () => {
    const [first, second] = [startThread(), startThread()];
    byRoute(first.registry)('a').add(3);
    byRoute(second.registry)('a').add(4);
    assert.deepEqual(samples('x_total'), ['x_total{route="a"} 7']);
    first.series.end();
    assert.deepEqual(samples('x_total'), ['x_total{route="a"} 7']);
    second.series.end();
    byRoute(startThread().registry)('a').add(1);
    assert.deepEqual(samples('x_total'), ['x_total{route="a"} 8']);
  });

  test('of a thread that told of a series just before its end are not lost', () => {
    const thread = startThread();
    byRoute(thread.registry)('a').add(3);
    thread.series.end();
    assert.deepEqual(samples('x_total'), ['x_total{route="a"} 3']);
  });
});

test('histograms are summed bucket by bucket', () => {
  const observe = (value: number): void => {
    startThread().registry.histograms('h', 'H.', [], [1, 2]).with().observe(value);
  };
  for (const value of [0.5, 1.5, 9]) observe(value);
  assert.deepEqual(samples('h_'), [
    'h_bucket{le="1"} 1',
    'h_bucket{le="2"} 2',
    'h_bucket{le="+Inf"} 3',
    'h_sum 11',
    'h_count 3',
  ]);
});

test('a gauge is the sum over the threads that live', () => {
  const [first, second] = [startThread(), startThread()];
  first.registry.gauge('g', 'G.').add(3);
  second.registry.gauge('g', 'G.').add(4);
  assert.deepEqual(samples('g'), ['g 7']);
  first.series.end();
  assert.deepEqual(samples('g'), ['g 4']);
});

test('what threads sample is the worst of them or the sum, as it was declared', () => {
  const values = [5, 3];
  for (const value of values) {
    const { registry } = startThread();
    registry.sample('gauge', 'max', 'worst', 'W.', () => value);
    registry.sample('counter', 'sum', 'lost_total', 'L.', () => value);
    registry.takeSamples();
  }
  assert.deepEqual(samples('worst'), ['worst 5']);
  threads[0]?.series.end();
  assert.deepEqual(samples('worst'), ['worst 3']);
  assert.deepEqual(samples('lost_total'), ['lost_total 8']);
});

describe('a series that a reload drops', () => {
  test('is dropped everywhere as soon as one thread has dropped it', () => {
    const [first, second] = [startThread(), startThread()];
    const sets = [first, second].map(({ registry }) => registry.counters('x_total', 'X.', ['route']));
    for (const set of sets) for (const route of ['a', 'b']) set.with(route).add();
    assert.equal(samples('x_total').length, 2);
    sets[0]?.retain('route', (route) => route === 'b');
    assert.deepEqual(samples('x_total'), ['x_total{route="b"} 2']);
    sets[1]?.retain('route', (route) => route === 'b');
    assert.deepEqual(samples('x_total'), ['x_total{route="b"} 2']);
    for (const set of sets) set.with('a').add();
    assert.deepEqual(samples('x_total'), ['x_total{route="b"} 2', 'x_total{route="a"} 2']);
  });

  test('goes although only threads have counted it that are gone', () => {
    const thread = startThread();
    byRoute(thread.registry)('a').add();
    thread.series.end();
    samples('x_total');
    for (const set of seen.startingWith('x_')) set.retain('route', () => false);
    assert.deepEqual(samples('x_total'), []);
  });
});

test('memory of dropped series is used again, but not while somebody still counts in it', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const pages = new Set<SharedArrayBuffer>();
  const told: SeriesNews[] = [];
  const slots = new SharedSlots({
    postMessage: (news: SeriesNews) => {
      if (news.kind === 'made') pages.add(news.memory);
      told.push(news);
    },
  });
  const set = new MetricsRegistry(slots).counters('x_total', 'X.', ['route']);
  const held = set.with('held');
  // As much as a page holds, over and over.
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 1000; i++) {
      const counter = set.with(`${round}-${i}`);
      assert.equal(counter.value, 0);
      counter.add();
    }
    set.retain('route', () => false);
    told.length = 0;
    // What has been collected is told of by the event loop.
    collect();
    await sleep(1);
    held.add();
  }
  assert.ok(pages.size <= 3, `${pages.size} pages`);
  assert.equal(held.value, 10);
});
