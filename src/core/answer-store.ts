/** The head of an answer that is kept. Everything about it that is asked on a hit is worked out when it is stored. */
export interface StoredHead {
  readonly status: number;
  /** The lines that are kept, in order. */
  readonly lines: readonly (readonly [name: string, value: string])[];
  /** Milliseconds since the epoch when its age was {@link initialAge}. */
  readonly responseTime: number;
  /** Seconds that it had been on its way when it came (RFC 9111 §4.2.3, corrected_initial_age); may be Infinity. */
  readonly initialAge: number;
  /** Seconds for which it is fresh (RFC 9111 §4.2.1). */
  readonly lifetime: number;
  /** It is used only after its target has confirmed it (`no-cache`). */
  readonly alwaysValidate: boolean;
  /** Once stale, never (`must-revalidate`, `proxy-revalidate`, or `s-maxage` without a word on staleness). */
  readonly neverStale: boolean;
  /** Seconds behind its lifetime in which it is used while it is fetched again, and in which it stands in for errors (RFC 5861). */
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  /** Whether it may answer a request with credentials (RFC 9111 §3.5). */
  readonly forCredentials: boolean;
  readonly etag: string | undefined;
  /** As the line says. */
  readonly lastModified: string | undefined;
  /** Field names of its `Vary`, in lower case, and what the request had there, normalised. */
  readonly vary: readonly (readonly [name: string, value: string])[];
  /** The words of `Cache-Tag` and `Surrogate-Key`, in lower case. */
  readonly tags: readonly string[];
  /** Which part of the whole it is, when it is a part (206). */
  readonly part: { readonly first: number; readonly last: number; readonly length: number } | undefined;
}

/** What an answer was for, as far as it can be purged by it. */
export interface AnswerPlace {
  /** The route's name. */
  readonly route: string;
  /** In lower case, with the port if one was named. */
  readonly host: string;
  /** Canonical. */
  readonly path: string;
  /** With its `?`, or ''. */
  readonly query: string;
}

/** An answer that is kept. Nothing in it is ever changed: what is updated is another one. */
export interface StoredAnswer {
  readonly head: StoredHead;
  readonly body: Uint8Array;
  readonly place: AnswerPlace;
  /** Milliseconds since the epoch when its request was sent: a purge after that means it too. */
  readonly requestTime: number;
}

/** What is purged; each means all variants of what it names. */
export type Purge =
  | { readonly kind: 'all' }
  | { readonly kind: 'route'; readonly route: string }
  /** A host, or any when undefined, and a path with its query: exactly this one. */
  | { readonly kind: 'url'; readonly host: string | undefined; readonly path: string }
  | { readonly kind: 'prefix'; readonly host: string | undefined; readonly path: string }
  | { readonly kind: 'tag'; readonly tag: string };

/** Where answers are kept: in this process, and behind that perhaps in a store that several machines share. */
export interface AnswerStore {
  /**
   * The variants that are kept under a key, the latest first. What has been purged is not among them.
   * Synchronous where the answer is at hand; a promise never rejects: a store that fails has nothing.
   */
  get(key: string): readonly StoredAnswer[] | Promise<readonly StoredAnswer[]>;
  /**
   * Keeps an answer, in place of the variant with the same selecting headers and part. Dropped when it was purged since it was asked for, or
   * is too large.
   * @param secondsOfUse how long it can be of any use.
   */
  put(key: string, answer: StoredAnswer, secondsOfUse: number): void;
  /** Drops all variants under a key: here, and on other machines. Answers that were asked for before this are not kept any more. */
  invalidate(key: string, place: AnswerPlace): void;
  /** Drops all that a purge names, here and on other machines; resolves when that is certain, or rejects when it is not. */
  purge(purge: Purge): Promise<void>;
  /** The largest body that is kept, in octets. */
  readonly largestBody: number;
}
