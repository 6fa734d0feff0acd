/** One line of a head: the name as it was sent, and the value. */
export type HeaderLine = readonly [name: string, value: string];

/** A request as a target got it. */
export interface SentRequest {
  /** The name of the upstream. */
  readonly upstream: string;
  /** `host:port` */
  readonly target: string;
  /** Method and path with query, as they stood on the wire. */
  readonly line: string;
  readonly headers: readonly HeaderLine[];
  readonly body: string;
}

/** What became of one request. */
export interface Observation {
  /** The name of the route; null when none matched. */
  readonly route: string | null;
  /** The policies that ran, in order, as far as they were reached. */
  readonly policies: readonly string[];
  /** `target`, `gateway` or the name of a policy. */
  readonly answeredBy: string;
  readonly consumer: string | undefined;
  /** The code of the error or of a policy's refusal. */
  readonly error: string | undefined;
  /** What the error was about, in words. */
  readonly detail: string | undefined;
  /** Every request that left for it, in order. */
  readonly sent: readonly SentRequest[];
  readonly status: number;
  readonly headers: readonly HeaderLine[];
  readonly body: string;
  /** What a policy wanted from other servers that the file has no answer for: method and URL. */
  readonly unanswered: readonly string[];
  /** What the gateway's log warned of meanwhile, a line each. */
  readonly failures: readonly string[];
}
