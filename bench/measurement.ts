/** Everything that can be measured, with how a table shows it. */
export const metrics = {
  cpu: { title: 'CPU per request', unit: 'µs', digits: 1 },
  perCpuSecond: { title: 'per CPU second', unit: 'MB', digits: 0 },
  throughput: { title: 'requests', unit: '/s', digits: 0 },
  p50: { title: 'p50', unit: 'ms', digits: 2 },
  p99: { title: 'p99', unit: 'ms', digits: 2 },
  p999: { title: 'p99.9', unit: 'ms', digits: 2 },
  memory: { title: 'memory per connection', unit: 'KiB', digits: 1 },
  start: { title: 'start to first answer', unit: 'ms', digits: 0 },
} as const satisfies Readonly<Record<string, { title: string; unit: string; digits: number }>>;

/** The name of something measured. */
export type Metric = keyof typeof metrics;

/** What one proxy did in one round of one scenario. */
export interface Measurement {
  readonly values: Readonly<Partial<Record<Metric, number>>>;
  /** Why it does not count; undefined when it does. */
  readonly void?: string;
}
