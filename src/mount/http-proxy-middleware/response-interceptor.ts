import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { ProxyResponse } from './proxy-response.ts';

/** Makes the body for the client of the target's, which is decompressed. */
export type Interceptor<TReq extends IncomingMessage, TRes extends ServerResponse> = InterceptorShape<
  TReq,
  TRes
>['intercept'];

/** A method, so that an interceptor whose parameters have Node's types is one. */
interface InterceptorShape<TReq extends IncomingMessage, TRes extends ServerResponse> {
  intercept(
    body: Buffer,
    proxyResponse: ProxyResponse,
    request: TReq,
    response: TRes,
  ): Promise<Buffer | string> | Buffer | string;
}

/**
 * A listener to `proxyRes` that answers with what an interceptor makes of the target's body, for use with `selfHandleResponse: true`. The
 * body is held in memory.
 */
export function responseInterceptor<
  TReq extends IncomingMessage = IncomingMessage,
  TRes extends ServerResponse = ServerResponse,
>(
  interceptor: Interceptor<TReq, TRes>,
): (proxyResponse: ProxyResponse, request: TReq, response: TRes) => Promise<void> {
  return async (proxyResponse, request, response) => {
    const { statusCode, statusMessage } = proxyResponse;
    const bodyless = request.method?.toUpperCase() === 'HEAD' || statusCode === 204 || statusCode === 304;
    try {
      const body = await gather(bodyless ? proxyResponse : decompressed(proxyResponse));
      if (statusCode !== undefined) response.statusCode = statusCode;
      if (statusMessage !== undefined) response.statusMessage = statusMessage;
      copyHeaders(proxyResponse, response, bodyless);
      if (bodyless) {
        response.end();
        return;
      }
      const made = Buffer.from(await interceptor(body, proxyResponse, request, response));
      response.setHeader('content-length', made.length);
      response.end(made);
    } catch (error) {
      fail(response, error);
    }
  };
}

function decompressed(answer: ProxyResponse): Readable {
  const make = decoders[answer.headers['content-encoding']?.toLowerCase() ?? ''];
  if (make === undefined) return answer;
  const decoder = make();
  answer.on('error', (error) => decoder.destroy(error));
  return answer.pipe(decoder);
}

const decoders: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

async function gather(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

/** What is about the body as it came stays behind. */
const aboutTheBody = new Set(['content-encoding', 'transfer-encoding', 'trailer']);

/** @param bodyless then the length is that of a body that is not sent, and stays. */
function copyHeaders({ headers }: ProxyResponse, response: ServerResponse, bodyless: boolean): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || aboutTheBody.has(name)) continue;
    if (name === 'content-length' && !bodyless) continue;
    // Cookies of the target's domain become those of the app's.
    if (name === 'set-cookie' && Array.isArray(value))
      response.setHeader(
        name,
        value.map((cookie) => cookie.replace(/;\s*domain=[^;]*/i, '')),
      );
    else response.setHeader(name, value);
  }
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.statusCode = 502;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end('The answer of the service could not be processed.');
  process.emitWarning(error instanceof Error ? error : String(error));
}
