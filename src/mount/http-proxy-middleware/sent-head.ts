import type { IncomingMessage } from 'node:http';
import { isFieldName, isFieldValue } from '../../http/field.ts';
import { bodyReadBefore } from '../parsed-body.ts';
import type { RequestDraft } from './proxy-request.ts';

/** The body, where it does not flow from the request by itself. */
export function bodyOf(request: IncomingMessage, draft: RequestDraft): Uint8Array | undefined {
  const { written } = draft;
  if (written === undefined) return bodyReadBefore(request);
  if (
    request.readableEnded ||
    (request.headers['transfer-encoding'] === undefined && !Number(request.headers['content-length']))
  )
    return written;
  throw new TypeError(
    '[waygate] a listener to proxyReq has written a body, and that of the request has not been read: put a body parser in front of the proxy',
  );
}

/**
 * The head as it would stand on the wire, for the gateway's own reader.
 * @throws TypeError for a path, or a header, that cannot be sent.
 */
export function headFor(draft: RequestDraft, request: IncomingMessage, body: Uint8Array | undefined): string {
  const { method, path } = draft;
  if (/[^\u0021-\u007e]/.test(path))
    throw Object.assign(new TypeError('the path for the target contains unescaped characters'), {
      code: 'ERR_UNESCAPED_CHARACTERS',
    });
  for (const [name, value] of Object.entries(draft.getHeaders()))
    for (const line of [value].flat())
      if (!isFieldName(name) || !isFieldValue(String(line)))
        throw Object.assign(
          new TypeError(`the header ${JSON.stringify(name.slice(0, 100))} cannot be sent`),
          {
            code: 'ERR_INVALID_CHAR',
          },
        );
  const { 'transfer-encoding': coding, 'content-length': length } = request.headers;
  let framing = '';
  if (body !== undefined)
    framing =
      body.length > 0 || (length !== undefined && method === request.method)
        ? `content-length: ${body.length}\r\n`
        : '';
  else if (coding !== undefined) framing = 'transfer-encoding: chunked\r\n';
  else if (length !== undefined) framing = `content-length: ${length}\r\n`;
  return `${method} ${path} HTTP/1.1\r\n${draft.seal()}${framing}\r\n`;
}
