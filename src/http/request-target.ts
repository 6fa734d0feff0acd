/** The parts of a request target, as received: nothing is decoded or made canonical yet. */
export interface RequestTarget {
  /** The authority of an absolute-form target, not yet checked (see `parseHost`); undefined for the other forms. */
  authority: string | undefined;
  /** Begins with `/`, or is `*`. Pass it to `canonicalPath`. */
  path: string;
  /** What stands behind the first `?`; undefined when there is none. Only visible ASCII. */
  query: string | undefined;
}

/** An empty {@link RequestTarget} for {@link readRequestTarget} to fill. */
export function emptyRequestTarget(): RequestTarget {
  return { authority: undefined, path: '', query: undefined };
}

/**
 * Takes a request target apart: origin-form, absolute-form with `http` or `https`, and asterisk-form (RFC 9112 §3.2).
 * Whether `*` goes with the method is for the caller to check.
 *
 * @param target latin1, as received.
 * @returns undefined for what is to be refused: other forms and schemes, userinfo, a fragment, and a query with
 *   anything but visible ASCII.
 */
export function parseRequestTarget(target: string): RequestTarget | undefined {
  const out = emptyRequestTarget();
  return readRequestTarget(target, out) ? out : undefined;
}

/**
 * As {@link parseRequestTarget}, into an object that the caller keeps, so that nothing is allocated for a target
 * without a query. Says whether the target is good; `out` is not to be read when it is not.
 */
export function readRequestTarget(target: string, out: RequestTarget): boolean {
  if (target.charCodeAt(0) === 0x2f) {
    out.authority = undefined;
    return readPathAndQuery(target, 0, out);
  }
  out.query = undefined;
  if (target === '*') {
    out.authority = undefined;
    out.path = '*';
    return true;
  }
  return readAbsolute(target, out);
}

/** `scheme://authority/path?query`; an empty path is `/` (RFC 9110 §4.2.3). */
function readAbsolute(target: string, out: RequestTarget): boolean {
  const start = authorityStart(target);
  if (start === -1) return false;
  let end = start;
  for (; end < target.length; end++) {
    const code = target.charCodeAt(end);
    if (code === 0x2f || code === 0x3f) break;
    // Userinfo is to be treated as an error (RFC 9110 §4.2.4).
    if (code === 0x40 || code <= 0x20 || code >= 0x7f) return false;
  }
  if (end === start) return false;
  out.authority = target.slice(start, end);
  if (target.charCodeAt(end) === 0x2f) return readPathAndQuery(target, end, out);
  if (!readPathAndQuery(target, end, out)) return false;
  out.path = '/';
  return true;
}

/** The index behind `http://` or `https://`, in any case, or −1. */
function authorityStart(target: string): number {
  const at = target.indexOf('://');
  if (at !== 4 && at !== 5) return -1;
  const scheme = target.slice(0, at).toLowerCase();
  return scheme === 'http' || scheme === 'https' ? at + 3 : -1;
}

function readPathAndQuery(target: string, start: number, out: RequestTarget): boolean {
  if (target.includes('#')) return false;
  const mark = target.indexOf('?', start);
  if (mark === -1) {
    out.path = start === 0 ? target : target.slice(start);
    out.query = undefined;
    return true;
  }
  for (let i = mark + 1; i < target.length; i++) {
    const code = target.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  out.path = target.slice(start, mark);
  out.query = target.slice(mark + 1);
  return true;
}
