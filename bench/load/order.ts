/** What a load generator is asked to do. */
export interface LoadOrder {
  readonly port: number;
  readonly path: string;
  readonly method: string;
  /** Octets of the request body; 0 is none. */
  readonly body: number;
  readonly connections: number;
  readonly newConnections?: boolean;
  /** Requests a second; absent: as many as are answered. */
  readonly rate?: number;
  readonly seconds: number;
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
}
