/** What a fetch may take before it fails. */
export interface FetchLimits {
  /** Milliseconds from the call to the last octet. */
  readonly timeout: number;
  /** The largest body, in octets. */
  readonly maxBytes: number;
}

/** What is asked, where it is more than for a document. */
export interface FetchRequest extends FetchLimits {
  /** Without it: GET. */
  readonly method?: string;
  /** Names in any case. Without them: `Accept` for JSON. */
  readonly headers?: Iterable<readonly [name: string, value: string]>;
  readonly body?: string | Uint8Array;
}

/** An answer, its body read to the end. */
export interface FetchedAnswer {
  readonly status: number;
  /** The header lines in order, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/**
 * Gets a document from another server, such as the keys of an issuer, or asks it something. No redirect is followed: a 3xx is an
 * answer as any other. Certificates are verified. Rejects with an Error when there is no complete answer within the limits.
 * Ask only what may be asked twice: it is sent again when a connection at rest turns out to have been closed.
 */
export type Fetch = (url: string, request: FetchRequest) => Promise<FetchedAnswer>;
