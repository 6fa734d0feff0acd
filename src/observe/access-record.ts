/** What the access log says of one exchange. Texts are as received: the log escapes and masks what it writes. */
export interface AccessRecord {
  /** When the request head was complete, in milliseconds since the epoch. */
  readonly time: number;
  /** The exchange's id; '' when the request was refused before it had one. */
  readonly id: string;
  readonly clientIp: string;
  readonly method: string;
  readonly host: string;
  /** The canonical path, or the raw target of a request that was refused before it had one. */
  readonly path: string;
  /** What stands behind the `?`, as received; only written when the log was made with `query: true`, secrets masked. */
  readonly query: string | undefined;
  readonly httpVersion: string;
  /** The route's name; '' when none matched. */
  readonly route: string;
  /** The status sent to the client; 0 when none was. */
  readonly status: number;
  /** Milliseconds from the complete request head to the last byte handed to the socket. */
  readonly duration: number;
  /** Milliseconds from choosing a target to its complete response head. */
  readonly upstreamDuration: number | undefined;
  /** The target that answered or was tried last, as `host:port`. */
  readonly target: string | undefined;
  /** Body octets received from the client. */
  readonly requestBytes: number;
  /** Body octets sent to the client. */
  readonly responseBytes: number;
  /** How many targets or connections were tried. */
  readonly attempts: number;
  /** Who was asking, once a policy established it. */
  readonly consumer: string | undefined;
  /** The code of what went wrong, or of a policy's refusal. */
  readonly error: string | undefined;
  /** The policy that refused the request, when one did. */
  readonly policy: string | undefined;
  /** What happened, in words, when `error` is set. */
  readonly detail: string | undefined;
  readonly userAgent: string | undefined;
}
