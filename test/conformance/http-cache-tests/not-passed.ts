/** Tests of the suite that are not passed for one reason. */
interface NotPassed {
  readonly tests: readonly string[];
  /** Why, for `docs/caching.md`. */
  readonly why: string;
}

/** Why tests are not passed, with the options of `measured.ts` that fare best. */
export const notPassed: readonly NotPassed[] = [
  {
    tests: ['headers-store-Set-Cookie', '304-etag-update-response-Set-Cookie'],
    why: '`Set-Cookie` is never stored: a cookie is meant for one client, and this is the mistake by which caches have given away sessions. RFC 9111 §7.3 leaves it to the cache.',
  },
  {
    tests: ['headers-store-Set-Cookie2', '304-etag-update-response-Set-Cookie2'],
    why: 'The same for its predecessor, which RFC 6265 has made obsolete.',
  },
  {
    tests: ['304-etag-update-response-ETag'],
    why: 'Its 304 names another entity-tag than the one that was asked about. Such a 304 must not update what is stored (RFC 9111 §4.3.4): Waygate drops that, and the next request fetches the answer anew.',
  },
  {
    tests: ['headers-store-Transfer-Encoding'],
    why: 'The service answers with a transfer coding that nobody knows. Waygate cannot tell where such a body ends, and answers 502 (RFC 9112 §6.1).',
  },
  {
    tests: ['age-parse-prefix'],
    why: 'It wants `Age: 0,7200` to be taken for 0, while its neighbours want `Age: 0, 0` and `Age: 3600, 3600` to be taken for too old, and so does its own title. An `Age` that is not one number is one whose truth nobody knows: the answer counts as stale.',
  },
  {
    tests: [
      ...['stale-close-must-revalidate', 'stale-close-proxy-revalidate'],
      ...['stale-close-no-cache', 'stale-close-s-maxage=2'],
    ],
    why: 'What they ask for holds: a stale answer is not used where that is forbidden. But the service has cut the connection, and the tests want 200 with its own count of requests in it, which no proxy can know. Waygate answers 502.',
  },
  {
    tests: ['conditional-lm-fresh-no-lm'],
    why: 'It wants 304 for an `If-Modified-Since` that lies before the `Date` of an answer without `Last-Modified`. By RFC 9111 §4.3.2 that date stands for the missing one, and the answer is newer: the client has to get it.',
  },
  {
    tests: [
      ...['partial-store-partial-reuse-partial', 'partial-store-partial-reuse-partial-absent'],
      ...['partial-store-partial-reuse-partial-byterange', 'partial-store-partial-reuse-partial-suffix'],
    ],
    why: 'Their `Content-Range` says six octets, their body has five. Nobody knows which are missing, and such a part is not kept.',
  },
  {
    tests: ['partial-store-partial-complete'],
    why: 'It wants the rest of a stored part to be fetched, where the part has no entity-tag: the two might be of different versions, and RFC 9110 §15.3.7.3 does not allow to join them.',
  },
];

/** Why more are not passed without any options. */
export const notPassedWithoutOptions: readonly NotPassed[] = [
  {
    tests: [
      ...['heuristic-200-cached', 'heuristic-203-cached', 'heuristic-204-cached', 'heuristic-404-cached'],
      ...['heuristic-405-cached', 'heuristic-410-cached', 'heuristic-414-cached', 'heuristic-501-cached'],
      'heuristic-599-cached',
    ],
    why: 'Without `heuristic: true` no lifetime is guessed.',
  },
  {
    tests: ['other-set-cookie'],
    why: 'Without `setCookie: strip` an answer with `Set-Cookie` is not kept at all.',
  },
];
