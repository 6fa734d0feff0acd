import { GatewayError, type ErrorCode } from '../../core/errors.ts';

/** The codes that programs know from `node:http`, by those of the gateway. */
const nodeCodes: Partial<Record<ErrorCode, string>> = {
  upstream_connect_failed: 'ECONNREFUSED',
  upstream_connect_timeout: 'ETIMEDOUT',
  upstream_closed: 'ECONNRESET',
  upstream_headers_timeout: 'ECONNRESET',
  upstream_body_timeout: 'ECONNRESET',
  upstream_body_broken: 'ECONNRESET',
  upstream_malformed: 'HPE_INVALID_CONSTANT',
  client_aborted: 'ECONNRESET',
};

/** An error as listeners to `error` know it: with a `code` of Node's where there is one, and the gateway's error as its cause. */
export function asProxyError(error: unknown): Error & { readonly code?: unknown } {
  if (!(error instanceof GatewayError)) return error instanceof Error ? error : new Error(String(error));
  const { cause } = error;
  const code =
    cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
      ? cause.code
      : (nodeCodes[error.code] ?? error.code);
  const known = error.code === 'upstream_closed' || error.code === 'upstream_headers_timeout';
  const message = known ? 'socket hang up' : error.detail;
  return Object.assign(new Error(message, { cause: error }), { code });
}

/** The status that an error is answered with. */
export function statusOf(error: Error & { readonly code?: unknown }): number {
  const code = String(error.code);
  if (code.startsWith('HPE_INVALID')) return 502;
  if (code === 'ECONNRESET' || code === 'ENOTFOUND' || code === 'ECONNREFUSED' || code === 'ETIMEDOUT')
    return 504;
  return error.cause instanceof GatewayError ? error.cause.status : 500;
}
