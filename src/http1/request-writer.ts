import type { HeaderList } from '../http/header-list.ts';

/** A request as it leaves for a target, without its Host, which depends on the target. */
export interface RequestLines {
  readonly method: string;
  readonly path: string;
  readonly query: string | undefined;
  readonly headers: HeaderList;
  /** Octets of the body, −1 for chunked, 0 for none. */
  readonly length: number;
  /** Lines of ours, each with its CRLF. */
  readonly added: string;
}

/**
 * A request head as text, with the empty line. The caller has seen to it that a Content-Length among the headers is the
 * length given here, and that there is none when the body is chunked (RFC 9112 §6).
 */
export function writeRequestHead(request: RequestLines, host: string): string {
  const { method, path, query, headers, length } = request;
  const target = query === undefined ? path : `${path}?${query}`;
  let text = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${headers.serialize()}`;
  if (length < 0) text += 'Transfer-Encoding: chunked\r\n';
  // RFC 9110 §8.6: methods that expect a body say that there is none.
  else if (length > 0 || method === 'POST' || method === 'PUT' || method === 'PATCH') {
    if (!headers.has('content-length')) text += `Content-Length: ${length}\r\n`;
  }
  return `${text}${request.added}\r\n`;
}
