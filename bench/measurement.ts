/** Everything that can be measured, with how a table shows it and which of two is ahead. */
export const metrics = {
  cpu: { title: 'CPU per request', unit: 'µs', digits: 1, better: 'less' },
  perCpuSecond: { title: 'per CPU second', unit: 'MB', digits: 0, better: 'more' },
  throughput: { title: 'requests', unit: '/s', digits: 0, better: 'more' },
  p50: { title: 'p50', unit: 'ms', digits: 2, better: 'less' },
  p99: { title: 'p99', unit: 'ms', digits: 2, better: 'less' },
  p999: { title: 'p99.9', unit: 'ms', digits: 2, better: 'less' },
  memory: { title: 'memory per connection', unit: 'KiB', digits: 1, better: 'less' },
  start: { title: 'start to first answer', unit: 'ms', digits: 0, better: 'less' },
  lateness: { title: 'load late by (p99)', unit: 'ms', digits: 2, better: 'less' },
  share: { title: 'load’s share of a core', unit: '%', digits: 0, better: 'less' },
} as const satisfies Readonly<
  Record<string, { title: string; unit: string; digits: number; better: 'less' | 'more' }>
>;

/** The name of something measured. */
export type Metric = keyof typeof metrics;

/** What one proxy did in one round of one scenario. */
export interface Measurement {
  readonly values: Readonly<Partial<Record<Metric, number>>>;
  /** Why it does not count; undefined when it does. */
  readonly void?: string;
}
