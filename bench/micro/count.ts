/** What counting costs. */
import { createGatewayMetrics } from '../../src/observe/gateway-metrics.ts';
import { MetricsRegistry } from '../../src/observe/metrics.ts';
import { Meter } from './meter.ts';

const calls = 2_000_000;

export function count(meter: Meter): void {
  const registry = new MetricsRegistry();
  const counter = registry.counter('bench_total', 'A counter.');
  meter.time('counter', calls, () => {
    counter.add();
    return 1;
  });
  const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
  const histogram = registry.histograms('bench_seconds', 'A histogram.', ['route'], bounds).with('a');
  meter.time('histogram, the first of 15 buckets', calls, () => {
    histogram.observe(0.0005);
    return 1;
  });
  meter.time('histogram, the tenth of 15 buckets', calls, () => {
    histogram.observe(0.9);
    return 1;
  });
  const labels = new Map<string, number>();
  meter.time('naive: a counter found by its labels', calls / 4, (call) => {
    const key = JSON.stringify({ route: 'a', method: 'GET', status: 200 + (call % 3) });
    labels.set(key, (labels.get(key) ?? 0) + 1);
    return labels.size;
  });

  const metrics = createGatewayMetrics(new MetricsRegistry(), { version: '0', accessLogDropped: () => 0 });
  try {
    const route = metrics.route('a');
    meter.time('everything that an exchange counts', calls / 2, (call) => {
      metrics.exchangeStarted();
      route.finished('GET', 200, 1 + (call % 100) / 10, 1, 0, 116);
      metrics.bytes(250, 400);
      metrics.exchangeEnded();
      return 1;
    });
  } finally {
    metrics.close();
  }
}

if (import.meta.main) count(new Meter());
