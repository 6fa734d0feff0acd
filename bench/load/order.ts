/** What a load generator is asked to do. */
export interface LoadOrder {
  readonly port: number;
  readonly path: string;
  readonly method: string;
  /** Octets of the request body; 0 is none. */
  readonly body: number;
  /** Headers besides Host and those about the body. */
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly newConnections?: boolean;
  /** Requests a second; absent: as many as are answered. */
  readonly rate?: number;
  /** How long it measures. */
  readonly seconds: number;
  /** Seconds at a fixed rate before that, so that the generator has warmed up itself; none when absent. */
  readonly warmUp?: number;
}

/** What a load generator reports. */
export interface LoadResult {
  /** Answered with 2xx. */
  readonly requests: number;
  /** Octets received, heads included. */
  readonly bytes: number;
  readonly seconds: number;
  /** Broken connections, time-outs, and answers that are not 2xx. */
  readonly errors: number;
  /** Latencies, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** At a fixed rate: how many requests were sent to warm up; they are in no other figure. */
  readonly warmUpRequests?: number;
  /** At a fixed rate: how late requests left because the generator was late, as the 99th percentile in milliseconds. */
  readonly lateness?: number;
  /** At a fixed rate: the share of one core that the generator used. */
  readonly share?: number;
}
