import { request, type Agent, type IncomingMessage } from 'node:http';

/** What the suite hands to a fetch. */
interface Asked {
  readonly method?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

/**
 * A `fetch` that sends exactly what it is told and follows nothing: the one built in has a cache mode, adds header lines of its own
 * and refuses others.
 */
export function plainFetch(agent: Agent): (url: string, init?: Asked) => Promise<Response> {
  return async (url, { method = 'GET', headers = [], body } = {}) => {
    const { hostname, port, pathname, search } = new URL(url);
    const lines = [['Host', `${hostname}:${port}`], ...headers];
    if (body !== undefined) lines.push(['Content-Length', String(Buffer.byteLength(body))]);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const message = request(
        { agent, host: hostname, port, path: pathname + search, method, headers: lines.flat() },
        resolve,
      );
      message.on('error', reject);
      message.end(body);
    });
    const text = Buffer.concat(await answer.toArray()).toString();
    const answered = new Headers();
    const raw = answer.rawHeaders;
    for (let i = 0; i + 1 < raw.length; i += 2) answered.append(raw[i] ?? '', raw[i + 1] ?? '');
    const status = answer.statusCode ?? 0;
    // Not `new Response`: that refuses the status 999 by which the suite's server says what it missed.
    return {
      status,
      statusText: answer.statusMessage ?? '',
      headers: answered,
      text: () => Promise.resolve(text),
    };
  };
}

/** As much of a `Response` as the suite reads. */
export interface Response {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  text(): Promise<string>;
}
