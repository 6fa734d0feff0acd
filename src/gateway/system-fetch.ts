import type { Fetch } from '../core/fetch.ts';

/** Fetches over the network. Only what is asked for is sent: no cookies, no credentials, no referrer. */
export const systemFetch: Fetch = async (url, { timeout, maxBytes, method = 'GET', headers, body: sent }) => {
  const response = await fetch(url, {
    redirect: 'manual',
    credentials: 'omit',
    method,
    headers: [...(headers ?? [['accept', 'application/json, */*;q=0.1']])].map(([name, value]) => [
      name,
      value,
    ]),
    ...(sent === undefined ? {} : { body: sent }),
    signal: AbortSignal.timeout(timeout),
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (response.body !== null) {
    // Leaving the loop cancels the body, and with it the connection. What is counted is what remains after decompression.
    const body: AsyncIterable<Uint8Array> = response.body;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > maxBytes) throw new RangeError(`the answer is larger than ${maxBytes} octets`);
      chunks.push(chunk);
    }
  }
  return { status: response.status, headers: [...response.headers], body: Buffer.concat(chunks) };
};
