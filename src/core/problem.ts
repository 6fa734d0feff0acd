import { statusText } from '../http/status-text.ts';
import type { GatewayError } from './errors.ts';
import type { Reply } from './exchange.ts';

/** What an error answer says. */
export interface Problem {
  /** The HTTP status, 400 to 599. */
  readonly status: number;
  /** What kind of problem it is: the status's own phrase unless told otherwise (RFC 9457 §4.2.1, `about:blank`). */
  readonly title?: string;
  /** A sentence for whoever reads the answer, free of internals. */
  readonly detail?: string;
  /** A word for programs: stable, lower case, words joined by `_`. */
  readonly code: string;
  /** What else programs may want to know (RFC 9457 §3.2), behind the members that all problems have. */
  readonly members?: Readonly<Record<string, string>>;
  /** Further lines, such as `['retry-after', '1']`. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** A client may try again in a second when the gateway or a service is busy. */
const retryAfter = [['retry-after', '1']] as const;

/**
 * An error answer in the one shape that all of the gateway's have: `application/problem+json` (RFC 9457) with the members
 * `title`, `status`, `detail`, `code` and `requestId`, in this order; `type` is left out, which means `about:blank`.
 * Caches must not keep it.
 * @param exchange or anything else that has the id to show.
 */
export function problemReply(
  problem: Problem,
  exchange: { readonly id: string },
): Reply & { readonly body: string } {
  const { status, code } = problem;
  const title = problem.title ?? (statusText(status) || `Status ${status}`);
  return {
    status,
    code,
    headers: [
      ['content-type', 'application/problem+json'],
      // 404, 405, 410, 414 and 501 could be stored without being told so (RFC 9110 §15.1).
      ['cache-control', 'no-store'],
      ...(problem.headers ?? []),
    ],
    body: JSON.stringify({
      title,
      status,
      detail: problem.detail,
      code,
      requestId: exchange.id,
      ...problem.members,
    }),
  };
}

/**
 * The answer for an error of the data path: its public sentence, never its detail. What is worth another try in a moment
 * says so with `Retry-After` (RFC 9110 §10.2.3).
 * @param id the exchange's.
 */
export function problemOf(error: GatewayError, id: string): Reply {
  const { status, sentence: detail, code } = error;
  const problem = { status, detail, code };
  return problemReply(status === 503 ? { ...problem, headers: retryAfter } : problem, { id });
}
