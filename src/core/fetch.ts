/** What a fetch may take before it fails. */
export interface FetchLimits {
  /** Milliseconds from the call to the last octet. */
  readonly timeout: number;
  /** The largest body, in octets. */
  readonly maxBytes: number;
}

/** An answer, its body read to the end. */
export interface FetchedAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/**
 * Gets a document from another server, such as the keys of an issuer. No redirect is followed: a 3xx is an answer as any other.
 * Certificates are verified. Rejects with an Error when there is no complete answer within the limits.
 */
export type Fetch = (url: string, limits: FetchLimits) => Promise<FetchedAnswer>;
