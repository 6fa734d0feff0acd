import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ResponseHead } from '../core/exchange.ts';
import type { HeaderList } from '../http/header-list.ts';

/** Whether somebody else has answered, or the client is gone: nothing of ours can be written any more. */
export function isAnswered(response: ServerResponse): boolean {
  return response.headersSent || response.writableEnded || response.destroyed;
}

/**
 * Writes the head of an answer through whatever the app has put around the response. What the app has set on it goes along where the
 * answer says nothing of that name; how the body is framed is said here alone.
 * @param length octets of the body that follows; −1 when not known.
 */
export function writeHead(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  head: ResponseHead,
  length: number,
  hasBody: boolean,
): void {
  for (const [name, values] of grouped(head.headers)) response.setHeader(name, values);
  const bodyless = head.status === 204 || head.status === 304;
  if (length >= 0 && !bodyless) response.setHeader('content-length', length);
  else if (response.hasHeader('content-length')) response.removeHeader('content-length');
  const chunked = hasBody && !bodyless && length < 0 && request.httpVersion !== '1.0';
  // Removed, it would close the connection: Node takes that for the wish to say neither.
  if (response.hasHeader('transfer-encoding')) {
    if (chunked) response.setHeader('transfer-encoding', 'chunked');
    else response.removeHeader('transfer-encoding');
  }
  // Node throws where a head announces trailers that cannot come.
  if (!chunked && response.hasHeader('trailer')) response.removeHeader('trailer');
  response.statusCode = head.status;
  response.writeHead(head.status);
}

/** Whether an answer has no end of its own, and must not wait for more of it. */
export function isEventStream({ headers }: ResponseHead): boolean {
  return /^text\/event-stream\b/i.test(headers.get('content-type') ?? '');
}

/** What makes a response that gathers what is written (as `compression` does) send it. */
export function flushOf(response: ServerResponse): (() => void) | undefined {
  if (!('flush' in response) || typeof response.flush !== 'function') return undefined;
  const { flush } = response as ServerResponse & { readonly flush: () => void };
  return () => {
    flush.call(response);
  };
}

/** The lines by name, as `setHeader` takes them, in the letter case of the first of each name. */
function grouped(headers: HeaderList): Iterable<[string, string | string[]]> {
  const groups = new Map<string, [string, string | string[]]>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    const group = groups.get(lower);
    if (group === undefined) groups.set(lower, [name, value]);
    else group[1] = [group[1], value].flat();
  }
  return groups.values();
}
