/** Whose fault an error is: the client's, the gateway's own, or the upstream's. */
export type ErrorSide = 'client' | 'gateway' | 'upstream';

interface ErrorKind {
  /** The HTTP status that the client is answered with. */
  readonly status: number;
  readonly side: ErrorSide;
  /** Whether the same request may succeed on another target or a fresh connection, provided that it is safe to send again. */
  readonly retryable: boolean;
  /** A sentence for the public, free of internals. */
  readonly sentence: string;
}

/**
 * Every way an exchange can fail. `docs/errors.md` lists the same codes; a test compares the two.
 */
export const errorKinds = {
  // The client's side.
  bad_request: kind(400, 'client', false, 'The request is not well-formed HTTP.'),
  bad_path: kind(400, 'client', false, 'The path contains characters or escapes that are not allowed.'),
  bad_host: kind(400, 'client', false, 'The Host header is missing or not valid.'),
  bad_framing: kind(400, 'client', false, 'The length of the request body is ambiguous or not valid.'),
  bad_body: kind(400, 'client', false, 'The request body is not well-formed.'),
  route_not_found: kind(404, 'client', false, 'No route matches this request.'),
  method_not_allowed: kind(405, 'client', false, 'This method is not allowed.'),
  request_timeout: kind(408, 'client', false, 'The request did not arrive in time.'),
  body_too_large: kind(413, 'client', false, 'The request body is larger than allowed.'),
  target_too_long: kind(414, 'client', false, 'The request target is longer than allowed.'),
  expectation_failed: kind(417, 'client', false, 'The expectation in the Expect header cannot be met.'),
  upgrade_refused: kind(426, 'client', false, 'This upgrade is not supported here.'),
  headers_too_large: kind(431, 'client', false, 'The request headers are larger or more than allowed.'),
  client_aborted: kind(499, 'client', false, 'The client closed the connection before it was answered.'),
  response_write_timeout: kind(499, 'client', false, 'The client did not read the answer in time.'),
  method_not_implemented: kind(501, 'client', false, 'This method is not implemented.'),
  transfer_coding_not_implemented: kind(501, 'client', false, 'This transfer coding is not implemented.'),
  version_not_supported: kind(505, 'client', false, 'This version of HTTP is not supported.'),
  // The gateway's own.
  policy_failed: kind(500, 'gateway', false, 'The gateway could not process this request.'),
  internal: kind(500, 'gateway', false, 'The gateway could not process this request.'),
  overloaded: kind(503, 'gateway', false, 'The gateway is busy; try again in a moment.'),
  loop_detected: kind(508, 'gateway', false, 'The request came round in a loop.'),
  exchange_timeout: kind(504, 'gateway', false, 'The request could not be completed in time.'),
  // The upstream's side.
  upstream_busy: kind(503, 'upstream', false, 'The service is busy; try again in a moment.'),
  upstream_unavailable: kind(503, 'upstream', false, 'The service is not available.'),
  upstream_connect_failed: kind(502, 'upstream', true, 'The service could not be reached.'),
  upstream_connect_timeout: kind(504, 'upstream', true, 'The service could not be reached in time.'),
  upstream_closed: kind(502, 'upstream', true, 'The service closed the connection before it answered.'),
  upstream_headers_timeout: kind(504, 'upstream', false, 'The service did not answer in time.'),
  upstream_body_timeout: kind(504, 'upstream', false, 'The service stopped answering.'),
  upstream_body_broken: kind(502, 'upstream', false, 'The answer of the service broke off.'),
  upstream_malformed: kind(
    502,
    'upstream',
    false,
    'The service gave an answer that is not well-formed HTTP.',
  ),
} as const satisfies Readonly<Record<string, ErrorKind>>;

/** The code of a {@link GatewayError}. */
export type ErrorCode = keyof typeof errorKinds;

/** The one error class of the data path. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  /** What happened, for the log; never shown to a client. */
  readonly detail: string;

  /**
   * @param code one of the closed list.
   * @param detail what happened, for the log.
   */
  constructor(code: ErrorCode, detail: string, options?: { cause?: unknown }) {
    super(`${code}: ${detail}`, options);
    this.code = code;
    this.detail = detail;
  }

  get status(): number {
    return errorKinds[this.code].status;
  }

  get side(): ErrorSide {
    return errorKinds[this.code].side;
  }

  get retryable(): boolean {
    return errorKinds[this.code].retryable;
  }

  get sentence(): string {
    return errorKinds[this.code].sentence;
  }
}

function kind(status: number, side: ErrorSide, retryable: boolean, sentence: string): ErrorKind {
  return { status, side, retryable, sentence };
}
